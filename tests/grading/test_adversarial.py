"""A class of honest, broken and hostile submissions: each gets exactly what it deserves.

They are graded several at a time, as a real class is, with innocent ones in between. Nobody else's
result changes, nothing is left behind, and no student reads what hidden tests ask.
"""

import contextlib
import csv
import itertools
import os
import re
import sys
import tempfile
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mlcourse.grading import manual
from mlcourse.grading.bank import CodeQuestion, load_lab
from mlcourse.grading.batch import grade_all
from mlcourse.grading.feedback import FOLDER, write_feedback
from mlcourse.grading.gradebook import RESULTS, Gradebook, Member, columns, load, save
from mlcourse.grading.grades import write_grades
from mlcourse.grading.judge import Judge
from mlcourse.grading.notebook import MAX_NOTES
from mlcourse.grading.report import write_report
from mlcourse.grading.sandbox import MIB, Limits
from mlcourse.grading.submissions import collect
from mlcourse.grading.tables import FORMULA
from tests.grading import (
    corpus_files,
    corpus_honest,
    corpus_output,
    corpus_resources,
    corpus_tampering,
)
from tests.grading.corpus import FULL, MARK, RIGHT, cell, notebook, perfect_but

LAB = Path(__file__).with_name("corpus_lab.py")
LIMITS = Limits(call=1.0, cell=1.0, total=20, memory=1024 * MIB)
HARMLESS = [*corpus_honest.ENTRIES, *corpus_files.ENTRIES]
HOSTILE = [*corpus_resources.ENTRIES, *corpus_tampering.ENTRIES, *corpus_output.ENTRIES]
INNOCENT = [e for e in HARMLESS if e.name in ("perfect", "over the batch", "overflows")]
# What students may call themselves, before a number.
NAMES = ("=1+", "<img src=x onerror=alert(1)>", "@SUM", "-", "+", "'", "\u202e", "a b ")


def in_between(hostile, innocent, every=3):
    """Return both, with one who is innocent after each ``every`` who are not.

    Four are graded at a time, so that whoever is hostile runs beside one who is not.
    """
    for number, entry in enumerate(hostile):
        yield entry
        if number % every == 0:
            yield next(innocent)


ENTRIES = [
    *HARMLESS,
    *in_between(HOSTILE, itertools.cycle(INNOCENT)),
    *INNOCENT,
]
IDS = [f"{number}-{entry.name}" for number, entry in enumerate(ENTRIES)]


@pytest.fixture(scope="module")
def judge():
    return Judge(load_lab(LAB), seed=99, limits=LIMITS)


def outside():
    """Return what this process and this machine hold: open files, children, temporary files."""
    files = len(os.listdir("/proc/self/fd"))
    children = [
        child
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    marked = [name for name in os.listdir(tempfile.gettempdir()) if MARK in name]
    return files, children, marked


@pytest.fixture(scope="module")
def graded(judge, tmp_path_factory):
    """Grade all; return the folder, the class, and what was outside before and after."""
    folder = tmp_path_factory.mktemp("corpus")
    source, out = folder / "submissions", folder / "grades"
    for number, entry in enumerate(ENTRIES):
        place = source / f"{NAMES[number % len(NAMES)]}{number:04}"
        place.mkdir(parents=True)
        (place / "lab99.ipynb").write_bytes(entry.content)
    found = sorted(collect(source, "lab99").submissions, key=lambda s: int(s.name[-4:]))
    members = tuple(
        Member(s.student, s.name, s.system, s.identifier, s.file, s.late, s.feedback, s.notes, 0.0)
        for s in found
    )
    lab = judge.lab
    book = Gradebook(
        lab.name, lab.title, lab.chapter, columns(lab), lab.digest, judge.seed, judge.isolation,
        0.0, members, (),
    )  # fmt: skip
    judge.grade(INNOCENT[0].content)  # what is opened once stays open
    before = outside()
    (out / RESULTS).mkdir(parents=True)
    save(book, out)
    grade_all(found, judge, out, jobs=4)
    after = outside()
    book, _ = manual.merge(load(out), out)
    write_grades(book, out)
    write_feedback(book, out)
    write_report(book, out)
    manual.write_page(book, out)
    return out, book, before, after


def earned(result):
    return {answer.question: answer.earned for answer in result.answers}


@pytest.mark.parametrize("number", range(len(ENTRIES)), ids=IDS)
def test_it_gets_what_it_deserves(graded, number):
    entry, result = ENTRIES[number], graded[1].members[number].result
    assert (result.status, bool(result.why)) == (entry.status, entry.status == "unreadable")
    if entry.exact:
        assert earned(result) == entry.deserves
    else:
        for question, points in earned(result).items():
            assert (points or 0) <= (entry.deserves[question] or 0)


def test_the_corpus_is_large_enough():
    assert len(HARMLESS) >= 80
    assert len(HOSTILE) >= 150
    assert len({entry.name for entry in HARMLESS + HOSTILE}) == len(HARMLESS + HOSTILE)


@pytest.mark.parametrize("entry", INNOCENT, ids=lambda entry: entry.name)
def test_neighbours_change_nothing(graded, judge, entry):
    alone = judge.grade(entry.content).to_json()
    members = [m for m, e in zip(graded[1].members, ENTRIES, strict=True) if e is entry]
    assert len(members) > 15
    for member in members:
        assert {**member.result.to_json(), "seconds": 0} == {**alone, "seconds": 0}


def test_nothing_is_left_behind(graded):
    _, _, before, after = graded
    assert after == before
    left = []
    for name in Path("/proc").glob("[0-9]*/task/*/comm"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            left += [name] if name.read_text().strip() == MARK[:15] else []
    assert left == []


class Tags(HTMLParser):
    """Collects the tags of a page and what could run."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.active = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            far = name in ("src", "href") and not (value or "").startswith(("#", "data:image/png;"))
            if name.startswith("on") or name == "style" or far:
                self.active.append((tag, name, value))


def test_no_page_runs_or_fetches_anything(graded):
    out = graded[0]
    pages = [*out.glob("*.html"), *(out / FOLDER).glob("*.html")]
    assert len(pages) == len(ENTRIES) + 2
    for page in pages:
        found = Tags(page.read_text("utf-8"))
        assert not found.tags & {"script", "iframe", "object", "embed", "base", "form", "link"}
        assert found.active == []


def test_no_table_holds_a_formula(graded):
    for path in graded[0].glob("*.csv"):
        with open(path, encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    assert not cell.startswith(FORMULA) or cell == "-", (path.name, cell[:60])


def hidden_numbers(judge):
    """Return the first digits of all numbers that hidden tests send or expect."""
    values = []
    for question in judge.lab.questions:
        if isinstance(question, CodeQuestion):
            for part in question.parts:
                if part.hidden and part.draw:
                    drawn = question.draw(part, judge.seed)
                    values += [d.case.steps for d in drawn]
                    if question.accuracy is None:
                        values += [o.value for o in judge.lab.outcomes(question, drawn)]
    numbers = set()

    def collect_numbers(value):
        if isinstance(value, list | tuple | dict):
            for item in value.values() if isinstance(value, dict) else value:
                collect_numbers(item)
        elif isinstance(value, np.ndarray | float):
            numbers.update(f"{x:.8f}"[:7] for x in np.abs(np.ravel(value)) if x % 1)

    collect_numbers(values)
    return numbers


def test_no_student_reads_what_hidden_tests_ask(graded, judge):
    numbers = hidden_numbers(judge)
    assert len(numbers) > 200
    secrets = re.compile("secret_|" + "|".join(map(re.escape, sorted(numbers))))
    told = [
        (graded[0] / FOLDER / f"{m.student}.html").read_text("utf-8") for m in graded[1].members
    ]
    # That the search would find them: instructors may read more.
    assert len(secrets.findall((graded[0] / "results.json").read_text("utf-8"))) > 500
    for member, page in zip(graded[1].members, told, strict=True):
        assert secrets.findall(page) == [], member.name


def test_no_student_reads_of_another_or_of_this_machine(graded, tmp_path_factory):
    out, book, _, _ = graded
    here = (str(tmp_path_factory.getbasetemp()), str(LAB.parents[2]), sys.prefix)
    for number, member in enumerate(book.members):
        page = (out / FOLDER / f"{member.student}.html").read_text("utf-8")
        assert [place for place in here if place in page] == []
        assert escape(member.name) in page
        assert escape(book.members[number - 1].name) not in page


@pytest.fixture(scope="module")
def helping():
    """Return a judge that tries a wrong answer again with right answers to what it calls."""
    lab = load_lab(LAB)
    lab["cross_entropy"].uses = ("softmax",)
    return Judge(lab, seed=99, limits=LIMITS)


LAZY = "def cross_entropy(Z, y): return "
TELL = "repr([softmax.__code__.co_consts, softmax.__code__.co_names, softmax(Z).tolist()])"


@pytest.mark.parametrize(
    ("source", "deserves"),
    [
        (RIGHT["cross_entropy"], 2),
        (LAZY + "softmax(Z)", 0),
        (LAZY + "softmax(Z)[:, 0].sum(), Z", 0),
        (LAZY + TELL, 0),
        (f"def cross_entropy(Z, y): raise ValueError({TELL})", 0),
        (f"def cross_entropy(Z, y): raise type({TELL}, (Exception,), {{}})()", 0),
        ("def cross_entropy(Z, y):\n    while abs(softmax(Z).sum() - len(Z)) < 1e-9: pass", 0),
        ("import os\ndef cross_entropy(Z, y):\n    if abs(softmax(Z).sum() - len(Z)) < 1e-9:"
         " os._exit(0)", 0),
        (f"def cross_entropy(Z, y):\n    global why\n    why = {TELL}", 0),
    ],
)  # fmt: skip
def test_right_answers_to_others_help_nobody_who_is_wrong(helping, source, deserves):
    lazy = perfect_but("", softmax="def softmax(Z): return Z", cross_entropy=source)
    result = helping.grade(lazy.content)
    assert earned(result) == {**FULL, "softmax": 0, "cross_entropy": deserves}
    told = [answer.text for answer in result.answers]
    told += [part.message + part.detail for answer in result.answers for part in answer.parts]
    told += [cell.error for cell in result.cells]
    # The student's own softmax knows neither: it would be the right one that speaks.
    assert not [text for text in told if "keepdims" in text or "0.0900305" in text]


def test_all_tries_together_have_the_time_of_one(helping):
    lazy = perfect_but("", softmax="def softmax(Z):\n    while True: pass")
    assert earned(helping.grade(lazy.content))["cross_entropy"] == 2
    hurried = Judge(helping.lab, seed=99, limits=replace(LIMITS, total=1.0))
    result = earned(hurried.grade(lazy.content))
    assert result["softmax"] == result["cross_entropy"] == 0


def test_modules_that_are_not_there_are_not_all_noted(judge):
    cells = [cell(f"import a{number}") for number in range(200)]
    assert len(judge.grade(notebook(cells)).notes) == MAX_NOTES

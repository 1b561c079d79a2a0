"""Marks that a person gives: a table to fill in, and the answers to read beside it.

``manual.csv`` in the folder of results has a row for each student and row of a rubric. What is
typed into it stays: grading again adds rows and changes none, and a row that cannot be used is
named and kept. ``marked.json`` remembers which answers the marks were given for, because a student
may hand in another one.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .gradebook import Column, Gradebook, Member, to_json, write
from .pages import code, items, page, paragraph, picture, points, text
from .result import Answer
from .submissions import listed
from .tables import PLAIN, as_written, dialect_of, read_table, table

TABLE = "manual.csv"
MARKED = "marked.json"
HEADER = ("student", "question", "rubric item", "max", "mark", "comment")
_TYPED = tuple(name for name in HEADER if name != "max")
_NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,6})?")

Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Row:
    """What is typed in a row of the table."""

    mark: str
    comment: str
    where: str


def numbered(column: Column) -> list[tuple[float, str]]:
    """Return the points and the text of each row of a rubric, numbered so that none is there twice.

    Examples
    --------
    >>> numbered(Column("why", "Why", "manual", 2, ((1, "the cause"), (1, "the cure"))))
    [(1, '1. the cause'), (1, '2. the cure')]
    """
    return [(points, f"{i}. {text}") for i, (points, text) in enumerate(column.rubric, start=1)]


def merge(book: Gradebook, out: Path, marks: Path | None = None) -> tuple[Gradebook, list[str]]:
    """Put what was marked into the results, and write the table again.

    Parameters
    ----------
    book : Gradebook
        The class.
    out : Path
        Folder of its results, whose own table is read.
    marks : Path, optional
        Another table; it is right where both have a mark.

    Returns
    -------
    book : Gradebook
        With the marks.
    faults : list of str
        Rows that cannot be used, with their file and line.

    Raises
    ------
    TableError
        If a table cannot be read.
    """
    own = out / TABLE
    dialect = dialect_of(own) if own.exists() else PLAIN
    typed: dict[Key, list[_Row]] = defaultdict(list)
    for path in filter(None, (own if own.exists() else None, marks)):
        for key, row in _read(path, book):
            typed[key].append(row)
    members, rows, faults = [], list[tuple[object, ...]](), list[str]()
    kept = _marked(out)
    for member in book.members:
        answers = {a.question: a for a in member.result.answers} if member.result else {}
        changed = []
        for column in book.columns:
            answer = answers.get(column.question)
            if answer is None or not to_mark(answer):
                continue
            given = []
            for most, item in numbered(column):
                key = (member.student, column.question, item)
                mark, shown, comment, wrong = _settle(typed.pop(key, []), most)
                rows.append((*key, most, shown, comment))
                faults += wrong
                given.append((mark, comment))
            marked = tuple((mark, comment) for mark, comment in given if mark is not None)
            if len(marked) == len(given):
                earned = sum(mark for mark, _ in marked)
                answers[column.question] = replace(answer, earned=earned, marks=marked)
            name = json.dumps([member.student, column.question])
            kept[name] = now = _remembered(kept.get(name), answer, given)
            if marked and now["marked"] != now["shown"]:
                changed.append(column.question)
        members.append(replace(_with_answers(member, answers), changed=tuple(changed)))
    students, elsewhere = {member.student for member in book.members}, set[str]()
    for key, left in typed.items():
        for row in left:
            rows.append((*key, None, row.mark, row.comment))
            if row.mark and key[0] in students:
                faults.append(f"{row.where}: there is nothing to mark for {', '.join(key)}")
            elif row.mark:
                elsewhere.add(key[0])
    if elsewhere:
        faults.append(
            f"{own}: marks for {len(elsewhere)} who are not in this class are kept and not used:"
            f" {listed(sorted(elsewhere))}"
        )
    if rows:
        write(own, table([HEADER, *rows], excel=True, dialect=dialect), durable=True)
        write(out / MARKED, to_json(kept), durable=True)
    return replace(book, members=tuple(members)), faults


def _marked(out: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((out / MARKED).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _remembered(
    before: dict[str, Any] | None, answer: Answer, given: list[tuple[float | None, str]]
) -> dict[str, Any]:
    """Return the answer that is shown now, that which was marked, and the marks.

    Marks that are new since the last time were given for the answer that was shown then.
    """
    said = json.dumps([answer.text, answer.pictures]).encode()
    now, marks = hashlib.sha256(said).hexdigest(), [list(pair) for pair in given]
    if before is None:
        marked = now
    else:
        marked = before["marked"] if before["marks"] == marks else before["shown"]
    return {"shown": now, "marked": marked, "marks": marks}


def check(path: Path) -> None:
    """Raise TableError if marks cannot be read from there."""
    read_table(path, _TYPED)


def to_mark(answer: Answer) -> bool:
    """Tell whether a person has to read this answer."""
    return bool(answer.rubric and (answer.text or answer.pictures))


def _with_answers(member: Member, answers: dict[str, Answer]) -> Member:
    if member.result is None:
        return member
    return replace(member, result=replace(member.result, answers=tuple(answers.values())))


def _read(path: Path, book: Gradebook) -> Iterator[tuple[Key, _Row]]:
    """Give the rows of a table in which something is typed."""
    header, rows = read_table(path, _TYPED)
    students = {member.student for member in book.members}
    # A spreadsheet takes a student number for a number and drops its zeros.
    bare = {student.lstrip("0"): student for student in students if student.isdecimal()}
    for line, cells in rows:
        student, question, item, mark, comment = (
            as_written(cells[header.index(name)]).strip() for name in _TYPED
        )
        if student not in students:
            student = bare.get(student, student)
        if mark or comment:
            yield (student, question, item), _Row(mark, comment, f"{path}, line {line}")


def _settle(rows: list[_Row], most: float) -> tuple[float | None, object, str, list[str]]:
    """Return the last mark that can be used, what to write for it, the comment, and the faults."""
    mark: float | None = None
    comment, faults = "", list[str]()
    for row in rows:
        comment = row.comment or comment
        found = _NUMBER.fullmatch(row.mark)
        number = float(row.mark.replace(",", ".")) if found else most + 1
        if number <= most:
            mark, faults = number, []
        elif row.mark:
            faults.append(f"{row.where}: the mark {row.mark!r} is no number from 0 to {most:g}")
    unusable = next((row.mark for row in reversed(rows) if row.mark), "")
    return mark, unusable if mark is None else mark, comment, faults


def next_step(out: Path) -> str:
    """Return the command that reads the marks, as it is to be typed."""
    return f".venv/bin/python -m mlcourse.grading feedback --out {shlex.quote(f'{out}/')}"


def write_page(book: Gradebook, out: Path) -> None:
    """Write the answers to mark, question by question, beside what points are given for."""
    parts = []
    for column in book.columns:
        if column.kind != "manual":
            continue
        found = [
            (member, answer)
            for member in book.members
            for answer in (member.result.answers if member.result else ())
            if answer.question == column.question and to_mark(answer)
        ]
        parts.append(f"<h2>{text(column.title)} ({text(column.question)})</h2>")
        parts.append(items(f"{text(what)} ({points(most)})" for most, what in numbered(column)))
        links = (f'<a href="#{_anchor(m, a)}">{text(m.student)}</a>' for m, a in found)
        parts.append(paragraph(", ".join(links)) if found else "")
        parts += [_answer_html(member, answer) for member, answer in found]
    if parts:
        head = [
            f"<h1>{text(book.title)}: answers to mark</h1>",
            paragraph(f"Type marks and comments into {TABLE}. Then run:"),
            code(next_step(out)),
        ]
        write(out / "manual.html", page(f"{book.title}: answers to mark", *head, *parts))


def _anchor(member: Member, answer: Answer) -> str:
    return f"{answer.question}-{quote(member.student, safe='')}"


def _answer_html(member: Member, answer: Answer) -> str:
    marked = answer.earned is not None
    state = paragraph(
        f"marked: {points(answer.earned or 0)}" if marked else "not marked yet", "quiet"
    )
    if answer.question in member.changed:
        state += paragraph(
            "The answer has changed since it was marked. Look again; this note goes when you change"
            " the mark or the comment.",
            "bad",
        )
    plots = [
        picture(png, f"Plot {number} of {member.student}")
        for number, png in enumerate(answer.pictures, start=1)
    ]
    return (
        f'<section id="{_anchor(member, answer)}"><h3>{text(member.student)}</h3>{state}'
        f"{code(answer.text, 20_000) if answer.text else ''}{''.join(plots)}</section>"
    )

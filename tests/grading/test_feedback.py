"""A page tells its student what to mend, and nothing that is not theirs to know."""

import base64
import hashlib
import re
import zipfile

import pytest

from tests.grading.classroom import CLASS, classroom, grade, notebook, run
from tests.grading.handed_in import put

STOPS = notebook(
    "base = 1 / 0\nscale = 3", "%pip install x\nstep = base + 1", "print(step)",
    "print(unheard_of)",
    "def double(x):\n    return x * scale",
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return the folder of a graded class with its feedback."""
    folder = classroom(tmp_path_factory.mktemp("class"))
    put(folder / "subs", "fay.ipynb", content=STOPS)
    put(folder / "subs", "gus/lab00.py", content=b"def double(x): ...")
    put(folder / "subs", "hal.ipynb", content=STOPS[:-40])
    (folder / "late.csv").write_text("student,days\nann,1\nben,2\n")
    done = grade(folder, "--late", "late.csv", "--late-penalty", "0.25")
    assert done.returncode == 1, done.stderr  # eve's is no notebook
    return folder / "grades"


def page(pages, student):
    return (pages / "feedback" / f"{student}.html").read_text("utf-8")


def shown(html):
    """Return the text of a page as a reader sees it, roughly."""
    body = html.partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def test_every_student_has_a_page(pages):
    assert len(list((pages / "feedback").glob("*.html"))) == len(CLASS) + 3


def test_a_wrong_answer_is_explained(pages):
    text = shown(page(pages, "ben"))
    assert "squares: right for 2 alone" in text
    assert "double(1.0): expected 2, got 1" in text
    assert "0.1 is the loss of something else" in text
    assert "To read again: chapter 3, Doubling" in text
    assert "1 of 8.5 points 2 of 8.5 points, less 1 because it came 2 days late." in text


def test_what_is_open_is_said(pages):
    ann = shown(page(pages, "ann"))
    assert "5 of 8.5 points so far" in ann
    assert "A person still has to mark a part of it." in ann
    assert "Explain waits for marks" in ann
    assert shown(page(pages, "cy")).count("not answered") >= 2
    eve = shown(page(pages, "eve"))
    assert "could not be graded. It has no points." in eve
    assert "the file is damaged in line 1" in eve


def test_first_causes_alone_are_told_and_cells_have_names(pages):
    text = shown(page(pages, "fay"))
    assert "The cell of base: ZeroDivisionError: division by zero (line 1)" in text
    assert "unheard_of" in text
    assert "Stopped only because a cell before them did: the cell of step" in text
    assert "&#x27;step&#x27;" not in text.partition("Stopped only")[2]
    assert "is not defined (the cell of double, line 2)" in text
    assert "the cell of step, line 1: &quot;%pip install x&quot; was not run" in text
    assert not re.search(r"cell \d", text)


def test_who_handed_in_no_notebook_reads_what_to_do(pages):
    gus, hal = shown(page(pages, "gus")), shown(page(pages, "hal"))
    assert "no notebook, only lab00.py Hand in the .ipynb notebook, not an export" in gus
    assert "the file is cut off in line 1 The file ends in the middle: was the upload" in hal


def test_hidden_tests_stay_hidden(pages):
    for path in (pages / "feedback").glob("*.html"):
        html = path.read_text("utf-8")
        for secret in ("secret_inputs", "secret_property", "987654", "1975308"):
            assert secret not in html, path.name


def test_nothing_of_this_machine_or_of_others_is_told(pages):
    for student in CLASS:
        (path,) = (
            p for p in (pages / "feedback").glob("*.html") if p.stem[:3] == safe(student)[:3]
        )
        html = path.read_text("utf-8")
        assert "/usr/" not in html
        assert "/tmp" not in html
        assert str(pages) not in html
        for other in set(CLASS) - {student}:
            assert f">{other}<" not in html
            assert f"{other}.ipynb" not in html
    assert "…/where.py" in page(pages, "dan")
    assert "…/where.txt" in page(pages, "dan")


def safe(student):
    return re.sub(r"[<=>(]", "_", student)


def test_pages_hold_nothing_that_runs_or_is_fetched(pages):
    files = [*(pages / "feedback").glob("*.html"), pages / "report.html", pages / "manual.html"]
    for path in files:
        html = path.read_text("utf-8")
        assert not re.search(r"<(script|link|iframe|object|form|base)\b|\son\w+=\"|style=\"", html)
        assert set(re.findall(r'(?:src|href)="([^#"]{1,21})', html)) <= {"data:image/png;base64"}
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
        style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")
    assert "&lt;script&gt;alert(1)" in page(pages, "dan")
    assert "the &lt;b&gt;step&lt;/b&gt; is too large" in (pages / "manual.html").read_text("utf-8")


def test_the_report_tells_what_to_teach_again(pages):
    text = shown((pages / "report.html").read_text("utf-8"))
    assert (
        "10 students: 6 graded, 1 waiting for marks, 3 unreadable or without a notebook (eve,"
        " gus, hal); penalties for 2" in text
    )
    assert "penalties for 2 cy: nothing was answered" in text
    assert "before penalties, without 1 who answered nothing" in text
    assert "squares: right for 2 alone who ben double 1" in text
    assert "eve unreadable the file is damaged in line 1" in text
    assert "Isolation: sandbox" in text
    # Nobody chose the answer of `loss` but ann, so it tells students apart; no test is flat here.
    assert "Tests that tell nobody apart" not in text


def test_feedback_for_a_system_is_called_as_what_it_gave(tmp_path):
    names = {
        "ann_1_11_lab00": CLASS["ann"],
        "bo_LATE_2_12_lab00": CLASS["ben"],
        "Cy Lee_3_assignsubmission_file_lab00": CLASS["cy"],
    }
    folder = classroom(tmp_path / "x", names)
    assert grade(folder).returncode == 0
    pages = folder / "grades"
    with zipfile.ZipFile(pages / "feedback-canvas.zip") as canvas:
        assert canvas.namelist() == ["ann_1_11_feedback.html", "bo_LATE_2_12_feedback.html"]
        assert canvas.read(canvas.namelist()[0]).decode() == page(pages, "ann_1")
    with zipfile.ZipFile(pages / "feedback-moodle.zip") as moodle:
        assert moodle.namelist() == ["Cy Lee_3_assignsubmission_file_feedback.html"]
    before = (pages / "feedback-canvas.zip").read_bytes()
    assert run(folder, "feedback").returncode == 0
    assert (pages / "feedback-canvas.zip").read_bytes() == before

"""The command line, as an instructor uses it, from start to marked and handed back."""

import csv
import io
import json
import zipfile

import pytest

from tests.grading.classroom import CLASS, RIGHT, SQUARES, classroom, grade, notebook, run
from tests.grading.handed_in import put


@pytest.fixture
def folder(tmp_path):
    return classroom(tmp_path / "x", {"ann": CLASS["ann"], "ben": CLASS["ben"]})


def table(path):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_grade_mark_feedback_report(folder):
    done = grade(folder)
    assert done.returncode == 0, done.stderr
    assert "To mark: read grades/manual.html" in done.stdout
    step = ".venv/bin/python -m mlcourse.grading feedback --out grades/"
    assert step in done.stdout
    assert step in (folder / "grades/manual.html").read_text("utf-8")
    assert "2 students: 1 graded, 1 waiting for marks" in done.stdout

    marks = folder / "grades/manual.csv"
    text = marks.read_bytes().decode("utf-8-sig")
    assert text.count("\r\n") == 1 + 3
    marks.write_text(text.replace("1. has axes,1,,", "1. has axes,1,1,fine"), encoding="utf-8")
    filled = folder / "filled.csv"
    filled.write_text(
        "student,question,rubric item,max,mark,comment\n"
        "ann,why,1. names the cause,1,1,\nann,why,2. names the cure,1.5,2,too much\n"
    )
    done = run(folder, "feedback", "--marks", "filled.csv")
    assert done.returncode == 1
    assert "filled.csv, line 3: the mark '2' is no number from 0 to 1.5" in done.stderr
    filled.write_text(filled.read_text().replace(",2,too much", ",0.5,where?"))
    done = run(folder, "feedback", "--marks", "filled.csv")
    assert done.returncode == 0, done.stderr
    ann, _ = table(folder / "grades/grades.csv")
    assert (ann["status"], ann["total"], ann["why"]) == ("graded", "7.5", "1.5")
    assert "0.5 of 1.5. where?" in (folder / "grades/feedback/ann.html").read_text("utf-8")

    assert grade(folder, "--regrade").returncode == 0  # marks stay
    assert table(folder / "grades/grades.csv")[0]["total"] == "7.5"
    done = run(folder, "report")
    assert done.returncode == 0
    assert "2 students: 2 graded" in done.stdout


GRADEBOOK = """\
Student,ID,SIS Login ID,Section,Lab 0 (777)
    Points Possible,,,,8.5
"Doe, Jane",12,jd,A,
"Kim, Min",14,mk,A,
"""


def test_what_was_said_once_counts_until_something_else_is_said(folder):
    """Also: a zip, and a lab in a folder above."""
    below = folder / "deep/er"
    below.mkdir(parents=True)
    for day in ("day1.zip", "day2.zip"):
        with zipfile.ZipFile(below / day, "w") as file:
            file.writestr("doejane_LATE_12_55_lab00.ipynb", notebook(RIGHT))
            if day == "day1.zip":
                file.writestr("leebo_13_56_lab00.ipynb", notebook(SQUARES))
    (below / "late.csv").write_text("student;days\n12;1,5\n13;0\n")
    (below / "gradebook.csv").write_text(GRADEBOOK)
    done = run(
        below, "grade", "day1.zip", "--lab", "lab00", "--late", "late.csv", "--late-penalty", 0.1,
        "--seed", 7, "--canvas-gradebook", "gradebook.csv", "--out", "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    jane, _ = table(below / "out/grades.csv")
    assert [jane[k] for k in ("student", "id", "late days", "penalty", "total")] == [
        "doejane_12", "12", "1.5", "0.6", "3.4",
    ]  # fmt: skip
    assert "As before" not in done.stdout
    assert "2 students in gradebook.csv: 2 graded, 1 handed in nothing (Min Kim)" in done.stdout
    assert "canvas.csv: 1 grade; none for leebo_13 (not in gradebook.csv)" in done.stdout
    uploaded = (below / "out/canvas.csv").read_text()
    assert '"Doe, Jane",12,jd,A,3.4' in uploaded

    for name in ("late.csv", "gradebook.csv"):
        (below / name).unlink()
    done = run(below, "grade", "day2.zip", "--lab", "lab00", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert (
        "As before: --seed 7, --late-penalty 0.1, --late out/given/late.csv,"
        " --canvas-gradebook out/given/canvas-gradebook.csv (give an option again" in done.stdout
    )
    assert "0 graded now, 1 were graded already" in done.stdout
    assert "Compared with the last run: 0 grades changed" in done.stdout
    assert "1 of 2 are not among these submissions and are left out now: leebo_13" in done.stderr
    assert (below / "out/canvas.csv").read_text() == uploaded
    assert run(below, "feedback", "--out", "out").returncode == 0
    assert (below / "out/canvas.csv").read_text() == uploaded

    done = run(
        below, "grade", "day2.zip", "--lab", "lab00", "--out", "out",
        "--late", "none", "--late-penalty", "none", "--seed", "none",
    )  # fmt: skip
    assert "1 grade changed (doejane_12: 3.4 -> 4)" in done.stdout
    assert "1 marked as late by Canvas, nothing taken off without days in --late" in done.stdout
    done = run(below, "grade", "day2.zip", "--lab", "lab00", "--out", "out")
    assert "As before: --canvas-gradebook" in done.stdout


def test_another_class_and_other_folders_are_left_alone(folder):
    assert grade(folder, "--isolation", "process").returncode == 0
    marks = (folder / "grades/manual.csv").read_bytes()
    put(folder / "others", "zoe.ipynb", "yan.ipynb", content=notebook(RIGHT))
    done = run(folder, "grade", "others", "--lab", "lab00")
    assert done.returncode == 2
    assert "none of these 2 students is in grades/, which holds ann, ben; wrong" in done.stderr
    done = run(folder, "grade", "others", "--lab", "lab00", "--out", "solutions")
    assert done.returncode == 2
    assert "solutions/ is not empty and holds no results of this grader" in done.stderr
    # One of them is in both classes: the other's marks are kept, and named once.
    put(folder / "others", "ann.ipynb", content=notebook(RIGHT))
    (folder / "grades/manual.csv").write_bytes(
        marks + b"zed,why,1. names the cause,1,1,\r\nzed,why,2. names the cure,1.5,1,\r\n"
    )
    done = run(folder, "grade", "others", "--lab", "lab00")
    assert "As before: --isolation process" in done.stdout
    assert "1 of 2 are not among these submissions and are left out now: ben" in done.stderr
    assert done.stderr.count("zed") == 1
    assert b"zed,why,2. names the cure" in (folder / "grades/manual.csv").read_bytes()


def test_what_answers_nothing_is_named(folder):
    put(folder / "subs", "cy.ipynb", content=CLASS["cy"])
    put(folder / "subs", "di.ipynb", content=notebook("something_else = 1"))
    put(folder / "subs", "ed.ipynb", content=notebook("1 / 0\ndef double(x): ..."))
    done = grade(folder)
    assert done.returncode == 0
    assert "cy: nothing was answered" in done.stdout
    assert "di: looks like another lab: none of lab00's names is in it" in done.stdout
    assert "without 2 who answered nothing" in done.stdout
    look = {row["student"]: row["look at"] for row in table(folder / "grades/grades.csv")}
    assert (look["cy"], look["ed"]) == ("nothing was answered", "")
    assert look["di"].startswith("looks like another lab")


def test_without_a_sandbox_it_says_so_everywhere(folder):
    done = grade(folder, "--isolation", "process")
    assert done.returncode == 0, done.stderr
    assert "WARNING: no sandbox" in done.stderr
    assert "Isolation: process" in done.stdout
    assert {row["isolation"] for row in table(folder / "grades/grades.csv")} == {"process"}
    assert json.loads((folder / "grades/results.json").read_text())["isolation"] == "process"
    assert "Isolation: process" in (folder / "grades/report.html").read_text("utf-8")


def test_what_could_not_be_graded_is_named(folder):
    (folder / "subs/eve.ipynb").write_bytes(b"{ cut")
    done = grade(folder)
    assert done.returncode == 1
    assert "eve: unreadable: the file is" in done.stdout
    eve = table(folder / "grades/grades.csv")[2]
    assert (eve["status"], eve["total"], eve["double"]) == ("unreadable", "", "")


def test_odd_text_of_students_reaches_every_file(folder):
    odd = "\\ud800\\x00\\x1b[2J\\u202e"
    (folder / "subs/odd.ipynb").write_bytes(
        notebook(f"why = '=1+1 {odd}'", f"def double(x): raise ValueError('{odd}')")
    )
    (folder / "subs/bad.ipynb").write_bytes(b"\x1b[2J not a notebook")
    done = grade(folder)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr
    assert "odd" in {row["student"] for row in table(folder / "grades/manual.csv")}
    page = (folder / "grades/feedback/odd.html").read_bytes().decode()
    assert "double raised ValueError" in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("grade", "nowhere", "--lab", "lab00"), "nowhere: no such folder or file"),
        (("grade", "subs", "--lab", "lab42"), "no solutions/lab42_tests.py here or in a folder"),
        (("grade", "subs", "--lab", "broken.py"), "broken.py: SyntaxError"),
        (("grade", "subs", "--lab", "empty.py"), "expected a Lab named lab"),
        (("grade", "subs", "--lab", "lab00", "--out", "subs/x"), "choose another --out"),
        (("grade", "subs", "--lab", "lab00", "--late", "late.csv"), "line 2: no student 'zoe'"),
        (("grade", "subs", "--lab", "lab00", "--only", "bem"), "did you mean 'ben'?"),
        (("grade", "subs", "--lab", "lab00", "--marks", "late.csv"), "no column question"),
        (("grade", "subs", "--lab", "lab00", "--canvas-gradebook", "late.csv"), "no column ID"),
        (
            ("grade", "subs", "--lab", "lab00", "--moodle-worksheet", "gone.csv"),
            "gone.csv: No such",
        ),
        (("grade", "subs", "--lab", "lab00", "--out", "late.csv"), "choose another folder"),
        (("grade", "subs", "--lab", "lab00", "--late-penalty", "2"), "a number from 0 to 1"),
        (("grade", "subs", "--lab", "lab00", "--jobs", "0"), "expected 1 or more"),
        (("feedback", "--out", "subs"), "nothing was graded into this folder yet"),
        (("report",), "grades: no such folder"),
        ((), "the following arguments are required: COMMAND"),
    ],
)
def test_it_does_not_start_and_says_what_to_do(folder, arguments, says):
    (folder / "broken.py").write_text("def")
    (folder / "empty.py").write_text("")
    (folder / "late.csv").write_text("student,days\nzoe,1\n")
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "grades").exists()


def test_release_needs_a_course(tmp_path):
    done = run(tmp_path, "release")
    assert done.returncode == 2
    assert "no folder solutions/ here or above" in done.stderr


def test_doctor(tmp_path):
    done = run(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout
    assert "This machine can grade." in done.stdout


def test_without_bubblewrap_it_refuses_and_says_what_to_install(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    done = grade(folder)
    assert done.returncode == 2
    assert "apt install bubblewrap" in done.stderr
    done = run(folder, "doctor")
    assert done.returncode == 1
    assert "to mend it: apt install bubblewrap" in done.stdout
    assert not (folder / "grades").exists()


def test_the_grader_can_be_asked_for_help(tmp_path):
    done = run(tmp_path, "grade", "--help")
    assert done.returncode == 0
    assert "a folder of notebooks" in done.stdout
    assert "130  stopped with Ctrl-C" in done.stdout

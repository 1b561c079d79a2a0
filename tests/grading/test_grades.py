"""Grades as people, programs, Canvas and Moodle want them."""

import csv
import io
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from mlcourse.grading import manual
from mlcourse.grading.checklist import checklist
from mlcourse.grading.gradebook import Column, Gradebook, Member, load, locked, save, save_result
from mlcourse.grading.grades import last_totals, results, write_grades
from mlcourse.grading.result import Answer, Cell, PartResult, Result
from mlcourse.grading.tables import TableError

RUBRIC = ((1.0, "names the cause"), (1.5, "names the cure"))
COLUMNS = (Column("mlp", "A net", "function", 4), Column("why", "Why", "manual", 2.5, RUBRIC))


def result(earned, text=""):
    part = PartResult("small", False, 4, earned, "failed", "expected 1, got 2", "the same")
    answers = (
        Answer("mlp", "A net", "function", 4, earned, ("sec-a", "A"), "squares", (part,)),
        Answer("why", "Why", "manual", 2.5, None if text else 0.0, ("sec-b", "B"), text=text,
               pictures=(), rubric=RUBRIC),
    )  # fmt: skip
    sha = "0" * 64
    return Result("graded", "", answers, (Cell("ok", ""),), ("a note",), sha, sha, 1, "sandbox", 1)


def student(name, earned=4.0, *, text="", system="canvas", number="", days=0.0):
    return Member(
        name, name, system, number, "lab01.ipynb", False, f"{name}.html", (), days,
        result(earned, text),
    )  # fmt: skip


def book(*members, penalty=0.0):
    return Gradebook(
        "lab01", "A batched MLP", "chapters/01-x.ipynb", COLUMNS, "0" * 64, 1, "sandbox", penalty,
        members, (("notes.txt", "not a notebook"),),
    )  # fmt: skip


def rows(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_results_follow_their_schema(tmp_path):
    ungraded = replace(student("ben"), result=None)
    write_grades(book(student("ann"), ungraded, student("cy", text="because")), tmp_path)
    schema = json.loads(files("mlcourse.grading").joinpath("results.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    data = json.loads((tmp_path / "results.json").read_text("utf-8"))
    jsonschema.validate(data, schema)
    assert [s["status"] for s in data["students"]] == ["graded", "not graded", "waiting"]
    assert [s["total"] for s in data["students"]] == [4, None, None]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "isolation": "none"}, schema)


def test_gradebook_is_read_as_it_was_written(tmp_path):
    whole = book(student("ann", days=2.0), student("cy", text="because"), penalty=0.1)
    with locked(tmp_path):
        save(whole, tmp_path)
        for member in whole.members:
            save_result(tmp_path, member.student, member.result)
    assert load(tmp_path) == whole


def test_grades_of_late_waiting_and_ungraded_students(tmp_path):
    unreadable = student("dan", 0.0)
    unreadable = replace(
        unreadable, result=replace(unreadable.result, status="unreadable", why="it is cut off")
    )
    write_grades(
        book(
            student("ann", 3.0, days=2), student("bo", days=20), student("cy", text="x"),
            unreadable, student("eli", system="moodle"), penalty=0.1,
        ),
        tmp_path,
    )  # fmt: skip
    header, *lines = rows(tmp_path / "grades.csv")
    table = {line[0]: dict(zip(header, line, strict=True)) for line in lines}
    got = {
        name: [row[key] for key in ("status", "mlp", "why", "points", "penalty", "total")]
        for name, row in table.items()
    }
    assert got == {
        "ann": ["graded", "3", "0", "3", "0.6", "2.4"],
        "bo": ["graded", "4", "0", "4", "4", "0"],
        "cy": ["waiting", "4", "", "4", "0", ""],
        "dan": ["unreadable", "", "", "", "0", ""],
        "eli": ["graded", "4", "0", "4", "0", "4"],
    }
    assert table["dan"]["reason"] == "it is cut off"
    # No grade is not a zero: neither system is told of one.
    assert [line[0] for line in rows(tmp_path / "canvas.csv")[2:]] == ["ann", "bo", "eli"]
    assert [line[4] for line in rows(tmp_path / "moodle.csv")[1:]] == ["2.4", "0", "", "", "4"]


@pytest.mark.parametrize("first", "=+-@\t\r\n")
def test_no_cell_is_a_formula(tmp_path, first):
    name = f'{first}HYPERLINK("x","a,b")\nü'
    write_grades(book(student(name), student("bo", system="moodle")), tmp_path)
    for file in ("grades.csv", "canvas.csv", "moodle.csv"):
        data = (tmp_path / file).read_bytes()
        assert data.startswith(b"\xef\xbb\xbf") == (file == "grades.csv")
        cells = [cell for row in rows(tmp_path / file) for cell in row]
        assert f"'{name}" in cells
        assert not [cell for cell in cells if cell.startswith(tuple("=+@\t\r\n"))]


def test_canvas_alone(tmp_path):
    write_grades(book(student("doejane", number="12"), student("x", system="")), tmp_path)
    assert rows(tmp_path / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A batched MLP"],
        ["    Points Possible", "", "", "", "", "6.5"],
        ["doejane", "12", "", "", "", "4"],
        ["x", "", "", "x", "", "4"],
    ]


GRADEBOOK = """\
Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (777),Lab 2 (778),Current Score
,,,,,Manual Posting,,
    Points Possible,,,,,10,5,(read only)
"Doe, Jane",12,S12,jd1,"A, 1",,3,50
"Lee, Bo",13,S13,bl2,B,2,,20
"Kim, Min",14,S14,mk3,B,,,
"Student, Test",99,,x,B,,,
"""


def test_canvas_with_its_gradebook(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(GRADEBOOK, "utf-8-sig")
    members = (
        student("doejane_12", number="12"), student("bl2", system=""),
        replace(student("min kim", 1.0, system=""), name="KimMin"), student("gone", number="15"),
    )  # fmt: skip
    (upload,) = write_grades(book(*members), tmp_path, canvas=path)
    assert rows(tmp_path / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab 1 (777)"],
        ["    Points Possible", "", "", "", "", "10"],
        ["Doe, Jane", "12", "S12", "jd1", "A, 1", "4"],
        ["Lee, Bo", "13", "S13", "bl2", "B", "4"],
        ["Kim, Min", "14", "S14", "mk3", "B", "1"],
    ]
    assert (upload.listed, upload.silent, upload.unknown) == (3, (), ("gone",))
    (upload,) = write_grades(book(members[0]), tmp_path, canvas=path)
    assert upload.silent == ("Bo Lee", "Min Kim")


def test_a_system_that_the_class_is_not_from_gets_no_file(tmp_path):
    assert write_grades(book(student("x", system="")), tmp_path) == []
    write_grades(book(student("ann", number="1")), tmp_path)
    assert (tmp_path / "canvas.csv").exists()
    assert not (tmp_path / "moodle.csv").exists()
    write_grades(book(student("ann", system="moodle", number="1")), tmp_path)
    assert not (tmp_path / "canvas.csv").exists()


def test_students_who_share_a_number_are_left_to_the_instructor(tmp_path):
    eve = student("doe_12", number="12")
    (upload,) = write_grades(
        book(student("ann", number="12"), eve, student("bo", number="1")), tmp_path
    )
    assert [line[0] for line in rows(tmp_path / "canvas.csv")[2:]] == ["bo"]
    assert "ann, doe_12" in upload.notes[0]
    assert upload.unknown == ("ann", "doe_12")


WORKSHEET = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 1001","Ann Lee",ann@example.org,"Submitted for grading",,100,Yes,"Monday, 1 May",-,
"Participant 1002","Bo Lee",bo@example.org,"No submission",5,100,Yes,-,-,"keep me"
"""


def test_moodle_alone_and_with_its_worksheet(tmp_path):
    ann = replace(student("Ann Lee_1001", system="moodle", number="1001"), name="Ann Lee")
    write_grades(book(ann), tmp_path)
    header, line = rows(tmp_path / "moodle.csv")
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(header)
    assert line[:5] == ["Participant 1001", "Ann Lee", "", "graded", "4"]

    path = tmp_path / "Grades.csv"
    path.write_text(WORKSHEET, "utf-8")
    (upload,) = write_grades(book(ann), tmp_path, moodle=path)
    before, after = rows(path), rows(tmp_path / "moodle.csv")
    assert after[0] == before[0]
    assert after[2] == before[2]
    assert after[1] == [*before[1][:4], "4", *before[1][5:9], "A net: 4 of 4; Why: 0 of 2.5"]
    assert "set the assignment's maximum to 6.5" in upload.notes[0]
    assert (upload.listed, upload.silent) == (2, ("Bo Lee",))


def test_a_file_that_is_no_worksheet_is_named(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Name,Nummer\n")
    with pytest.raises(TableError, match=r"x\.csv: no column Identifier"):
        write_grades(book(student("ann")), tmp_path, moodle=path)


# Manual marks
# ------------


def waiting():
    return book(student("ann", text="because"), student("=bo", text="so"), student("007", text="x"))


def fill_in(path, marks, *, delimiter=",", encoding="utf-8-sig"):
    """Type marks and comments into a table, as a spreadsheet would."""
    header, *lines = rows(path)
    for line in lines:
        line[4:6] = marks.get((line[0], line[2][0]), line[4:6])
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *lines])
    path.write_text(text.getvalue(), encoding)


def test_marks_are_merged_and_never_lost(tmp_path):
    table = tmp_path / "manual.csv"
    manual.merge(waiting(), tmp_path)
    assert len(rows(table)) == 1 + 3 * 2
    fill_in(table, {("ann", "1"): ["1", "=good"], ("ann", "2"): ["0.5", ""]})
    fill_in(table, {("'=bo", "1"): ["1", "half done"]})
    merged, faults = manual.merge(waiting(), tmp_path)
    assert faults == []
    why = merged.members[0].result.answers[1]
    assert (why.earned, why.marks) == (1.5, ((1, "=good"), (0.5, "")))
    assert [member.status for member in merged.members] == ["graded", "waiting", "waiting"]
    again = table.read_bytes()
    assert b"'=good" in again
    manual.merge(waiting(), tmp_path)
    assert table.read_bytes() == again


def test_bad_marks_are_named_with_their_line_and_kept(tmp_path):
    table, other = tmp_path / "manual.csv", tmp_path / "other.csv"
    manual.merge(waiting(), tmp_path)
    fill_in(table, {("ann", "1"): ["1", "yes"]})
    other.write_bytes(table.read_bytes())
    fill_in(
        other, {("ann", "1"): ["9", ""], ("ann", "2"): ["lots", "?"], ("'=bo", "2"): ["-1", ""]}
    )
    with other.open("a", encoding="utf-8") as file:
        file.write("ann,what,3. names it,1,1,\nnobody,why,1. names the cause,1,1,who\n")
    merged, faults = manual.merge(waiting(), tmp_path, other)
    assert faults == [
        f"{other}, line 2: the mark '9' is no number from 0 to 1",
        f"{other}, line 3: the mark 'lots' is no number from 0 to 1.5",
        f"{other}, line 5: the mark '-1' is no number from 0 to 1.5",
        f"{other}, line 8: there is nothing to mark for ann, what, 3. names it",
        f"{table}: marks for 1 who are not in this class are kept and not used: nobody",
    ]
    assert merged.members[0].status == "waiting"
    kept = {(line[0], line[2][0]): line[4:] for line in rows(table)[1:]}
    assert kept["ann", "1"] == ["1", "yes"]
    assert kept["ann", "2"] == ["lots", "?"]
    assert kept["nobody", "1"] == ["1", "who"]


def test_a_spreadsheet_may_have_saved_the_table(tmp_path):
    other = tmp_path / "other.csv"
    manual.merge(waiting(), tmp_path)
    other.write_bytes((tmp_path / "manual.csv").read_bytes())
    # Semicolons, decimal commas, not UTF-8, and a number that lost its zeros.
    marks = {("007", "1"): ["0,5", "schön"], ("007", "2"): ["1,5", ""]}
    fill_in(other, marks, delimiter=";", encoding="cp1252")
    other.write_bytes(other.read_bytes().replace(b"007", b"7"))
    merged, faults = manual.merge(waiting(), tmp_path, other)
    assert faults == []
    assert merged.members[2].result.answers[1].marks == ((0.5, "schön"), (1.5, ""))


def test_the_table_stays_as_a_spreadsheet_saves_it(tmp_path):
    table = tmp_path / "manual.csv"
    manual.merge(waiting(), tmp_path)
    fill_in(table, {("ann", "2"): ["0,5", ""]}, delimiter=";")
    table.write_text(table.read_text("utf-8-sig").replace(";1.5;", ";1,5;"), "utf-8-sig")
    manual.merge(waiting(), tmp_path)
    kept = table.read_text("utf-8-sig").splitlines()
    assert kept[:3] == [
        "student;question;rubric item;max;mark;comment",
        "ann;why;1. names the cause;1;;",
        "ann;why;2. names the cure;1,5;0,5;",
    ]


def test_a_mark_stays_with_the_answer_that_it_was_given_for(tmp_path):
    table = tmp_path / "manual.csv"
    first, second = book(student("ann", text="because")), book(student("ann", text="another"))

    def changed(class_):
        merged, faults = manual.merge(class_, tmp_path)
        assert faults == []
        manual.write_page(merged, tmp_path)
        (ann,) = merged.members
        assert ("has changed" in (tmp_path / "manual.html").read_text()) == bool(ann.changed)
        assert [a for a in merged.alerts(ann) if "look again" in a] == [
            "the answer to why has changed since it was marked (1.5); look again"
        ] * bool(ann.changed)
        return ann.changed

    assert changed(first) == ()
    fill_in(table, {("ann", "1"): ["1", ""], ("ann", "2"): ["0.5", ""]})
    # The marks were typed while the first answer was the one to be seen.
    assert changed(second) == ("why",)
    assert changed(second) == ("why",)
    assert changed(first) == ()
    assert changed(second) == ("why",)
    fill_in(table, {("ann", "2"): ["0.5", "still so"]})
    assert changed(second) == ()


def test_code_that_was_given_and_not_repaired_is_no_answer():
    ann = student("ann", 0.0)
    answer = replace(ann.result.answers[0], misconception="It does what it did as you got it.")
    result = replace(ann.result, answers=(answer, ann.result.answers[1]))
    assert book(ann).blank(ann) == ""
    assert book(ann).blank(replace(ann, result=result)) == "nothing was answered"


# Before the upload
# -----------------


def test_the_list_to_check_before_the_upload(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(GRADEBOOK, "utf-8-sig")
    dan = student("dan", 0.0, number="15")
    class_ = book(
        student("ann", 3.0, number="12", days=2), replace(dan, late=True),
        student("cy", text="x", number="13"), replace(student("bo"), result=None), penalty=0.1,
    )  # fmt: skip
    made = write_grades(class_, tmp_path, canvas=path)
    last = {"ann": 3.0, "dan": None, "cy": 2.0}
    assert checklist(class_, made, last) == [
        "3 students in export.csv: 2 graded, 1 waiting for marks, 1 not graded yet (bo),"
        " 1 handed in nothing (Min Kim); penalties for 1",
        "Compared with the last run: 2 grades changed (ann: 3 -> 2.4, cy: 2 -> none), 1 new",
        "canvas.csv: 1 grade; none for cy (waiting for marks), bo (not in export.csv),"
        " dan (not in export.csv), Min Kim (handed in nothing)",
        "1 marked as late by Canvas, nothing taken off without days in --late: dan",
    ]
    assert last_totals(tmp_path) == {"ann": 2.4, "dan": 0.0, "cy": None, "bo": None}


def test_results_hold_no_times_and_no_pictures():
    ann = student("ann", text="x")
    answer = replace(ann.result.answers[1], pictures=("iVBOR",))
    ann = replace(ann, result=replace(ann.result, answers=(ann.result.answers[0], answer)))
    data = results(book(ann))
    assert "iVBOR" not in json.dumps(data)
    assert "seconds" not in json.dumps(data)
    assert data["students"][0]["answers"][1]["pictures"] == 1

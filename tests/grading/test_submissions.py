"""What instructors have is found and read: folders, trees, and what Canvas and Moodle export."""

import os
from pathlib import Path

import pytest

from mlcourse.grading.submissions import InputError, collect
from tests.grading.handed_in import NOTEBOOK, found, from_zip, put, reasons, zipped

# Folders
# -------


def test_folder_of_notebooks(tmp_path):
    put(tmp_path, "ann.ipynb", "Zoë Müller.ipynb", "notes.txt", ".ipynb_checkpoints/ann.ipynb")
    collected = collect(tmp_path, "lab01")
    assert [s.student for s in collected.submissions] == ["Zoë Müller", "ann"]
    assert all(s.content == NOTEBOOK for s in collected.submissions)
    assert collected.ignored == [("notes.txt", "not a notebook")]


def test_one_notebook(tmp_path):
    put(tmp_path, "ann.ipynb", "ben.ipynb")
    assert list(found(tmp_path / "ann.ipynb")) == ["ann"]


@pytest.mark.parametrize("root", ["", "submitted/"])
def test_trees(tmp_path, root):
    put(tmp_path, f"{root}ann/lab01/lab01-mlp.ipynb", f"{root}ann/lab02/lab02-x.ipynb")
    put(tmp_path, f"{root}ben/answer.ipynb", f"{root}cy/lab02/lab02-x.ipynb")
    put(tmp_path, f"{root}ann/lab01/timestamp.txt", f"{root}dan/report.pdf")
    if root:  # the rest of an nbgrader course
        put(tmp_path, "source/lab01/lab01-mlp.ipynb", "nbgrader_config.py")
    submissions = found(tmp_path)
    assert {s: x.file for s, x in submissions.items()} == {
        "ann": "lab01/lab01-mlp.ipynb",
        "ben": "answer.ipynb",
        "cy": "",
        "dan": "",
    }
    assert submissions["cy"].why == "nothing for lab01, only lab02"
    assert submissions["dan"].why == "no notebook, only report.pdf"


def test_the_notebook_named_as_the_lab_is_graded_and_the_others_are_named(tmp_path):
    put(tmp_path, "ann/lab1 final.ipynb", content=b"mine")
    put(tmp_path, "ann/scratch.ipynb", "ann/lab10.ipynb")
    os.utime(tmp_path / "ann/scratch.ipynb", (2e9, 2e9))
    ann = found(tmp_path)["ann"]
    assert ann.content == b"mine"
    assert "2 more" not in ann.notes[0]
    assert {"scratch.ipynb", "lab10.ipynb"} <= set(ann.notes[0].replace(",", "").split())


def test_a_student_who_handed_in_nothing_is_not_forgotten(tmp_path):
    put(tmp_path, "ann/lab01.ipynb", "ben/.ipynb_checkpoints/lab01.ipynb")
    (tmp_path / "cy").mkdir()
    why = "no notebook, only an empty folder"
    assert reasons(found(tmp_path)) == {"ann": "", "ben": why, "cy": why}


def test_links_pipes_and_secrets_are_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    subs = tmp_path / "subs"
    put(subs, "ann.ipynb")
    (subs / "ben.ipynb").symlink_to(tmp_path / "secret")
    (subs / "cy").symlink_to(tmp_path)
    os.mkfifo(subs / "dan.ipynb")
    submissions = found(subs)
    assert reasons(submissions) == {
        "ann": "",
        "ben": "ben.ipynb: a link to another file",
        "dan": "dan.ipynb: not an ordinary file",
    }
    assert not any(s.content == b"secret" for s in submissions.values())


def test_names_stay_apart_and_are_safe(tmp_path):
    put(tmp_path, "Ann.ipynb", "ann.ipynb", "a:b.ipynb", "a*b.ipynb", "e\u0301.ipynb", "é.ipynb")
    put(tmp_path, "x" * 200 + ".ipynb", "...ipynb/n.ipynb")
    (Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.ipynb"))).write_bytes(NOTEBOOK)
    submissions = found(tmp_path)
    assert len({student.casefold() for student in submissions}) == len(submissions) == 8
    for student in submissions:
        student.encode("utf-8")
        assert len(student.encode()) < 230
        assert not set(student) & set('/\\:*?"<>|\0')
        assert not student.startswith(".")


def test_nothing_to_grade_says_so(tmp_path):
    with pytest.raises(InputError, match="no such folder or file"):
        collect(tmp_path / "missing", "lab01")
    with pytest.raises(InputError, match="no notebook, zip or folder of a student"):
        collect(tmp_path, "lab01")
    put(tmp_path, "bad.zip", content=b"PK\3\4 not really")
    with pytest.raises(InputError, match="not a zip that can be opened"):
        collect(tmp_path / "bad.zip", "lab01")


# Exports of learning management systems
# --------------------------------------


def test_canvas(tmp_path):
    submissions = from_zip(
        tmp_path,
        ("doejane_123_501_lab01-mlp.ipynb", b"first"),
        ("doejane_123_502_lab01-mlp-1.ipynb", b"second"),
        ("leebo_LATE_124_503_lab01-mlp.ipynb", NOTEBOOK),
        ("wuli_late_129_510_lab01-mlp.ipynb", NOTEBOOK),
        ("doejane_125_504_lab01-mlp.ipynb", b"another Jane Doe"),
        ("anon_a1B2c_505_lab01_2.ipynb", NOTEBOOK),
        ("LATE_anon_zzzzz_506_lab01.ipynb", NOTEBOOK),
        ("kim민준_126_507_report.pdf", b""),
        ("poetry_127_text.html", b""),
        ("weber_LATE_128_509_12_34_x.ipynb.txt", NOTEBOOK),
    )
    assert {s: (x.identifier, x.late) for s, x in submissions.items()} == {
        "doejane_123": ("123", False),
        "doejane_125": ("125", False),
        "leebo_124": ("124", True),
        "wuli_129": ("129", True),
        "anon_a1B2c": ("anon_a1B2c", False),
        "anon_zzzzz": ("anon_zzzzz", True),
        "kim민준_126": ("126", False),
        "poetry_127": ("127", False),
        "weber_128": ("128", True),
    }
    jane = submissions["doejane_123"]
    assert jane.content == b"second"
    assert jane.notes == ("2 notebooks; not graded: lab01-mlp.ipynb",)
    assert jane.feedback == "doejane_123_502_feedback.html"
    assert submissions["doejane_125"].content == b"another Jane Doe"
    assert submissions["kim민준_126"].why == "no notebook, only report.pdf"
    assert submissions["poetry_127"].why == "only typed text was handed in, no notebook"
    assert submissions["weber_128"].notes == ("Canvas marks it as late",)
    assert submissions["weber_128"].file == "12_34_x.ipynb.txt"


def test_names_unlike_those_of_the_system_are_told(tmp_path):
    put(tmp_path, "doejane_1_11_lab01.ipynb", "leebo_2_12_lab01.ipynb", "lab01 kim.ipynb")
    says = "1 of 3 file names are not in Canvas's form: lab01 kim.ipynb"
    assert collect(tmp_path, "lab01").notes == [says]
    put(tmp_path / "folder", "ann.ipynb", "ben.ipynb")
    assert collect(tmp_path / "folder", "lab01").notes == []


@pytest.mark.parametrize("end", ["", "_"])
@pytest.mark.parametrize("wrapped", ["", "ML course-Lab 1-77/"])
def test_moodle(tmp_path, end, wrapped):
    folder = f"{wrapped}Ann-Marie O'Neil_1001_assignsubmission_"
    submissions = from_zip(
        tmp_path,
        (f"{folder}file{end}/deep/lab01.ipynb", NOTEBOOK),
        (f"{folder}onlinetext{end}/onlinetext.html", b"hello"),
        (f"{wrapped}Bo Lee_1002_assignsubmission_onlinetext{end}/onlinetext.html", b"hello"),
        (f"{wrapped}Default group_assignsubmission_file{end}/lab01.ipynb", NOTEBOOK),
    )
    assert list(submissions) == ["Ann-Marie O'Neil_1001", "Bo Lee_1002", "Default group"]
    ann, bo, _ = submissions.values()
    assert (ann.file, ann.identifier, ann.name) == ("deep/lab01.ipynb", "1001", "Ann-Marie O'Neil")
    assert ann.notes == ("typed text was handed in, too, and is not graded: onlinetext.html",)
    assert ann.feedback == f"{folder}file{end}/feedback.html".removeprefix(wrapped)
    assert bo.why == "only typed text was handed in, no notebook"


def test_moodle_without_folders_and_unpacked(tmp_path):
    put(tmp_path, "Ann Lee_7_assignsubmission_file_lab01.ipynb")
    put(tmp_path, "Bo Lee_8_assignsubmission_file_/lab01.ipynb")
    submissions = found(tmp_path)
    assert [(s, x.feedback) for s, x in submissions.items()] == [
        ("Ann Lee_7", "Ann Lee_7_assignsubmission_file_feedback.html"),
        ("Bo Lee_8", "Bo Lee_8_assignsubmission_file_/feedback.html"),
    ]


def test_a_folder_of_a_student_is_not_taken_for_another_student(tmp_path):
    put(tmp_path, "eve/Ann Lee_7_assignsubmission_file_/lab01.ipynb", "bob/lab01.ipynb")
    assert list(found(tmp_path)) == ["bob", "eve"]


def test_zips_of_students_are_opened_once(tmp_path):
    inner = zipped([("stuff/lab01.ipynb", b"mine"), ("data.csv", b""), ("__MACOSX/._x", b"")])
    again = zipped([("inner.zip", inner)])
    submissions = from_zip(
        tmp_path, ("a_1_11_work.zip", inner), ("b_2_12_w.zip", again), ("c_3_13_w.zip", b"PK no")
    )
    assert submissions["a_1"].content == b"mine"
    assert submissions["a_1"].file == "work.zip/stuff/lab01.ipynb"
    assert submissions["b_2"].why == "the zip holds no notebook, only inner.zip"
    assert submissions["c_3"].why.startswith("w.zip: not a zip that can be opened")

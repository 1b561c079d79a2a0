"""What instructors have is found and read; what could harm the grader is refused with a reason."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from mlcourse.grading import archive
from mlcourse.grading.submissions import InputError, collect

NOTEBOOK = b'{"nbformat": 4, "cells": []}'


def put(folder, *paths, content=NOTEBOOK):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def zipped(members):
    """Return a zip of names (or ZipInfo) and contents."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return data.getvalue()


def found(source, lab="lab01"):
    return {s.student: s for s in collect(Path(source), lab).submissions}


def from_zip(tmp_path, *members, lab="lab01"):
    (tmp_path / "all.zip").write_bytes(zipped(members))
    return found(tmp_path / "all.zip", lab)


def reasons(submissions):
    return {student: s.why for student, s in submissions.items()}


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


# Hostile zips
# ------------


def member(name, mode=0o644, **attributes):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


def test_members_that_lead_out_are_refused(tmp_path):
    work = tmp_path / "deep/er"
    work.mkdir(parents=True)
    submissions = from_zip(
        work,
        ("ann/../../../out.ipynb", NOTEBOOK),
        ("/ben/x.ipynb", NOTEBOOK),
        ("C:/cy/x.ipynb", NOTEBOOK),
        ("dan\\..\\..\\x.ipynb", NOTEBOOK),
        (member("eve/x.ipynb", stat.S_IFLNK | 0o777), b"/etc/passwd"),
        ("good/x.ipynb", NOTEBOOK),
    )
    assert {why.partition(": ")[2] for s, why in reasons(submissions).items() if s != "good"} == {
        "its path leads out of the zip",
        "a link to another file",
    }
    assert submissions["good"].content == NOTEBOOK
    assert [path.name for path in tmp_path.rglob("*.*")] == ["all.zip"]


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE", 3 << 20)
    monkeypatch.setattr(archive, "MAX_FILES", 20)
    many = zipped([(f"{i}.ipynb", b"") for i in range(21)])
    lzma = io.BytesIO()
    with zipfile.ZipFile(lzma, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("lab01.ipynb", NOTEBOOK)
    submissions = from_zip(
        tmp_path,
        ("ann/lab01.ipynb", bytes(2 << 20)),
        ("ben/lab01.ipynb", bytes(4 << 20)),
        ("cy/work.zip", many),
        ("dan/work.zip", lzma.getvalue()),
        ("eve/lab01.ipynb", NOTEBOOK),
    )
    assert reasons(submissions) == {
        "ann": "lab01.ipynb: packed more than 200 times smaller than it is",
        "ben": "lab01.ipynb: larger than 3 MB (4,194,304 bytes)",
        "cy": "work.zip: a zip of more than 20 files",
        "dan": "work.zip/lab01.ipynb: packed by a method that is not read; use an ordinary zip",
        "eve": "",
    }


def test_a_size_that_is_a_lie_is_found_out(tmp_path):
    honest = zipped([("ann/lab01.ipynb", os.urandom(300_000)), ("bob/lab01.ipynb", NOTEBOOK)])
    # The sizes of the first member, in its own header and in the directory.
    lie = honest.replace(struct.pack("<I", 300_000), struct.pack("<I", 100))
    (tmp_path / "all.zip").write_bytes(lie)
    submissions = found(tmp_path / "all.zip")
    assert submissions["ann"].why.startswith("lab01.ipynb: damaged in the zip")
    assert submissions["bob"].content == NOTEBOOK


def test_the_total_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(archive.Budget.__init__, "__defaults__", (1000,))
    put(tmp_path, "ann.ipynb", "ben.ipynb", content=b"x" * 600)
    submissions = found(tmp_path)
    assert submissions["ann"].content
    assert "all files together" in submissions["ben"].why


def test_damaged_encrypted_and_double_members(tmp_path):
    data = bytearray(zipped([("ann/lab01.ipynb", os.urandom(1000)), ("bob/lab01.ipynb", NOTEBOOK)]))
    data[200] ^= 0xFF
    (tmp_path / "all.zip").write_bytes(data)
    assert found(tmp_path / "all.zip")["ann"].why.startswith("lab01.ipynb: damaged in the zip")

    data = bytearray(zipped([("cy/lab01.ipynb", NOTEBOOK)]))
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + at] |= 1
    (tmp_path / "all.zip").write_bytes(data)
    assert "encrypted" in found(tmp_path / "all.zip")["cy"].why

    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("dan/lab01.ipynb", b"one"), ("dan/lab01.ipynb", b"two")])
    (tmp_path / "all.zip").write_bytes(data)
    dan = found(tmp_path / "all.zip")["dan"]
    assert dan.content == b"one"
    assert dan.notes == ("2 notebooks; not graded: lab01.ipynb",)


def test_names_in_other_encodings(tmp_path):
    plain = zipped([("xxxxx/lab01.ipynb", NOTEBOOK), ("yyyy/lab01.ipynb", NOTEBOOK)])
    # UTF-8 that is not said to be, and Latin-1, as old packers write them.
    data = plain.replace(b"xxxxx", "Zoëa".encode()).replace(b"yyyy", "Zoë!".encode("latin-1"))
    (tmp_path / "all.zip").write_bytes(data)
    assert "Zoëa" in found(tmp_path / "all.zip")
    assert len(found(tmp_path / "all.zip")) == 2

    flagged = bytearray(zipped([("Zoë/lab01.ipynb", NOTEBOOK)]).replace("ë".encode(), b"\xff\xfe"))
    (tmp_path / "all.zip").write_bytes(flagged)
    with pytest.raises(InputError, match="not UTF-8"):
        collect(tmp_path / "all.zip", "lab01")


def test_terminal_codes_in_names_do_nothing(tmp_path):
    submissions = from_zip(tmp_path, ("ann\x1b[2J\n/lab01.ipynb", NOTEBOOK))
    (student,) = submissions
    assert student.isprintable()
    assert submissions[student].name == "ann?[2J?"

"""What could harm the grader is refused with a reason, and the other files are read."""

import io
import os
import random
import stat
import struct
import zipfile

import pytest

from mlcourse.grading import archive
from mlcourse.grading.submissions import InputError, collect
from tests.grading.handed_in import NOTEBOOK, found, from_zip, put, reasons, zipped


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
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
        (link("eve/x.ipynb"), b"/etc/passwd"),
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


def test_a_name_that_ends_before_it_starts(tmp_path):
    plain = zipped([("Xann/lab01.ipynb", NOTEBOOK), ("ben/lab01.ipynb", NOTEBOOK)])
    (tmp_path / "all.zip").write_bytes(plain.replace(b"Xann", b"\0ann"))
    submissions = found(tmp_path / "all.zip")
    assert [s.content for s in submissions.values()] == [None, NOTEBOOK]


def test_terminal_codes_in_names_do_nothing(tmp_path):
    submissions = from_zip(tmp_path, ("ann\x1b[2J\n/lab01.ipynb", NOTEBOOK))
    (student,) = submissions
    assert student.isprintable()
    assert submissions[student].name == "ann?[2J?"


def test_no_damage_makes_the_grader_fail(tmp_path):
    inner = zipped([("lab01.ipynb", NOTEBOOK)])
    whole = zipped([("a_1_2_lab01.ipynb", NOTEBOOK * 9), ("b_3_4_w.zip", inner), ("c/x.py", b"")])
    rng = random.Random(0)
    outcomes = set()
    for _ in range(2000):
        data = bytearray(whole[: rng.choice([len(whole), rng.randrange(1, len(whole))])])
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        (tmp_path / "all.zip").write_bytes(data)
        try:
            outcomes |= set(reasons(found(tmp_path / "all.zip")).values())
        except InputError as error:
            outcomes.add(str(error).partition(": ")[2])
    assert len(outcomes) > 10

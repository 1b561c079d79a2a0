"""Write the grades of a class: for people, for programs, and for learning management systems.

``results.json`` holds everything and follows ``results.schema.json``. The other files are CSV:

- ``grades.csv``: a row for each student, a column for each question;
- ``canvas.csv``: Gradebook, Import. Canvas asks for the columns Student, ID and Section, finds
  students by ID, SIS ID or name, and takes points from a row "Points Possible"
  (instructure/canvas-lms, lib/gradebook_importer.rb);
- ``moodle.csv``: Upload grading worksheet. Moodle asks for Identifier, Grade and Last modified
  (grade), and passes over an empty grade (moodle/moodle, mod/assign/feedback/offline:
  importgradeslib.php and locallib.php).

Who is not graded completely has no grade in them, never a zero.
"""

from __future__ import annotations

import dataclasses
import html
import re
from collections import Counter
from pathlib import Path
from typing import Any

from .gradebook import Gradebook, Member, to_json, write
from .paths import names_lab
from .tables import read_table, table

VERSION = 1
_POINTS = "    Points Possible"  # as Canvas itself writes it
_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_MOODLE = (
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
    "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
    "Feedback comments",
)  # fmt: skip


def write_grades(
    book: Gradebook, out: Path, canvas: Path | None = None, moodle: Path | None = None
) -> list[str]:
    """Write all files of grades, and return what an instructor should know of them.

    Parameters
    ----------
    book : Gradebook
        The class.
    out : Path
        Where to write.
    canvas : Path, optional
        A gradebook exported from Canvas, to take students' numbers and the assignment's name from.
    moodle : Path, optional
        A grading worksheet downloaded from Moodle, to be filled in.

    Raises
    ------
    TableError
        If one of these cannot be read.
    """
    write(out / "results.json", to_json(results(book)))
    write(out / "grades.csv", table(_grades(book), excel=True))
    book, notes = _with_clear_numbers(book)
    canvas_rows, canvas_notes = _fill_canvas(book, canvas) if canvas else (_canvas(book), [])
    moodle_rows, moodle_notes = _fill_moodle(book, moodle) if moodle else (_moodle(book), [])
    write(out / "canvas.csv", table(canvas_rows))
    write(out / "moodle.csv", table(moodle_rows))
    return notes + canvas_notes + moodle_notes


def results(book: Gradebook) -> dict[str, Any]:
    """Return everything but times and pictures, as JSON can hold it."""
    students = []
    for member in book.members:
        answers, cells, notes = [], [], list(member.notes)
        if member.result:
            answers = [dataclasses.asdict(answer) for answer in member.result.answers]
            cells = [dataclasses.asdict(cell) for cell in member.result.cells]
            notes += member.result.notes
        for answer in answers:
            answer["pictures"] = len(answer["pictures"])
        students.append(
            {
                "student": member.student,
                "name": member.name,
                "id": member.identifier,
                "file": member.file,
                "status": member.status,
                "why": member.why,
                "points": member.result.earned if member.result else None,
                "late_days": member.late_days,
                "penalty": book.penalty(member),
                "total": book.total(member),
                "notes": notes,
                "answers": answers,
                "cells": cells,
                "submission": member.result.submission if member.result else None,
            }
        )
    return {
        "version": VERSION, "lab": book.lab, "title": book.title, "points": book.points,
        "tests": book.tests, "seed": book.seed, "isolation": book.isolation,
        "late_penalty": book.late_penalty, "students": students,
        "ignored": [{"file": file, "why": why} for file, why in book.ignored],
    }  # fmt: skip


def _grades(book: Gradebook) -> list[list[Any]]:
    names = [column.question for column in book.columns]
    rows: list[list[Any]] = [
        ["student", "name", "id", "status", "reason", *names, "points", "late days", "penalty",
         "total", "out of", "isolation", "file", "notes"]
    ]  # fmt: skip
    for member in book.members:
        graded = member.status in ("graded", "waiting")
        answers = {a.question: a.earned for a in member.result.answers} if member.result else {}
        earned = [answers.get(name) if graded else None for name in names]
        points = member.result.earned if member.result and graded else None
        notes = [*member.notes, *(member.result.notes if member.result else ())]
        rows.append(
            [member.student, member.name, member.identifier, member.status, member.why, *earned,
             points, member.late_days, book.penalty(member), book.total(member), book.points,
             book.isolation, member.file, "; ".join(notes)]
        )  # fmt: skip
    return rows


def _with_clear_numbers(book: Gradebook) -> tuple[Gradebook, list[str]]:
    """Leave out students who share a number: one of them has a name made to look like that."""
    count = Counter(m.identifier for m in book.members if m.identifier)
    shared = [m.student for m in book.members if count[m.identifier] > 1]
    if not shared:
        return book, []
    members = tuple(m for m in book.members if m.student not in shared)
    note = f"these share a number, so canvas.csv and moodle.csv leave them out: {', '.join(shared)}"
    return dataclasses.replace(book, members=members), [note]


def _canvas(book: Gradebook) -> list[list[Any]]:
    rows: list[list[Any]] = [[*_CANVAS, book.title], [_POINTS, "", "", "", "", book.points]]
    for member in book.members:
        if (total := book.total(member)) is not None:
            known = member.system == "canvas"
            number = member.identifier if known else ""
            login = "" if known else member.student
            rows.append([member.name, number, "", login, "", total])
    return rows


def _fill_canvas(book: Gradebook, path: Path) -> tuple[list[list[Any]], list[str]]:
    """Return the rows of an exported gradebook whose students are graded, with this lab alone."""
    header, rows = read_table(path, ["ID", "Section"])
    about = header.index("Section") + 1  # columns that tell who it is
    named = [i for i, name in enumerate(header) if i >= about and names_lab(name, book.lab)]
    its = named[0] if len(named) == 1 else None
    notes = []
    if its is None:
        notes.append(f"{path}: no single column is named after {book.lab}; Canvas will ask whether")
        notes[-1] += f' "{book.title}" is a new assignment'
    filled: list[list[Any]] = [[*header[:about], header[its] if its is not None else book.title]]
    found: set[str] = set()
    for _, row in rows:
        if row[0].strip() == _POINTS.strip():
            filled.append([*row[:about], row[its] if its is not None else book.points])
            continue
        who = dict(zip(header[:about], row, strict=False))
        numbers = [who.get(name, "") for name in ("SIS User ID", "SIS Login ID")]
        for member in book.members:
            if member.system == "canvas":
                same = member.identifier == who["ID"]
            else:
                same = member.student in numbers or _letters(member.name) == _letters(row[0])
            if same:
                found.add(member.student)
                if (total := book.total(member)) is not None:
                    filled.append([*row[:about], total])
                break
    return filled, notes + _missing(book, found, path)


def _moodle(book: Gradebook) -> list[list[Any]]:
    rows: list[list[Any]] = [list(_MOODLE)]
    for member in book.members:
        number = member.identifier if member.system == "moodle" else ""
        rows.append(
            [f"Participant {number}" if number else "", member.name, "", member.status,
             book.total(member), book.points, "Yes", "-", "-", _comment(book, member)]
        )  # fmt: skip
    return rows


def _fill_moodle(book: Gradebook, path: Path) -> tuple[list[list[Any]], list[str]]:
    """Return a worksheet with grades and comments filled in, and all else as it was."""
    header, rows = read_table(path, ["Identifier", "Full name", "Grade", "Last modified (grade)"])
    at = {name: header.index(name) for name in _MOODLE if name in header}
    notes, found, most = [], set[str](), set[str]()
    filled: list[list[Any]] = [header]
    for _, row in rows:
        number = re.sub(r"\D", "", row[at["Identifier"]])
        cells: list[Any] = list(row)
        for member in book.members:
            by_number = member.system == "moodle" and bool(member.identifier)
            if number == member.identifier if by_number else row[at["Full name"]] == member.name:
                found.add(member.student)
                if (total := book.total(member)) is not None:
                    cells[at["Grade"]] = total
                    if "Feedback comments" in at:
                        cells[at["Feedback comments"]] = _comment(book, member)
                    most.add(row[at["Maximum Grade"]] if "Maximum Grade" in at else "")
                break
        filled.append(cells)
    if any(_differs(maximum, book.points) for maximum in most):
        notes.append(
            f"{path}: the maximum grade there is {', '.join(sorted(most))}, that of the lab is"
            f" {book.points:g}; set the assignment's maximum to {book.points:g} before the upload"
        )
    return filled, notes + _missing(book, found, path)


def _differs(text: str, points: float) -> bool:
    try:
        return bool(text) and float(text.replace(",", ".")) != points
    except ValueError:
        return True


def _missing(book: Gradebook, found: set[str], path: Path) -> list[str]:
    graded = (member.student for member in book.members if book.total(member) is not None)
    if missing := [student for student in graded if student not in found]:
        return [f"{path}: not found there, so without a grade: {', '.join(missing)}"]
    return []


def _letters(name: str) -> str:
    """Return a name as Canvas writes it into file names: "Doe, Jane" is doejane."""
    return re.sub(r"\W", "", name).lower()


def _comment(book: Gradebook, member: Member) -> str:
    """Return the points of each question, as HTML, which Moodle takes comments for."""
    if member.result is None or book.total(member) is None:
        return ""
    parts = [f"{a.title}: {a.earned or 0:g} of {a.points:g}" for a in member.result.answers]
    if penalty := book.penalty(member):
        parts.append(f"late: {-penalty:g}")
    return html.escape("; ".join(parts), quote=False)

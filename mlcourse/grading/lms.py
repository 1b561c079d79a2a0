"""Make what learning management systems import, and say who has no grade in it.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .gradebook import Gradebook, Member
from .paths import names_lab
from .tables import read_table

CANVAS_NEEDS = ("ID", "Section")
MOODLE_NEEDS = ("Identifier", "Full name", "Grade", "Last modified (grade)")
_POINTS = "    Points Possible"  # as Canvas itself writes it
_TEST = "Student, Test"  # whom Canvas adds to a course to try things
_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_MOODLE = (
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
    "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
    "Feedback comments",
)  # fmt: skip


@dataclass(frozen=True)
class Upload:
    """A file for a learning management system, and what an instructor should know of it.

    Attributes
    ----------
    file : str
        Its name.
    rows : list
        Its cells.
    notes : list of str
        What to do before the upload.
    source : str
        The system's own list of the class that was filled in; empty without one.
    listed : int
        How many students are in that.
    silent : tuple of str
        Those of them who handed in nothing, as they are called there.
    unknown : tuple of str
        Students who handed in, and of whom the file says nothing.
    """

    file: str
    rows: list[list[Any]]
    notes: list[str]
    source: str = ""
    listed: int = 0
    silent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def uploads(book: Gradebook, canvas: Path | None, moodle: Path | None) -> list[Upload]:
    """Return the file of each system that the class came from, or whose list was given.

    Parameters
    ----------
    book : Gradebook
        The class.
    canvas : Path, optional
        A gradebook exported from Canvas, to take students' numbers and the assignment's name from.
    moodle : Path, optional
        A grading worksheet downloaded from Moodle, to be filled in.

    Raises
    ------
    TableError
        If one of these cannot be read.
    """
    systems = {member.system for member in book.members}
    made = []
    clear, notes, shared = _with_clear_numbers(book)
    if canvas or "canvas" in systems:
        made.append(_fill_canvas(clear, canvas) if canvas else _canvas(clear))
    if moodle or "moodle" in systems:
        made.append(_fill_moodle(clear, moodle) if moodle else _moodle(clear))
    return [
        dataclasses.replace(u, notes=notes + u.notes, unknown=(*shared, *u.unknown)) for u in made
    ]


def _with_clear_numbers(book: Gradebook) -> tuple[Gradebook, list[str], list[str]]:
    """Leave out students who share a number: one of them has a name made to look like that."""
    count = Counter(m.identifier for m in book.members if m.identifier)
    shared = [m.student for m in book.members if count[m.identifier] > 1]
    if not shared:
        return book, [], []
    members = tuple(m for m in book.members if m.student not in shared)
    note = f"these share a number, so they are left out of it: {', '.join(shared)}"
    return dataclasses.replace(book, members=members), [note], shared


def _canvas(book: Gradebook) -> Upload:
    rows: list[list[Any]] = [[*_CANVAS, book.title], [_POINTS, "", "", "", "", book.points]]
    for member in book.members:
        if (total := book.total(member)) is not None:
            known = member.system == "canvas"
            number = member.identifier if known else ""
            login = "" if known else member.student
            rows.append([member.name, number, "", login, "", total])
    note = "without --canvas-gradebook it has Canvas's numbers only where file names tell them"
    return Upload("canvas.csv", rows, [note])


def _fill_canvas(book: Gradebook, path: Path) -> Upload:
    """Return the rows of an exported gradebook whose students are graded, with this lab alone."""
    header, rows = read_table(path, CANVAS_NEEDS)
    about = header.index("Section") + 1  # columns that tell who it is
    named = [i for i, name in enumerate(header) if i >= about and names_lab(name, book.lab)]
    its = named[0] if len(named) == 1 else None
    notes = []
    if its is None:
        notes.append(
            f"{path}: no single column is named after {book.lab}; Canvas will ask whether"
            f' "{book.title}" is a new assignment'
        )
    filled: list[list[Any]] = [[*header[:about], header[its] if its is not None else book.title]]
    found, names, silent = set[str](), 0, list[str]()
    for _, row in rows:
        if row[0].strip() == _POINTS.strip():
            filled.append([*row[:about], row[its] if its is not None else book.points])
            continue
        who = dict(zip(header[:about], row, strict=False))
        if not who["ID"].strip() or row[0].strip() == _TEST:
            continue
        names += 1
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
        else:
            silent.append(" ".join(reversed(row[0].split(", "))))
    return Upload(
        "canvas.csv", filled, notes, path.name, names, tuple(silent), _unknown(book, found)
    )


def _moodle(book: Gradebook) -> Upload:
    rows: list[list[Any]] = [list(_MOODLE)]
    for member in book.members:
        number = member.identifier if member.system == "moodle" else ""
        rows.append(
            [f"Participant {number}" if number else "", member.name, "", member.status,
             book.total(member), book.points, "Yes", "-", "-", _comment(book, member)]
        )  # fmt: skip
    return Upload("moodle.csv", rows, [])


def _fill_moodle(book: Gradebook, path: Path) -> Upload:
    """Return a worksheet with grades and comments filled in, and all else as it was."""
    header, rows = read_table(path, MOODLE_NEEDS)
    at = {name: header.index(name) for name in _MOODLE if name in header}
    notes, found, most, silent = [], set[str](), set[str](), list[str]()
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
        else:
            silent.append(row[at["Full name"]])
        filled.append(cells)
    if any(_differs(maximum, book.points) for maximum in most):
        notes.append(
            f"{path}: the maximum grade there is {', '.join(sorted(most))}, that of the lab is"
            f" {book.points:g}; set the assignment's maximum to {book.points:g} before the upload"
        )
    return Upload(
        "moodle.csv", filled, notes, path.name, len(rows), tuple(silent), _unknown(book, found)
    )


def _differs(text: str, points: float) -> bool:
    try:
        return bool(text) and float(text.replace(",", ".")) != points
    except ValueError:
        return True


def _unknown(book: Gradebook, found: set[str]) -> tuple[str, ...]:
    return tuple(member.student for member in book.members if member.student not in found)


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

"""Write the grades of a class: for people, for programs, and for learning management systems.

``results.json`` holds everything and follows ``results.schema.json``; ``grades.csv`` has a row for
each student and a column for each question; ``lms.py`` makes what Canvas and Moodle import.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from .gradebook import Gradebook, to_json, write
from .lms import Upload, uploads
from .tables import table

VERSION = 1
RESULTS = "results.json"


def write_grades(
    book: Gradebook, out: Path, canvas: Path | None = None, moodle: Path | None = None
) -> list[Upload]:
    """Write all files of grades, and return those for learning management systems.

    Raises
    ------
    TableError
        If ``canvas`` or ``moodle`` cannot be read: see ``uploads``.
    """
    made = uploads(book, canvas, moodle)
    write(out / RESULTS, to_json(results(book)))
    write(out / "grades.csv", table(_grades(book), excel=True))
    for old in ("canvas.csv", "moodle.csv"):
        (out / old).unlink(missing_ok=True)
    for upload in made:
        write(out / upload.file, table(upload.rows))
    return made


def last_totals(out: Path) -> dict[str, float | None] | None:
    """Return the grades that were written last, by student; None if there are none."""
    try:
        data = json.loads((out / RESULTS).read_text("utf-8"))
        return {student["student"]: student["total"] for student in data["students"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
         "total", "out of", "look at", "isolation", "file", "notes"]
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
             "; ".join(book.alerts(member)), book.isolation, member.file, "; ".join(notes)]
        )  # fmt: skip
    return rows

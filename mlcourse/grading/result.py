"""What grading one submission gives: plain data that is written to a file and read again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PartResult:
    """The result of a part of a question.

    Attributes
    ----------
    name : str
        The test's name, for the instructor.
    hidden : bool
        Whether students must not learn what it asks.
    points, earned : float
        What it is worth, and what the student got.
    status : str
        "passed", "failed", "unanswered", or a kind of StudentError.
    message : str
        What went wrong, for the student. Of a hidden part it holds no input, no expected value and
        nothing that the student's code made up.
    detail : str
        The same for the instructor; it may hold text of the student's.
    """

    name: str
    hidden: bool
    points: float
    earned: float
    status: str
    message: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """The result of a question.

    Attributes
    ----------
    question, title, kind : str
        As in the lab.
    points : float
        What it is worth.
    earned : float, optional
        What the student got; None while a person has to mark it.
    section : (str, str)
        Anchor and title of what to read again.
    misconception : str, optional
        The message of the known wrong answer that the student gave.
    parts : tuple of PartResult
        Empty for manual questions.
    with_right : tuple of str
        Earlier questions that were answered wrongly and that this answer calls, if it got more
        points with right answers to them.
    text : str
        A manual answer.
    pictures : tuple of str
        Plots of a manual answer: PNG in base64.
    rubric : tuple of (float, str)
        Points of a manual question and what they are given for.
    marks : tuple of (float, str)
        A person's mark and comment for each row of the rubric.
    """

    question: str
    title: str
    kind: str
    points: float
    earned: float | None
    section: tuple[str, str]
    misconception: str | None = None
    parts: tuple[PartResult, ...] = ()
    with_right: tuple[str, ...] = ()
    text: str = ""
    pictures: tuple[str, ...] = ()
    rubric: tuple[tuple[float, str], ...] = ()
    marks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Cell:
    """What became of a code cell.

    Attributes
    ----------
    status : str
        "ok" or a kind of StudentError.
    error : str
        The same in words.
    title : str
        What to call the cell.
    defines : tuple of str
        The names that it would define.
    """

    status: str
    error: str
    title: str = ""
    defines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """The result of a submission.

    Attributes
    ----------
    status : str
        "graded", "unreadable" or "failed".
    why : str
        The reason, unless it was graded.
    answers : tuple of Answer
        One for each question, whatever the status.
    cells : tuple of Cell
        One for each code cell that was run.
    notes : tuple of str
        What was done to be able to read the notebook.
    submission, tests : str
        SHA-256 of the notebook and of the lab's tests.
    seed : int
        Seed of the inputs.
    isolation : str
        "sandbox" or "process".
    seconds : float
        Wall time that it took; the only part that differs between two gradings.
    """

    status: str
    why: str
    answers: tuple[Answer, ...]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]
    submission: str
    tests: str
    seed: int
    isolation: str
    seconds: float

    @property
    def points(self) -> float:
        """What the whole lab is worth."""
        return sum(answer.points for answer in self.answers)

    @property
    def earned(self) -> float:
        """What the student got, without what a person has yet to mark."""
        return sum(answer.earned or 0.0 for answer in self.answers)

    @property
    def waiting(self) -> bool:
        """Whether a person has yet to mark something."""
        return any(answer.earned is None for answer in self.answers)

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON can hold it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """Return the result that ``to_json`` was called on.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the data is not such a result.
        """
        answers = []
        for answer in data["answers"]:
            parts = tuple(PartResult(**part) for part in answer["parts"])
            pairs = {
                key: tuple((float(mark), str(text)) for mark, text in answer[key])
                for key in ("rubric", "marks")
            }
            anchor, title = answer["section"]
            lists = {
                "section": (anchor, title),
                "with_right": tuple(answer["with_right"]),
                "pictures": tuple(answer["pictures"]),
            }
            answers.append(Answer(**{**answer, "parts": parts, **pairs, **lists}))
        cells = tuple(Cell(**{**cell, "defines": tuple(cell["defines"])}) for cell in data["cells"])
        return cls(
            **{**data, "answers": tuple(answers), "cells": cells, "notes": tuple(data["notes"])}
        )

"""Keep what grading a class gave: a folder with a file for each student, and one for the class.

Every file is written whole or not at all, so that grading can be killed at any moment and started
again. ``feedback`` and ``report`` need nothing but this folder.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bank import Lab
from .questions import ManualQuestion
from .result import Result

CLASS = "class.json"
RESULTS = "results"
_LOCK = ".lock"
_NO_ANSWER = {"missing", "unanswered"}  # what parts are when there is nothing to ask
# What labs say of code that was to be repaired and is as it was handed out.
_AS_GIVEN = ("as you got it", "faults are still there")


class GradebookError(Exception):
    """The folder of results cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Column:
    """A question of the lab: what tables of the class need of it."""

    question: str
    title: str
    kind: str
    points: float
    rubric: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Member:
    """A student of the class: where the submission came from, and its result if it has one.

    The attributes up to ``notes`` are those of ``Submission``; ``changed`` names the questions
    whose answer is not the one that was marked.
    """

    student: str
    name: str
    system: str
    identifier: str
    file: str
    late: bool
    feedback: str
    notes: tuple[str, ...]
    late_days: float
    result: Result | None = None
    changed: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """One of "graded", "waiting" (for marks), "unreadable", "failed" and "not graded"."""
        if self.result is None:
            return "not graded"
        return "waiting" if self.result.waiting else self.result.status

    @property
    def why(self) -> str:
        """The reason for a status that needs one."""
        return self.result.why if self.result else "grading was stopped before; start it again"

    def called(self, name: str) -> bool:
        """Tell whether a list may mean this student by ``name``."""
        return name.strip() in {self.student, self.name, self.identifier} - {""}


@dataclass(frozen=True)
class Gradebook:
    """A class and a lab.

    Attributes
    ----------
    lab, title, chapter : str
        As in the lab.
    columns : tuple of Column
        Its questions.
    tests : str
        SHA-256 of the lab's tests.
    seed : int
        Seed of the hidden inputs.
    isolation : {"sandbox", "process"}
        What student code was run in.
    late_penalty : float
        Share of the earned points that each late day costs.
    members : tuple of Member
        All students, in order.
    ignored : tuple of (str, str)
        Files that are nobody's, and why.
    seed_given : bool
        Whether the seed was asked for, and does not follow from the tests.
    """

    lab: str
    title: str
    chapter: str
    columns: tuple[Column, ...]
    tests: str
    seed: int
    isolation: str
    late_penalty: float
    members: tuple[Member, ...]
    ignored: tuple[tuple[str, str], ...]
    seed_given: bool = False

    @property
    def points(self) -> float:
        """What the whole lab is worth."""
        return sum(column.points for column in self.columns)

    def penalty(self, member: Member) -> float:
        """Return the points that being late costs, rounded to hundredths."""
        earned = member.result.earned if member.result else 0.0
        return round(earned * min(1.0, self.late_penalty * member.late_days), 2)

    def total(self, member: Member) -> float | None:
        """Return what goes into the gradebook; None unless everything is graded."""
        if member.result is None or member.status != "graded":
            return None
        return round(member.result.earned - self.penalty(member), 2)

    def blank(self, member: Member) -> str:
        """Say why a submission that was graded holds no answer at all; nothing if it holds one."""
        if member.result is None or member.status != "graded":
            return ""
        answers = member.result.answers
        parts = [
            part
            for answer in answers
            if not any(said in (answer.misconception or "") for said in _AS_GIVEN)
            for part in answer.parts
        ]
        found = {part.status for part in parts}
        if any(a.text or a.pictures or a.earned for a in answers) or found - _NO_ANSWER:
            return ""
        if any("because its cell stopped" in part.detail for part in parts):
            return ""
        if found == {"missing"}:
            return f"looks like another lab: none of {self.lab}'s names is in it"
        return "nothing was answered"

    def alerts(self, member: Member) -> list[str]:
        """Return what an instructor should look at, although the submission was graded."""
        said = [blank] if (blank := self.blank(member)) else []
        for answer in member.result.answers if member.result else ():
            if answer.question in member.changed:
                mark = "" if answer.earned is None else f" ({answer.earned:g})"
                said.append(
                    f"the answer to {answer.question} has changed since it was marked{mark};"
                    " look again"
                )
        return said


def columns(lab: Lab) -> tuple[Column, ...]:
    """Return the questions of a lab as the gradebook keeps them."""
    return tuple(
        Column(q.name, q.title, q.kind, q.points, tuple(q.rubric))
        if isinstance(q, ManualQuestion)
        else Column(q.name, q.title, q.kind, q.points)
        for q in lab.questions
    )


def write(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Write a file whole or not at all: beside it first, then in its place.

    ``durable`` waits for the disk, for what cannot be made again from other files.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    number, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with open(number, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def to_json(data: Any) -> str:
    """Return JSON that is the same for the same data, with a line for each item."""
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def check_is_ours(out: Path) -> None:
    """Keep out of a folder that holds something else.

    Raises
    ------
    GradebookError
        If it is not empty and nothing was graded into it.
    """
    if out.is_dir() and not (out / CLASS).exists():
        left = {_LOCK, RESULTS, "given"}  # by a grader that was stopped at once
        if any(path.name not in left for path in out.iterdir()):
            raise GradebookError(
                f"{out}/ is not empty and holds no results of this grader; choose another --out"
            )


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Make the folder and keep it from a second grader; the lock ends with the process.

    Raises
    ------
    GradebookError
        If another grader is at work in it, or it cannot be made.
    """
    try:
        (out / RESULTS).mkdir(parents=True, exist_ok=True)
        file = open(out / _LOCK, "w")  # noqa: SIM115 - closed below
    except OSError as error:
        raise GradebookError(f"{out}: {error.strerror}; choose another folder") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise GradebookError(
                f"{out}: another grader is at work in this folder; wait until it has ended"
            ) from None
        for left in (*out.glob(".*.tmp"), *(out / RESULTS).glob(".*.tmp")):
            left.unlink(missing_ok=True)  # of a grader that was killed
        yield


def save(book: Gradebook, out: Path) -> None:
    """Write the class, without the results: those have files of their own."""
    bare = (dataclasses.replace(m, result=None, changed=()) for m in book.members)
    members = [dataclasses.asdict(member) for member in bare]
    data = dataclasses.asdict(dataclasses.replace(book, members=()))
    write(out / CLASS, to_json({**data, "members": members}), durable=True)


def load(out: Path) -> Gradebook:
    """Return what is in the folder.

    Raises
    ------
    GradebookError
        If nothing was graded into it, or it is damaged.
    """
    try:
        data = json.loads((out / CLASS).read_text("utf-8"))
    except FileNotFoundError:
        raise GradebookError(f"{out}: nothing was graded into this folder yet") from None
    except (OSError, ValueError) as error:
        raise GradebookError(f"{out / CLASS}: cannot be read ({error}); grade again") from None
    try:
        members = tuple(
            Member(
                **{
                    **m, "notes": tuple(m["notes"]), "changed": (),
                    "result": load_result(out, m["student"]),
                }
            )
            for m in data["members"]
        )  # fmt: skip
        kept = tuple(
            Column(**{**c, "rubric": tuple((mark, text) for mark, text in c["rubric"])})
            for c in data["columns"]
        )
        ignored = tuple((path, why) for path, why in data["ignored"])
        return Gradebook(**{**data, "members": members, "columns": kept, "ignored": ignored})
    except (KeyError, TypeError, ValueError):
        raise GradebookError(f"{out / CLASS}: of another version; grade again") from None


def save_result(out: Path, student: str, result: Result) -> None:
    """Write the result of one student."""
    # A student's text may hold halves of characters, which no file can.
    data = to_json(result.to_json()).encode("utf-8", "replace")
    write(out / RESULTS / f"{student}.json", data, durable=True)


def load_result(out: Path, student: str) -> Result | None:
    """Return the result of one student; None if there is none that can be read."""
    try:
        return Result.from_json(json.loads((out / RESULTS / f"{student}.json").read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""The questions of the labs, read from the check files (``labs/checks/lab01.json`` and so on).

A check file holds data only: for each question the visible inputs and what comes out of the right
answer and of the known wrong ones. Numbers and choices are there as fingerprints.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .compare import Outcome
from .plain import unpack
from .steps import Case, unpack_case

FORMAT = 1
# Where the folder of check files lies, seen from the notebook or from a folder above it.
_FOLDERS = ("checks", "labs/checks")


class LabError(Exception):
    """There is no such question, or no file that can be read; the message says what to do."""


@dataclass(frozen=True)
class Task:
    """A visible case and what is right: an outcome, or the labels to be predicted."""

    case: Case
    right: Outcome
    labels: Sequence[int]


@dataclass(frozen=True)
class Question:
    """One question of a lab, as the check file describes it."""

    name: str
    title: str
    kind: str  # function, class, training, number, choice or manual
    points: float
    minutes: float
    section: tuple[str, str]  # anchor and title of what to read again
    hints: tuple[str, ...] = ()
    visible_points: float = 0
    in_place: bool = False
    rtol: float = 1e-5
    atol: float = 1e-8
    accuracy: float = 0  # of a training question: the share of right labels that is asked for
    answer: str = ""  # of a number or a choice: its fingerprint
    tolerance: float | None = None
    choices: dict[str, str] | None = None
    rubric: tuple[tuple[float, str], ...] = ()
    form: str = "text"
    cases: tuple[Task, ...] = ()
    wrong: tuple[tuple[str, Any], ...] = ()  # message, and outcome of each case or fingerprint


@dataclass(frozen=True)
class Lab:
    """A lab and its questions by name, in order."""

    name: str  # such as lab01
    title: str
    chapter: str  # the notebook that teaches it
    modules: tuple[str, ...]  # what answers may use besides NumPy and the standard library
    questions: dict[str, Question]

    @property
    def label(self) -> str:
        """The name in words.

        Examples
        --------
        >>> Lab("lab01", "A batched MLP", "chapters/01-batched-mlp.ipynb", (), {}).label
        'Lab 1'
        """
        number = self.name.removeprefix("lab").lstrip("0")
        return f"Lab {number}" if number.isdigit() else self.name


def find_labs() -> tuple[list[Lab], list[str]]:
    """Return the labs whose files are found, and what is wrong with the files that are not read.

    The files lie in ``checks`` or ``labs/checks``, in the working directory or a folder above it,
    or beside the package.

    Raises
    ------
    LabError
        If there are none.
    """
    here = Path.cwd()
    places = [above / folder for above in (here, *here.parents) for folder in _FOLDERS]
    places.append(Path(__file__).parents[2] / "labs/checks")
    for place in places:
        if files := sorted(place.glob("lab*.json")):
            labs, problems = [], []
            for file in files:
                try:
                    labs.append(_read(file, file.stat().st_mtime_ns))
                except LabError as error:
                    problems.append(str(error))
            return labs, problems
    raise LabError(
        f"no check files found. They are looked for in the folders checks and labs/checks, in "
        f"{here} and above it. Get the folder checks that comes with the labs and put it beside "
        "the notebook (on Colab: open Files at the left, make a folder named checks, and drop "
        "the .json files into it)."
    )


@functools.cache
def _read(file: Path, _changed: int) -> Lab:
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
        newer = tree["format"] > FORMAT
        if not newer:
            questions = [_question(entry) for entry in tree["questions"]]
            by_name = {question.name: question for question in questions}
            modules = tuple(tree["modules"])
            return Lab(tree["lab"], tree["title"], tree["chapter"], modules, by_name)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise LabError(
            f"{file.name} in {file.parent} is damaged ({error}). Download it again."
        ) from error
    raise LabError(
        f"{file.name} in {file.parent} was made for a newer version of mlcourse. "
        "Get the newest version of the course's package."
    )


def _question(entry: dict[str, Any]) -> Question:
    """Return a question; what does not apply to its kind is null or left out."""
    fields = {key: value for key, value in entry.items() if value is not None}
    fields["cases"] = tuple(
        Task(unpack_case(task["case"]), _outcome(task.get("right", {})), task.get("labels", ()))
        for task in fields.get("cases", ())
    )
    fields["wrong"] = tuple(
        (wrong["message"], wrong.get("answer") or tuple(map(_outcome, wrong["outcomes"])))
        for wrong in fields.get("wrong", ())
    )
    return Question(**fields)


def _outcome(tree: dict[str, Any]) -> Outcome:
    return Outcome(tree.get("kind", ""), unpack(tree.get("value")), tree.get("detail", ""))

"""The kinds of question: code that the student writes, values, and what a person marks."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..labs.compare import agree, digest, digest_matches
from ..labs.steps import Case

Draw = Callable[[np.random.Generator], list[Any]]


class LabError(Exception):
    """A lab is not as it should be; the message says which question, and what to do."""


@dataclass(frozen=True)
class Drawn:
    """A case, and the right labels if the question is one of training."""

    case: Case
    labels: Any = None


@dataclass(frozen=True)
class Part:
    """A part of a question's points: cases to agree on (``draw``) or a property (``holds``)."""

    name: str
    points: float
    hidden: bool
    draw: Draw | None = None
    holds: Callable[[Any, np.random.Generator], None] | None = None
    seconds: float | None = None  # another time limit for each call
    about: str = ""  # what students may read of a hidden part, such as "other shapes"


@dataclass(frozen=True)
class Wrong:
    """A known wrong answer: a function, class or value, and the misconception behind it."""

    message: str
    answer: Any


@dataclass(kw_only=True)
class Question:
    """What all questions have.

    Attributes
    ----------
    name : str
        The name that the student's notebook defines.
    points : float
        Points of all its parts together.
    minutes : int
        Expected working time.
    section : (str, str)
        Anchor and title of the section of the chapter that it practises.
    hints : tuple of str
        Three, of growing strength.
    title : str
        A few words for tables.
    """

    name: str
    points: float
    minutes: int
    section: tuple[str, str]
    hints: tuple[str, str, str]
    title: str
    wrongs: list[Wrong] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The kind of question, for tables and files."""
        raise NotImplementedError


@dataclass(kw_only=True)
class CodeQuestion(Question):
    """A function or a class that the student writes.

    Attributes
    ----------
    reference : callable
        The right answer.
    in_place : bool
        Whether it may change the arrays that it is given.
    rtol, atol : float
        Tolerances of ``agree``.
    accuracy : float, optional
        For a training run: the share of right labels that a case must reach.
    uses : tuple of str
        Earlier questions whose functions this answer may call: a mistake there does not count
        here again.
    """

    reference: Callable[..., Any]
    in_place: bool = False
    rtol: float = 1e-5
    atol: float = 1e-8
    accuracy: float | None = None
    uses: tuple[str, ...] = ()
    parts: list[Part] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """One of "function", "class" and "training"."""
        if self.accuracy is not None:
            return "training"
        return "class" if isinstance(self.reference, type) else "function"

    def inputs(
        self, points: float, *, hidden: bool = False, seconds: float | None = None, about: str = ""
    ) -> Callable[[Draw], Draw]:
        """Add inputs on which the student's code must agree with the reference: a decorator.

        The function draws a list of argument tuples, or of cases made with ``record``; for a
        training question a list of pairs of such and the right labels. Visible inputs (one function
        a question, before all other parts) are released with their outputs. ``about`` says in a
        few words what a hidden part tries, and is all that students learn of it.
        """

        def add(draw: Draw) -> Draw:
            self.parts.append(
                Part(draw.__name__, points, hidden, draw=draw, seconds=seconds, about=about)
            )
            return draw

        return add

    def test(
        self, points: float, *, hidden: bool = True, seconds: float | None = None, about: str = ""
    ) -> Callable[[Any], Any]:
        """Add a property that must hold: a decorator for ``def property(student, rng)``.

        The function calls ``student(...)`` and raises AssertionError where the property fails (see
        ``expect``). Whatever the student's code gives is plain data, of any shape and size.
        """

        def add(holds: Any) -> Any:
            self.parts.append(
                Part(holds.__name__, points, hidden, holds=holds, seconds=seconds, about=about)
            )
            return holds

        return add

    def wrong(self, message: str) -> Callable[[Any], Any]:
        """Add a known wrong answer and the misconception behind it: a decorator.

        Its source must stand alone but for ``np`` and the names that the lab gives.
        """

        def add(answer: Any) -> Any:
            self.wrongs.append(Wrong(message, answer))
            return answer

        return add

    def draw(self, part: Part, seed: int) -> list[Drawn]:
        """Return the cases of a part; the same for the same seed."""
        assert part.draw is not None
        drawn = []
        for item in part.draw(self.rng(part, seed)):
            arguments, labels = item if self.accuracy is not None else (item, None)
            if not isinstance(arguments, Case):
                arguments = Case.call(self.name, *arguments)
            drawn.append(Drawn(arguments, labels))
        return drawn

    def rng(self, part: Part, seed: int) -> np.random.Generator:
        """Return the generator of a part's random numbers."""
        return np.random.default_rng([seed, zlib.crc32(f"{self.name}.{part.name}".encode())])

    @property
    def visible(self) -> Part:
        """The part whose inputs the student's check has."""
        return next(part for part in self.parts if not part.hidden)


@dataclass(kw_only=True)
class ValueQuestion(Question):
    """A number, or a choice among lettered statements, that the student gives a name.

    Attributes
    ----------
    answer : float or str
        The right one.
    tolerance : float, optional
        How far a number may be off; None for a choice.
    choices : mapping of str to str
        Letter and statement; empty for a number.
    """

    answer: float | str
    tolerance: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """One of "number" and "choice"."""
        return "choice" if self.choices else "number"

    def wrong_value(self, value: float | str, message: str) -> None:
        """Add a known wrong answer and the misconception behind it."""
        self.wrongs.append(Wrong(message, value))

    def fingerprint(self, value: float | str) -> str:
        """Return what check files hold in place of an answer."""
        found = digest(self.name, value, self.tolerance)
        if found is None:
            raise LabError(f"{self.name}: {value!r} cannot be an answer")
        return found

    def is_right(self, value: Any) -> bool:
        """Tell whether an answer is right."""
        expected = self.fingerprint(self.answer)
        return digest_matches(self.name, value, self.tolerance, expected)

    def unusable(self, value: Any) -> str:
        """Return what is wrong with the form of an answer, or nothing."""
        if self.choices:
            fine = isinstance(value, str) and value.strip().lower() in self.choices
            return "" if fine else f"give one of the letters {', '.join(map(repr, self.choices))}"
        difference = agree(value, self.answer) or ""
        return difference if difference.startswith("expected a number") else ""

    def explain(self, value: Any) -> str | None:
        """Return the misconception behind a wrong answer, if it is known."""
        for wrong in self.wrongs:
            expected = self.fingerprint(wrong.answer)
            if digest_matches(self.name, value, self.tolerance, expected):
                return wrong.message
        return None


@dataclass(kw_only=True)
class ManualQuestion(Question):
    """A text or a plot that a person marks.

    Attributes
    ----------
    form : {"text", "plot"}
        A text is a variable of that name; plots are the pictures below the cells that use the name.
    rubric : sequence of (float, str)
        Points and what they are given for.
    """

    form: str
    rubric: Sequence[tuple[float, str]]

    @property
    def kind(self) -> str:
        """Always "manual"."""
        return "manual"

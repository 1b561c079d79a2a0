"""Grade one notebook: ask the student's code in its worker, and judge the answers here.

Inputs, right answers, comparison and points never leave this process. What comes back from the
worker is plain data, and every way in which a call can fail costs the part that it belongs to.
"""

from __future__ import annotations

import base64
import builtins
import hashlib
import inspect
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..labs.compare import Outcome, accuracy_of, agree, misconception, same
from ..labs.steps import Case, describe
from .bank import Lab
from .notebook import ReadError, read_notebook
from .pictures import pictures
from .process import Isolation
from .questions import CodeQuestion, Drawn, ManualQuestion, Part, Question, ValueQuestion
from .result import Answer, Cell, PartResult, Result
from .sandbox import Limits, SandboxError
from .session import Session, StudentError

_TEXT = 20_000  # characters of a text answer
_HIDDEN = {
    "failed": "a hidden test: the result is not right",
    "raised": "a hidden test: your code raised {}",
    "timeout": "a hidden test: your code took too long",
    "died": "a hidden test: your code ended Python or crashed it",
    "protocol": "a hidden test: the result is no plain data, such as a number or an array",
    "mutated": "a hidden test: your code changes its input; it must work on a copy",
    "oversized": "a hidden test: the result is too large",
    "unanswered": "not answered yet",
    "missing": "a hidden test: a name or an attribute that it uses is missing",
}


class Student:
    """What a test may do with the student's code; every value that it gets is plain data."""

    def __init__(self, session: Session, question: CodeQuestion) -> None:
        self._session, self._question = session, question
        self.call, self.value, self.new = session.call, session.value, session.new

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the question's function and return its value, or make an object of its class."""
        name = self._question.name
        if self._question.kind == "class":
            return self._session.new(name, *args, **kwargs)
        return self.case(Case.call(name, *args, **kwargs))[0]

    def case(self, case: Case) -> list[Any]:
        """Run a program and return what it shows."""
        return self._session.case(case, owned=self._question.in_place)


class Judge:
    """Grades submissions of one lab; several threads may use it at once.

    Parameters
    ----------
    lab : Lab
        From ``load_lab``.
    seed : int, optional
        Seed of the hidden inputs; by default it follows from the lab's file, so that a second
        grading gives the same result.
    limits : Limits
        What a submission may use.
    isolation : {"sandbox", "process"}
        See ``Session``.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        seed: int | None = None,
        limits: Limits | None = None,
        isolation: Isolation = "sandbox",
    ) -> None:
        self.lab, self.limits, self.isolation = lab, limits or Limits(), isolation
        self.seed = int(lab.digest[:8] or "0", 16) if seed is None else seed
        # References and wrong answers do the same for each submission: they run once.
        self._drawn: dict[tuple[str, str], tuple[list[Drawn], list[Outcome]]] = {}
        self._wrongs: dict[str, list[tuple[str, list[Outcome]]]] = {}

    def grade(self, content: bytes) -> Result:
        """Return the result of a notebook given as bytes; whatever they hold, it does not raise.

        Raises
        ------
        SandboxError
            If no sandbox works on this machine, which is not the submission's fault.
        """
        began = time.monotonic()
        try:
            notebook = read_notebook(content)
        except ReadError as error:
            return self.refuse("unreadable", str(error), content)
        with Session(
            notebook.cells,
            limits=self.limits,
            isolation=self.isolation,
            packages=("numpy", *self.lab.modules),
        ) as session:
            reports = session.run()
            answers = tuple(self._answer(q, session, content) for q in self.lab.questions)
        cells = tuple(Cell(report.status, report.error) for report in reports)
        return self._result(
            "graded", "", answers, cells, tuple(notebook.notes), content, time.monotonic() - began
        )

    def refuse(self, status: str, why: str, content: bytes = b"") -> Result:
        """Return the result of a submission that cannot be graded, with the reason."""
        answers = tuple(
            Answer(q.name, q.title, q.kind, q.points, 0.0, q.section) for q in self.lab.questions
        )
        return self._result(status, why, answers, (), (), content, 0.0)

    def _result(
        self,
        status: str,
        why: str,
        answers: tuple[Answer, ...],
        cells: tuple[Cell, ...],
        notes: tuple[str, ...],
        content: bytes,
        seconds: float,
    ) -> Result:
        submission = hashlib.sha256(content).hexdigest()
        return Result(
            status, why, answers, cells, notes, submission, self.lab.digest, self.seed,
            self.isolation, round(seconds, 3),
        )  # fmt: skip

    def _answer(self, question: Question, session: Session, content: bytes) -> Answer:
        if isinstance(question, CodeQuestion):
            return self._code(question, session)
        if isinstance(question, ValueQuestion):
            return self._value(question, session)
        assert isinstance(question, ManualQuestion)
        return self._manual(question, session, content)

    # Code
    # ----

    def _code(self, question: CodeQuestion, session: Session) -> Answer:
        parts: list[PartResult] = []
        outcomes: list[Outcome | None] = []
        right: list[bool] = []
        for part in question.parts:
            if part.draw is None:
                parts.append(self._property(question, part, session))
                continue
            drawn, expected = self._expected(question, part)
            mine, faults = self._cases(question, part, session, drawn, expected)
            outcomes += mine
            right += [fault is None for fault in faults]
            parts.append(_judged(question, part, drawn, mine, faults))
        mistake = None
        if not all(right):
            wrongs = self._wrong_outcomes(question)
            mistake = misconception(
                outcomes, right, wrongs, question.rtol, question.atol,
                training=question.accuracy is not None,
            )  # fmt: skip
        earned = sum(part.earned for part in parts)
        return Answer(
            question.name, question.title, question.kind, question.points, earned,
            question.section, mistake, tuple(parts),
        )  # fmt: skip

    def _expected(self, question: CodeQuestion, part: Part) -> tuple[list[Drawn], list[Outcome]]:
        key = (question.name, part.name)
        if key not in self._drawn:
            drawn = question.draw(part, self.seed)
            # A training run is judged by its labels: what the reference reaches does not matter.
            known = [] if question.accuracy is not None else self.lab.outcomes(question, drawn)
            self._drawn[key] = (drawn, known)
        return self._drawn[key]

    def _wrong_outcomes(self, question: CodeQuestion) -> list[tuple[str, list[Outcome]]]:
        if question.name not in self._wrongs:
            drawn = [
                d for part in question.parts if part.draw for d in self._expected(question, part)[0]
            ]
            self._wrongs[question.name] = [
                (wrong.message, self.lab.outcomes(question, drawn, wrong.answer))
                for wrong in question.wrongs
            ]
        return self._wrongs[question.name]

    def _cases(
        self,
        question: CodeQuestion,
        part: Part,
        session: Session,
        drawn: Sequence[Drawn],
        expected: Sequence[Outcome],
    ) -> tuple[list[Outcome | None], list[str | None]]:
        """Return what the student's code did in each case, and what is wrong with that."""
        outcomes: list[Outcome | None] = []
        faults: list[str | None] = []
        for i, one in enumerate(drawn):
            if outcomes and (outcomes[-1] is None or outcomes[-1].kind in ("timeout", "died")):
                outcomes.append(None)  # one such case costs the part, and a second costs time
                faults.append("not tried")
                continue
            outcome, message = _attempt(session, one.case, question.in_place, part.seconds)
            outcomes.append(outcome)
            if question.accuracy is not None and outcome.kind == "value":
                faults.append(_too_few(outcome, one.labels, question.accuracy))
            elif expected and same(outcome, expected[i], question.rtol, question.atol):
                faults.append(None)
            elif outcome.kind == "value":
                faults.append(_difference(outcome, expected[i], question))
            else:
                faults.append(message)
        return outcomes, faults

    def _property(self, question: CodeQuestion, part: Part, session: Session) -> PartResult:
        assert part.holds is not None
        rng = question.rng(part, self.seed)
        status, detail, kind = "passed", "", ""
        try:
            with session.allow(part.seconds or self.limits.call), np.errstate(all="ignore"):
                part.holds(Student(session, question), rng)
        except StudentError as error:
            status, detail, kind = error.kind, str(error), error.type
        except AssertionError as error:
            status, detail = "failed", str(error)
        except SandboxError:
            raise
        except Exception as error:  # the result is plain data, but not what the test can use
            status, detail = "failed", f"the result cannot be used: {type(error).__name__}: {error}"
        return _part(part, status, detail, kind)

    # Values, texts and plots
    # -----------------------

    def _value(self, question: ValueQuestion, session: Session) -> Answer:
        mistake, status, message = None, "passed", ""
        outcome, why = _attempt(session, Case.value(question.name), True, None)
        if outcome.kind != "value" or outcome.value is None:
            status, message = outcome.kind, why
        elif outcome.value[0] is Ellipsis:
            status, message = "unanswered", "not answered yet"
        elif not question.is_right(outcome.value[0]):
            mistake = question.explain(outcome.value[0])
            status, message = "failed", mistake or "not right"
        part = Part("answer", question.points, hidden=False)
        result = _part(part, status, message)
        return Answer(
            question.name, question.title, question.kind, question.points, result.earned,
            question.section, mistake, (result,),
        )  # fmt: skip

    def _manual(self, question: ManualQuestion, session: Session, content: bytes) -> Answer:
        text, found = "", list[bytes]()
        if question.form == "text":
            outcome, _ = _attempt(session, Case.value(question.name), True, None)
            value = outcome.value[0] if outcome.value else None
            text = value.strip()[:_TEXT] if isinstance(value, str) else ""
        else:
            found = pictures(content, question.name)
        encoded = tuple(base64.b64encode(png).decode("ascii") for png in found)
        earned = None if text or encoded else 0.0  # nothing to read, nothing to mark
        return Answer(
            question.name, question.title, question.kind, question.points, earned,
            question.section, text=text, pictures=encoded, rubric=tuple(question.rubric),
        )  # fmt: skip


def _attempt(
    session: Session, case: Case, owned: bool, seconds: float | None
) -> tuple[Outcome, str]:
    """Return what became of a case, and the error in words."""
    try:
        if seconds is None:
            return Outcome("value", session.case(case, owned=owned)), ""
        with session.allow(seconds):
            return Outcome("value", session.case(case, owned=owned)), ""
    except StudentError as error:
        if error.kind == "raised" and error.type == "NotImplementedError":
            return Outcome("raised", detail=error.type), "not answered yet"
        return Outcome(error.kind, detail=error.type), str(error)


def _difference(outcome: Outcome, expected: Outcome, question: CodeQuestion) -> str:
    """Return what differs first, of a case that gave a value."""
    if expected.kind != "value":
        return f"expected {expected.detail or expected.kind}, got a value"
    got, wanted = outcome.value or [], expected.value or []
    if len(wanted) == 1 and len(got) == 1:
        got, wanted = got[0], wanted[0]
    return agree(got, wanted, question.rtol, question.atol) or "not right"


def _too_few(outcome: Outcome, labels: Any, accuracy: float) -> str | None:
    """Return what is wrong with the predictions of a training run, or None."""
    reached = accuracy_of(outcome, labels)
    if isinstance(reached, str):
        return reached
    if reached >= accuracy:
        return None
    return f"expected at least {accuracy:.1%} right labels, got {reached:.1%}"


def _judged(
    question: CodeQuestion,
    part: Part,
    drawn: Sequence[Drawn],
    outcomes: Sequence[Outcome | None],
    faults: Sequence[str | None],
) -> PartResult:
    """Return the result of a part that consists of cases: the first fault tells why it failed."""
    for one, outcome, fault in zip(drawn, outcomes, faults, strict=True):
        if fault is None or outcome is None:
            continue
        if outcome.kind == "value":
            labels = list(inspect.signature(question.reference).parameters)
            return _part(part, "failed", f"{describe(one.case, labels)}: {fault}")
        return _part(part, outcome.kind, fault, outcome.detail)
    return _part(part, "passed")


def _part(part: Part, status: str, detail: str = "", kind: str = "") -> PartResult:
    """Return the result of a part; ``kind`` is the type of the exception if there was one."""
    if status == "raised" and kind == "NotImplementedError":
        status = "unanswered"
    message = detail
    if part.hidden and status in _HIDDEN:
        # The student's code could put what it was asked into the name of an exception.
        known = isinstance(getattr(builtins, kind, None), type)
        message = _HIDDEN[status].format(kind if known else "an exception")
    earned = part.points if status == "passed" else 0.0
    return PartResult(part.name, part.hidden, part.points, earned, status, message, detail)

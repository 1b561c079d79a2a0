"""Put in words what became of the parts of a question, for the student and for the instructor."""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Sequence
from typing import Any

from ..labs.compare import Outcome, accuracy_of, exception_type, raised
from ..labs.describe import describe, difference
from ..labs.steps import Case
from .process import StudentError
from .questions import CodeQuestion, Drawn, Part
from .result import PartResult
from .session import Session

_HIDDEN = {
    "failed": "the result is not right",
    "raised": "your code raised {}",
    "timeout": "your code took too long",
    "died": "your code ended Python or crashed it",
    "protocol": "the result is no plain data, such as a number or an array",
    "mutated": "your code changes its input; it must work on a copy",
    "oversized": "the result is too large",
    "missing": "a name or an attribute that it uses is missing",
}


def attempt_case(
    session: Session, case: Case, owned: bool, seconds: float | None
) -> tuple[Outcome, str]:
    """Return what became of a case, and the error in words."""
    try:
        if seconds is None:
            return Outcome("value", session.case(case, owned=owned)), ""
        with session.allow(seconds):
            return Outcome("value", session.case(case, owned=owned)), ""
    except StudentError as error:
        if error.kind != "raised":
            return Outcome(error.kind), str(error)
        said = error.message.partition(f" raised {error.type}")[2].removeprefix(": ")
        unanswered = error.type == "NotImplementedError"
        return raised(error.type, said), "not answered yet" if unanswered else str(error)


def fault_of(question: CodeQuestion, case: Case, outcome: Outcome, expected: Outcome) -> str:
    """Return what differs first, of a case that gave a value and not the right one."""
    if expected.kind != "value":
        return f"expected {expected.detail or expected.kind}, got a value"
    return difference(case, outcome, expected, question.rtol, question.atol) or "not right"


def too_few(outcome: Outcome, labels: Any, accuracy: float) -> str | None:
    """Return what is wrong with the predictions of a training run, or None."""
    reached = accuracy_of(outcome, labels)
    if isinstance(reached, str):
        return reached
    if reached >= accuracy:
        return None
    return f"expected at least {accuracy:.1%} right labels, got {reached:.1%}"


def judge_cases(
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
            calls = sum(step[0] == "call" for step in one.case.steps)
            named = inspect.signature(question.reference).parameters if calls == 1 else ()
            asked = describe(one.case, list(named))
            end = "\n" if "\n" in asked else ": "  # below a program of several lines
            return part_result(part, "failed", f"{asked}{end}{fault}")
        return part_result(part, outcome.kind, fault, exception_type(outcome))
    return part_result(part, "passed")


def part_result(part: Part, status: str, detail: str = "", kind: str = "") -> PartResult:
    """Return the result of a part; ``kind`` is the type of the exception if there was one."""
    if status == "raised" and kind == "NotImplementedError":
        status = "unanswered"
    message = detail
    if status == "unanswered":
        message = "not answered yet"
    elif part.hidden and status in _HIDDEN:
        # The student's code could put what it was asked into the name of an exception.
        known = isinstance(getattr(builtins, kind, None), type)
        what = _HIDDEN[status].format(kind if known else "an exception")
        message = f"a hidden test: {what}" + (f" (it tries {part.about})" if part.about else "")
    earned = part.points if status == "passed" else 0.0
    return PartResult(part.name, part.hidden, part.points, earned, status, message, detail)

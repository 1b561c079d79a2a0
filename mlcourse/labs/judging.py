"""Judge an answer on the visible inputs, and explain what is wrong with it in a few lines."""

from __future__ import annotations

import inspect
import linecache
import math
import reprlib
import traceback
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from .compare import Outcome, accuracy_of, digest, digest_matches, misconception, same
from .describe import describe, difference
from .local import attempt
from .questions import Question, Task
from .show import Block, Code, List, Note, counted
from .source import foreign_module, has_more_statements
from .steps import Case, Missing

_MESSAGE = 500  # characters of an exception's message


def judge(
    question: Question, answer: object, names: Mapping[str, Any], modules: Sequence[str]
) -> Note:
    """Return what is to be said about an answer.

    Parameters
    ----------
    question : Question
        What is asked.
    answer : object
        What the student gives.
    names : mapping
        The names that the answer may use, its own among them.
    modules : sequence of str
        The modules that it may use besides NumPy and the standard library.
    """
    if question.kind == "manual":
        return _by_hand(question, answer)
    if _is_empty(answer):
        return Note("open", question.name, "not answered yet", [question.title])
    if question.kind in ("number", "choice"):
        return _value(question, answer)
    if module := foreign_module(answer, names, modules):
        line = f"uses {module}, which is not there when the lab is graded; use NumPy"
        return Note("wrong", question.name, line)
    try:
        return _code(question, answer, names)
    except KeyboardInterrupt as stop:
        place = "".join(
            f" in {_name(f)}, line {n} of its cell" for f, n in _students_frames(stop)[-1:]
        )
        return Note("interrupted", question.name, f"interrupted{place}; does the loop end?")


def _is_empty(answer: object) -> bool:
    return answer is ... or (isinstance(answer, str) and not answer.strip())


def _by_hand(question: Question, answer: object) -> Note:
    """Say whether there is something for a person to read or to look at."""
    name = question.name
    criteria = [f"{text} ({counted(points, 'point')})" for points, text in question.rubric]
    body: list[Block] = ["Points are given for:", List(criteria)]
    if _is_empty(answer):
        return Note("open", name, "not answered yet", [question.title, *body])
    if question.form == "plot":
        if "Figure" not in [cls.__name__ for cls in type(answer).__mro__]:
            line = f"not a figure yet: write `{name}, ax = plt.subplots()`"
            return Note("wrong", name, line, body)
        save = "Run the cell and save the notebook: the saved picture is what is marked."
        return Note("note", name, "a figure; a person looks at it", [save, *body])
    if not isinstance(answer, str):
        line = f"expected a text in quotes, got {reprlib.repr(answer)}"
        return Note("wrong", name, line, body)
    words = counted(len(answer.split()), "word")
    return Note("note", name, f"{words}; a person reads your text", body)


def _value(question: Question, answer: object) -> Note:
    name = question.name

    def matches(fingerprint: str) -> bool:
        return digest_matches(name, answer, question.tolerance, fingerprint)

    if matches(question.answer):
        return Note("right", name, "right")
    for message, fingerprint in question.wrong:
        if matches(fingerprint):
            return Note("wrong", name, "not right yet", [message])
    if question.choices:
        if not isinstance(answer, str) or answer.strip().lower() not in question.choices:
            letters = ", ".join(f'"{letter}"' for letter in question.choices)
            return Note("wrong", name, f"give one of the letters {letters}")
    elif digest(name, answer, question.tolerance) is None:
        return Note("wrong", name, f"expected a number, got {reprlib.repr(answer)}")
    return Note("wrong", name, "not right yet")


def _code(question: Question, answer: object, names: Mapping[str, Any]) -> Note:
    """Run all visible cases; explain the first that is not right."""
    name = question.name
    tried = [_attempt(task.case, names, question.in_place) for task in question.cases]
    outcomes = [outcome for outcome, _ in tried]
    differences = [
        _difference(question, task, outcome)
        for task, outcome in zip(question.cases, outcomes, strict=True)
    ]
    right = [difference is None for difference in differences]
    if all(right):
        return Note("right", name, _all_right(question, outcomes), _hidden(question))
    first = right.index(False)
    task, (outcome, error) = question.cases[first], tried[first]
    if isinstance(error, NotImplementedError):
        return _unanswered(question, error)
    found = misconception(
        outcomes,
        right,
        question.wrong,
        question.rtol,
        question.atol,
        training=question.kind == "training",
    )
    labels = _labels(answer, task.case)
    shown: list[Block] = [found] if found else []
    shown.append(Code(describe(task.case, labels)))
    place = f" on visible {_case_of(question)} {first + 1} of {len(right)}"
    place = place if len(right) > 1 else ""
    if outcome.kind == "mutated":
        line = f"changes its input{_changed(outcome, labels)}; work on a copy"
        return Note("wrong", name, line, shown)
    if outcome.kind == "missing":
        return Note("wrong", name, f"needs {outcome.detail}, which is not there", shown)
    if error is not None:
        line = f"raises {type(error).__name__}{place}"
        return Note("wrong", name, line, [*shown, Code(_trace(error))])
    return Note("wrong", name, f"not right yet{place}", [*shown, differences[first] or ""])


def _unanswered(question: Question, error: NotImplementedError) -> Note:
    """Say which function, or class, is not written yet, and what it is to do."""
    frames = _students_frames(error)
    function = _name(frames[-1][0]).partition(".")[0] if frames else question.name
    if function != question.name:
        return Note("open", question.name, f"waits for {function}, which is not answered yet")
    body = [str(error)[:_MESSAGE] or question.title]
    if frames and has_more_statements(frames[-1][0].f_code):
        body.append("The line `raise NotImplementedError` still stands in it.")
    return Note("open", question.name, "not answered yet", body)


def _attempt(
    case: Case, names: Mapping[str, Any], in_place: bool
) -> tuple[Outcome, BaseException | None]:
    def lookup(name: str) -> Any:
        if name not in names:
            raise Missing(name)
        return names[name]

    try:
        return attempt(case, lookup, in_place=in_place)
    except SystemExit as error:  # exit() in an answer must not end the notebook
        return Outcome("raised", detail="SystemExit"), error


def _difference(question: Question, task: Task, outcome: Outcome) -> str | None:
    """Return None for an outcome that is right, and what differs otherwise."""
    right = task.right
    if silent := _without_value(task.case, outcome, right):
        return f"{silent} returns nothing; is `return` missing?"
    if question.kind == "training":
        if outcome.kind != "value":
            return outcome.kind
        share = accuracy_of(outcome, task.labels)
        if isinstance(share, str):
            return share
        asked = f"{_percent(question.accuracy)} are asked for"
        reached = f"{_percent(share)} of the labels are right; {asked}"
        return None if share >= question.accuracy else reached
    if outcome.kind != "value" or right.kind != "value":
        return None if same(outcome, right) else f"expected {right.detail or 'a value'}"
    return difference(task.case, outcome, right, question.rtol, question.atol)


def _without_value(case: Case, outcome: Outcome, right: Outcome) -> str | None:
    """Return the function or method that gives None where a value is expected, if one does."""
    wanted = right.value or [...] * len(case.shown)
    for slot, value, expected in zip(case.shown, outcome.value or wanted, wanted, strict=True):
        step = case.steps[slot]
        if step[0] == "call" and value is None and expected is not None:
            return str(case.steps[step[1]][-1])
    return None


def _all_right(question: Question, outcomes: list[Outcome]) -> str:
    if question.kind == "training":
        shares = [
            accuracy_of(outcome, task.labels)
            for outcome, task in zip(outcomes, question.cases, strict=True)
        ]
        lowest = _percent(min(share for share in shares if isinstance(share, float)))
        return f"right, {lowest} of the labels; {_percent(question.accuracy)} are asked for"
    if (n := len(outcomes)) == 1:
        return f"the visible {_case_of(question)} is right"
    return f"{'both' if n == 2 else f'all {n}'} visible {_case_of(question)}s are right"


def _case_of(question: Question) -> str:
    return "input" if question.kind == "function" else "run"


def _hidden(question: Question) -> list[str]:
    """Say what the grader does besides."""
    hidden = question.points - question.visible_points
    worth = f", for {hidden:g} of the {question.points:g} points" if question.visible_points else ""
    return [f"The grader tries others{worth}."] if hidden else []


def _students_frames(error: BaseException) -> list[tuple[FrameType, int]]:
    """Return where the notebook's own code was when it failed, outermost first."""
    return [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") == "__main__"
    ]


def _name(frame: FrameType) -> str:
    """Return the function that a frame belongs to, with its class."""
    return frame.f_code.co_qualname.partition(".<locals>")[0]


def _trace(error: BaseException) -> str:
    """Return the student's own lines that led to an exception, and what it says."""
    lines = []
    for frame, number in _students_frames(error)[-3:]:
        lines.append(f"{_name(frame)}, line {number}")
        if source := linecache.getline(frame.f_code.co_filename, number).strip():
            lines.append(f"    {source}")
    says = "".join(traceback.format_exception_only(error)).strip()
    return "\n".join([*lines, says if len(says) <= _MESSAGE else says[:_MESSAGE] + " …"])


def _labels(answer: object, case: Case) -> list[str]:
    """Return the student's own names of the arguments, for a case of one call."""
    if sum(step[0] == "call" for step in case.steps) != 1 or not callable(answer):
        return []
    try:
        parameters = inspect.signature(answer).parameters.values()
    except (TypeError, ValueError):
        return []
    by_position = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [parameter.name for parameter in parameters if parameter.kind in by_position]


def _changed(outcome: Outcome, labels: list[str]) -> str:
    """Return the name of the argument that was changed, if the outcome says which."""
    place = outcome.detail
    return f" {labels[int(place)]}" if place.isdigit() and int(place) < len(labels) else ""


def _percent(share: float) -> str:
    """Return a share rounded down, so that nothing looks reached that is not.

    Examples
    --------
    >>> _percent(0.8999), _percent(0.9)
    ('89.9 %', '90 %')
    """
    return f"{math.floor(share * 1000 + 1e-9) / 10:g} %"

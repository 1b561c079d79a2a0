"""``check``, ``hint`` and ``progress``: what a student asks while solving a lab."""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import io
import reprlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ParamSpec

import numpy as np

from .judging import judge
from .questions import Lab, LabError, Question, find_labs
from .show import MARKS, Block, Note, Table
from .source import error_in_newest

# What this session knows: the object last checked for a question, with its mark, and hints given.
_verdicts: dict[str, tuple[object, str]] = {}
_hints_given: Counter[str] = Counter()
_PRINTED = 4000  # characters that pass while an answer is checked
_WORDS = {
    "right": "right",
    "wrong": "not right yet",
    "open": "not answered yet",
    "interrupted": "interrupted",
    "note": "read by your instructor",
}
_DONE = ("right", "note")

_P = ParamSpec("_P")


def _noted(ask: Callable[_P, Note]) -> Callable[_P, Note]:
    """Answer with a note, too, where a function is called wrongly or finds no answer."""

    @functools.wraps(ask)
    def noted(*args: _P.args, **kwargs: _P.kwargs) -> Note:
        try:
            try:
                inspect.signature(ask).bind(*args, **kwargs)
            except TypeError:
                raise LabError(_usage()) from None
            return ask(*args, **kwargs)
        except LabError as error:
            return Note("note", ask.__name__, str(error))

    return noted


def _usage() -> str:
    labs, problems = find_labs()
    if not labs:
        return " ".join(problems)
    lab = _current(labs) or labs[0]
    name = next(iter(lab.questions), "softmax")
    return (
        f'write check({name}), or check("{name}") with the name in quotes; hint({name}), or '
        f'hint() for what comes next; progress(), or progress("{lab.name}"), shows all questions.'
    )


@_noted
def check(answer: object) -> Note:
    """Try an answer on the visible inputs of its question, and say what is right or what differs.

    Parameters
    ----------
    answer : function, class or str
        The function or class itself, or the name of the answer in quotes.

    Returns
    -------
    Note
        The last expression of a cell, such as ``check(softmax)`` or ``check("untrained_loss")``:
        the notebook displays it.
    """
    lab, question = _find(answer)
    name, names = question.name, _notebook()
    if isinstance(answer, str) and answer == name:
        if name not in names:
            return Note("open", name, "not there yet; run its cell. Did you rename it?")
        answer = names[name]
    with _guarded():
        note = judge(question, answer, {**names, name: answer}, lab.modules)
    _verdicts[name] = (answer, note.mark)
    body: list[Block] = [*note.body]
    if error := error_in_newest(name, _cells()):
        body.insert(
            0,
            f"The last cell that defines {name} did not run: {type(error).__name__}, {error.msg}, "
            f"line {error.lineno}. This is the check of the older one.",
        )
    if note.mark == "right":
        body.append(f"{lab.label}: {_standing(lab)}.")
    return replace(note, body=body)


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """Let so much of what is printed pass, and leave NumPy's global random state as it was."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        with contextlib.redirect_stdout(_Limited(sys.stdout, _PRINTED)):
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


class _Limited(io.TextIOBase):
    """Passes on the beginning of what is written."""

    def __init__(self, stream: Any, characters: int) -> None:
        self._stream, self._left = stream, characters

    def write(self, text: str) -> int:
        if self._left > 0:
            self._stream.write(text[: self._left])
            if len(text) > self._left:
                self._stream.write("\n… what else it prints is left out\n")
            self._left -= len(text)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


@_noted
def hint(answer: object = None) -> Note:
    """Give the next of the three hints to a question.

    Parameters
    ----------
    answer : function, class or str, optional
        As for ``check``; otherwise the first question whose answer is not right yet.
    """
    lab, question = _next() if answer is None else _find(answer)
    given, hints = _hints_given[question.name], question.hints
    _hints_given[question.name] += 1
    if given < len(hints):
        return Note("note", question.name, f"hint {given + 1} of {len(hints)}", [hints[given]])
    line = "there are no more hints" if hints else "there are no hints"
    again = [f"Hint {number}: {text}" for number, text in enumerate(hints, 1)]
    where = f"Read the section “{question.section[1]}” again, in {lab.chapter}."
    return Note("note", question.name, line, [*again, where])


def _next() -> tuple[Lab, Question]:
    lab = _lab_named(None)
    for question in lab.questions.values():
        if _state(lab, question)[0] not in _DONE:
            return lab, question
    raise LabError(f"{lab.label} has no question left; for one that is right, name it.")


@_noted
def progress(lab: str | None = None) -> Note:
    """Show where you stand, without running your code: the last ``check`` of each answer counts.

    Parameters
    ----------
    lab : str, optional
        Such as "lab01"; otherwise the one whose questions the notebook answers.
    """
    chosen = _lab_named(lab)
    rows, left = [], 0.0
    for question in chosen.questions.values():
        mark, words = _state(chosen, question)
        minutes = 0 if mark in _DONE else question.minutes
        left += minutes
        state = f"{MARKS[mark][0]} {words}"
        rows.append([question.name, state, f"{question.points:g}", f"{minutes:g}"])
    table = Table(["Question", "State", "Points", "Minutes left"], rows)
    end = f"About {left:g} minutes are left." if left else "Nothing is left that can be checked."
    mark = "open" if left else "right"
    return Note(mark, f"{chosen.label}, {chosen.title}", _standing(chosen), [table, end])


def _state(lab: Lab, question: Question) -> tuple[str, str]:
    """Return the mark of a question and where it stands, in a few words."""
    name, names = question.name, _notebook()
    if name not in names:
        return "open", "not there yet"
    if question.kind in ("number", "choice", "manual"):
        mark = judge(question, names[name], names, lab.modules).mark
    else:
        answer, mark = _verdicts.get(name, (None, ""))
        if not mark or answer is not names[name]:
            return "open", f"run check({name})"
    return mark, _WORDS[mark]


def _standing(lab: Lab) -> str:
    """Return how many questions of a lab pass, as far as they were checked."""
    marks = {name: _state(lab, question)[0] for name, question in lab.questions.items()}
    automatic = sum(question.kind != "manual" for question in lab.questions.values())
    passing, by_hand = (list(marks.values()).count(mark) for mark in _DONE)
    more = f", and {by_hand} {'is' if by_hand == 1 else 'are'} read by your instructor"
    return f"{passing} of {automatic} questions pass{more * bool(by_hand)}"


def _find(answer: object) -> tuple[Lab, Question]:
    """Return the question that is meant by an object of the notebook, or by its name."""
    labs, problems = find_labs()
    lab_of = {name: lab for lab in labs for name in lab.questions}
    names = _notebook()
    name = answer if isinstance(answer, str) else str(getattr(answer, "__name__", ""))
    if name not in lab_of:  # another name for it, or its value
        aliases = [each for each in lab_of if each in names and names[each] is answer]
        if len(aliases) != 1:
            raise LabError(_unknown(name, labs, problems))
        name = aliases[0]
    return lab_of[name], lab_of[name].questions[name]


def _unknown(name: str, labs: list[Lab], problems: list[str]) -> str:
    every = {name: lab for lab in labs for name in lab.questions}
    close = difflib.get_close_matches(name, every, 1)
    lab = _current(labs) or (every[close[0]] if close else None)
    known = [*(lab.questions if lab else every)]
    if not name.isidentifier():
        example = known[0] if known else "softmax"
        text = f'give a function or class, or the name in quotes, such as "{example}".'
    else:
        text = f"there is no question {name[:60]}{f'; did you mean {close[0]}?' if close else '.'}"
    where = f"{lab.label} asks for" if lab else "The labs ask for"
    listed = [f"{where} {', '.join(known)}."] if known else []
    return " ".join([text, *listed, *problems])


def _current(labs: list[Lab]) -> Lab | None:
    """Return the lab whose names the notebook has the most of."""
    names = _notebook().keys()
    best = max(labs, key=lambda lab: len(lab.questions.keys() & names), default=None)
    return best if best and best.questions.keys() & names else None


def _lab_named(name: str | None) -> Lab:
    """Return the lab of this name, or without one the one that the notebook answers."""
    labs, problems = find_labs()
    if name is None:
        if lab := _current(labs):
            return lab
        known = ", ".join(f'progress("{lab.name}")' for lab in labs)
        raise LabError(f"this notebook answers no question yet. Name the lab: {known}")
    by_name = {lab.name: lab for lab in labs}
    if isinstance(name, str) and name in by_name:
        return by_name[name]
    found = ", ".join(by_name)
    raise LabError(" ".join([f"there is no lab {reprlib.repr(name)}. Found: {found}.", *problems]))


def _notebook() -> dict[str, Any]:
    """Return the names of the notebook; they are read, never changed."""
    return vars(sys.modules["__main__"])


def _cells() -> list[str]:
    """Return the cells that IPython was given, oldest first."""
    cells = _notebook().get("In")
    return [cell for cell in cells if isinstance(cell, str)] if isinstance(cells, list) else []

"""``check``, ``hint`` and ``progress``: what a student asks while solving a lab."""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

from .judging import guarded, judge
from .questions import Lab, LabError, Question, find_labs
from .show import MARKS, Note, Table

# What this session knows: the object last checked for a question, with its mark, and hints given.
_verdicts: dict[str, tuple[object, str]] = {}
_hints_given: Counter[str] = Counter()
_PRINTED = 4000  # characters that pass while an answer is checked
_WORDS = {"right": "right", "wrong": "not right yet", "open": "not answered yet"}


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
    try:
        lab, question = _find(answer)
    except LabError as error:
        return Note("note", "check", str(error))
    names = _notebook()
    if isinstance(answer, str) and answer == question.name:
        if question.name not in names and question.form != "plot":
            return Note("open", question.name, "not there yet; run its cell. Did you rename it?")
        answer = names.get(question.name)
    with guarded(_PRINTED):
        note = judge(question, answer, {**names, question.name: answer})
    _verdicts[question.name] = (answer, note.mark)
    return replace(note, body=[*note.body, f"{lab.label}: {_standing(lab)}."])


def hint(answer: object) -> Note:
    """Give the next of the three hints to a question.

    Parameters
    ----------
    answer : function, class or str
        As for ``check``.
    """
    try:
        lab, question = _find(answer)
    except LabError as error:
        return Note("note", "hint", str(error))
    given, hints = _hints_given[question.name], question.hints
    _hints_given[question.name] += 1
    if given < len(hints):
        return Note("note", question.name, f"hint {given + 1} of {len(hints)}", [hints[given]])
    line = "there are no more hints" if hints else "there are no hints"
    again = [f"Hint {number}: {text}" for number, text in enumerate(hints, 1)]
    where = f"Read the section “{question.section[1]}” again, in {lab.chapter}."
    return Note("note", question.name, line, [*again, where])


def progress(lab: str | None = None) -> Note:
    """Check all answers of the lab and show where you stand.

    Training runs take long, so they are not repeated: the last ``check`` of them counts.

    Parameters
    ----------
    lab : str, optional
        Such as "lab01"; otherwise the one whose questions the notebook answers.
    """
    try:
        labs, problems = find_labs()
        chosen = _lab_named(lab, labs, problems) if lab else _current(labs)
        if chosen is None:
            known = ", ".join(f'progress("{lab.name}")' for lab in labs)
            raise LabError(f"this notebook answers no question yet. Name the lab: {known}")
    except LabError as error:
        return Note("note", "progress", str(error))
    rows, left = [], 0.0
    for question in chosen.questions.values():
        state = _state(question)
        minutes = 0 if state.startswith((MARKS["right"][0], "read")) else question.minutes
        left += minutes
        rows.append([question.name, state, f"{question.points:g}", f"{minutes:g}"])
    table = Table(["Question", "State", "Points", "Minutes left"], rows)
    end = f"About {left:g} minutes are left." if left else "Nothing is left that can be checked."
    mark = "open" if left else "right"
    return Note(mark, f"{chosen.label}, {chosen.title}", _standing(chosen), [table, end])


def _state(question: Question) -> str:
    """Return where a question stands, in a few words, checking it again unless that takes long."""
    names = _notebook()
    if question.name not in names and question.form != "plot":
        return f"{MARKS['open'][0]} not there yet"
    answer = names.get(question.name)
    last, mark = _verdicts.get(question.name, (None, "open"))
    if question.kind != "training":
        with guarded(0):
            mark = judge(question, answer, names).mark
        _verdicts[question.name] = (answer, mark)
    elif last is not answer:
        return f"{MARKS['open'][0]} run check({question.name})"
    if mark == "note":
        return "read by your instructor"
    return f"{MARKS[mark][0]} {_WORDS[mark]}"


def _standing(lab: Lab) -> str:
    """Return how many questions of a lab pass, as far as they were checked."""
    names = _notebook()
    automatic = [q.name for q in lab.questions.values() if q.kind != "manual"]
    passing = 0
    for name in automatic:
        answer, mark = _verdicts.get(name, (None, "open"))
        passing += mark == "right" and names.get(name, answer) is answer
    by_hand = len(lab.questions) - len(automatic)
    more = f", and {by_hand} {'is' if by_hand == 1 else 'are'} read by your instructor"
    return f"{passing} of {len(automatic)} questions pass{more * bool(by_hand)}"


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
    lab = _current(labs)
    known = [name for each in ([lab] if lab else labs) for name in each.questions]
    if not name.isidentifier():
        example = known[0] if known else "softmax"
        text = f'give a function or class, or the name in quotes, such as "{example}".'
    else:
        close = difflib.get_close_matches(name, known, 1)
        text = f"there is no question {name[:60]}{f'; did you mean {close[0]}?' if close else '.'}"
    where = f"{lab.label} asks for" if lab else "The labs ask for"
    listed = [f"{where} {', '.join(known)}."] if known else []
    return " ".join([text, *listed, *problems])


def _current(labs: list[Lab]) -> Lab | None:
    """Return the lab whose names the notebook has the most of."""
    names = _notebook().keys()
    best = max(labs, key=lambda lab: len(lab.questions.keys() & names), default=None)
    return best if best and best.questions.keys() & names else None


def _lab_named(name: str, labs: list[Lab], problems: list[str]) -> Lab:
    for lab in labs:
        if lab.name == name:
            return lab
    known = ", ".join(lab.name for lab in labs)
    raise LabError(" ".join([f"there is no lab {name[:60]!r}. Found: {known}.", *problems]))


def _notebook() -> dict[str, Any]:
    """Return the names of the notebook; they are read, never changed."""
    return vars(sys.modules["__main__"])

"""Run a case in this process: for the student's ``check``, right answers and known wrong ones."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from types import GeneratorType
from typing import Any

import numpy as np

from .compare import Outcome, raised
from .steps import Case, Missing, Step, run


def attempt(
    case: Case, lookup: Callable[[str], Any], *, in_place: bool = False
) -> tuple[Outcome, BaseException | None]:
    """Run a case on fresh copies of its arguments; return what became of it, and the exception.

    Parameters
    ----------
    case : Case
        What to do.
    lookup : function
        Gives the object that a name stands for, or raises Missing.
    in_place : bool
        Whether the code may change its arguments, as an optimizer does.

    Examples
    --------
    >>> attempt(Case.call("double", 4), {"double": lambda x: 2 * x}.__getitem__)[0]
    Outcome(kind='value', value=[8], detail='')
    >>> attempt(Case.call("fill", np.ones(2)), {"fill": lambda x: x.fill(0)}.__getitem__)[0]
    Outcome(kind='mutated', value=None, detail='0')
    """
    steps = copy.deepcopy(case.steps)
    try:
        with np.errstate(all="ignore"):
            value = run(steps, lookup, case.shown, snapshot=_copied)
    except Missing as error:
        return Outcome("missing", detail=str(error)), error
    except Exception as error:
        return raised(type(error).__name__, str(error)), error
    if not in_place and not _equal(steps, case.steps):
        return Outcome("mutated", detail=_which(steps, case.steps)), None
    return Outcome("value", value), None


def _copied(value: Any) -> Any:
    """Return a copy of what a step gave; a generator has none, and is a return that was missed."""
    if isinstance(value, GeneratorType):
        raise TypeError("the result is a generator, because of `yield`; use `return`")
    return copy.deepcopy(value)


def _which(steps: Sequence[Step], originals: Sequence[Step]) -> str:
    """Return the position of the argument that was changed, as text."""
    for step, original in zip(steps, originals, strict=True):
        if step[0] == "call":
            for position, argument in enumerate(step[2]):
                if not _equal(argument, original[2][position]):
                    return str(position)
    return ""


def _equal(a: Any, b: Any) -> bool:
    """Tell whether arguments are still what they were, bit by bit where they are arrays."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(_equal(a[key], b[key]) for key in a)
    return a is b or not isinstance(a, bool | int | float | str) or a == b

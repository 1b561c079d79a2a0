"""What is done with a student's code, as data: the same steps run in a notebook and in the grader.

A program is a list of steps, and the value of step i is slot i::

    ("name", NAME)                  the global NAME of the student's
    ("call", SLOT, args, kwargs)    call it
    ("get", SLOT, ATTRIBUTE)        an attribute of it
    ("set", SLOT, ATTRIBUTE, value) set one; an array of equal shape is written into
    ("op", NAME, args)              operator.NAME(*args)

Arguments are plain data and what ``plain.to_json`` knows, with ``Slot(i)`` for the value of slot i.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .plain import Other, Tagged, from_json, pack, to_json, unpack

Step = tuple[Any, ...]
OPERATORS = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "truediv": "{} / {}",
    "matmul": "{} @ {}",
    "pow": "{} ** {}",
    "neg": "-{}",
    "getitem": "{}[{}]",
}


class Missing(Exception):
    """A name or an attribute does not exist; the argument is which."""


@dataclass(frozen=True)
class Slot:
    """In the arguments of a step: the value of an earlier step."""

    index: int


@dataclass(frozen=True)
class Case:
    """A program, and the slots whose values are compared."""

    steps: tuple[Step, ...]
    shown: tuple[int, ...]

    @classmethod
    def call(cls, name: str, *args: Any, **kwargs: Any) -> Case:
        """Return the case that calls one function and shows its value.

        Examples
        --------
        >>> Case.call("relu", 2.0).steps
        (('name', 'relu'), ('call', 0, (2.0,), {}))
        """
        return cls((("name", name), ("call", 0, args, kwargs)), (1,))

    @classmethod
    def value(cls, name: str) -> Case:
        """Return the case that shows the value of a name."""
        return cls((("name", name),), (0,))


def run(
    steps: Sequence[Step],
    lookup: Callable[[str], Any],
    shown: Sequence[int],
    *,
    snapshot: Callable[[Any], Any] = copy.deepcopy,
    slots: list[Any] | None = None,
) -> list[Any]:
    """Run steps and return the values of those shown, each as it was when its step had run.

    Parameters
    ----------
    steps : sequence of tuple
        What to do.
    lookup : function
        Returns the student's value of a name, or raises Missing.
    shown : sequence of int
        The slots whose values are returned.
    snapshot : function
        Takes down a value, so that changing it in place afterwards does not alter what is shown.
    slots : list, optional
        Is filled with the values of all steps, for those who need the objects themselves.

    Raises
    ------
    Missing
        If a name or an attribute does not exist.

    Examples
    --------
    >>> steps = [("name", "Z"), ("op", "mul", (Slot(0), 2)), ("op", "neg", (Slot(1),))]
    >>> run(steps, {"Z": 3.0}.get, [1, 2])
    [6.0, -6.0]
    """
    slots = [] if slots is None else slots
    taken = {}
    for number, step in enumerate(steps):
        slots.append(_do(step, slots, lookup))
        if number in shown:
            taken[number] = snapshot(slots[number])
    return [taken[number] for number in shown]


def _do(step: Step, slots: list[Any], lookup: Callable[[str], Any]) -> Any:
    match step:
        case ("name", name):
            return lookup(name)
        case ("call", slot, args, kwargs):
            return slots[slot](*_filled(args, slots), **_filled(kwargs, slots))
        case ("get", slot, attribute):
            return _get(slots[slot], attribute)
        case ("set", slot, attribute, value):
            return _set(slots[slot], attribute, _filled(value, slots))
        case ("op", name, args) if name in OPERATORS:
            return getattr(operator, name)(*_filled(args, slots))
    raise ValueError(f"an unknown step: {step[:2]}")


def _filled(value: Any, slots: list[Any]) -> Any:
    """Return arguments with the values of the slots that they name."""
    if type(value) is Slot:
        return slots[value.index]
    if type(value) in (list, tuple):
        filled = [_filled(item, slots) for item in value]
        # The very list where it can be: whether it was changed is seen on it.
        same = all(a is b for a, b in zip(filled, value, strict=True))
        return value if same else type(value)(filled)
    if type(value) is dict:
        items = {key: _filled(item, slots) for key, item in value.items()}
        return value if all(items[key] is value[key] for key in value) else items
    return value


def outline(value: Any) -> Any:
    """Return what of a value is not in arrays: changing a list or a dict changes it.

    Examples
    --------
    >>> weights = [np.zeros(2), np.ones(2)]
    >>> before = outline(weights)
    >>> weights[0] += 1
    >>> outline(weights) == before
    True
    >>> weights.reverse()
    >>> outline(weights) == before
    False
    """
    if isinstance(value, list | tuple):
        return type(value)(map(outline, value))
    if isinstance(value, dict):
        return {key: outline(item) for key, item in value.items()}
    plain = value is None or isinstance(value, bool | int | float | str)
    return value if plain else _Same(value)


class _Same:
    """Equal to what holds the same object, whatever that has in it by now."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    __hash__ = None  # type: ignore[assignment]


def _get(thing: Any, attribute: str) -> Any:
    try:
        return getattr(thing, attribute)
    except AttributeError as error:
        if error.obj is not thing or error.name != attribute:  # it exists, and fails
            raise
        raise Missing(f"{type(thing).__name__}.{attribute}") from error


def _set(thing: Any, attribute: str, value: Any) -> None:
    """Set an attribute; views of an array see the new values, as those of ``theta`` expect."""
    import numpy as np

    old = getattr(thing, attribute, None)
    if isinstance(old, np.ndarray) and np.shape(value) == old.shape:
        old[...] = value
    else:
        setattr(thing, attribute, value)


def pack_case(case: Case, other: Other = to_json) -> dict[str, Any]:
    """Return a case as JSON can hold it; ``other`` packs what is not plain, as for ``pack``.

    Examples
    --------
    >>> pack_case(Case.value("lr"))
    {'steps': [['name', 'lr']], 'shown': [0]}
    """

    def packed(value: Any) -> dict[str, Any]:
        return {"slot": value.index} if type(value) is Slot else other(value)

    steps = [[pack(part, packed) for part in step] for step in case.steps]
    return {"steps": steps, "shown": list(case.shown)}


def unpack_case(tree: dict[str, Any], tagged: Tagged = from_json) -> Case:
    """Return the case that ``pack_case`` packed."""

    def read(tree: dict[str, Any]) -> Any:
        return Slot(tree["slot"]) if tree.keys() == {"slot"} else tagged(tree)

    steps = tuple(tuple(unpack(part, read) for part in step) for step in tree["steps"])
    return Case(steps, tuple(tree["shown"]))

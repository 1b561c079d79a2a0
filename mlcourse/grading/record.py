"""Record a program as data, so that student's code can be asked to do what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..labs.steps import OPERATORS, Case, Slot


class _Recorder:
    """Writes down what is done to the things made from it."""

    def __init__(self) -> None:
        self._steps: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> _Thing:
        return _Thing(self)._then("name", name)

    def _add(self, *step: Any) -> _Thing:
        self._steps.append(step)
        return _Thing(self, len(self._steps) - 1)


class _Thing:
    """Stands for the result of a step."""

    _recorder: _Recorder
    _slot: int

    def __init__(self, recorder: _Recorder, slot: int = -1) -> None:
        object.__setattr__(self, "_recorder", recorder)
        object.__setattr__(self, "_slot", slot)

    def _then(self, *step: Any) -> _Thing:
        return self._recorder._add(*step)

    def __getattr__(self, name: str) -> _Thing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._then("get", self._slot, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._then("set", self._slot, name, _slots(value))

    def __call__(self, *args: Any, **kwargs: Any) -> _Thing:
        return self._then("call", self._slot, _slots(args), _slots(kwargs))


def _operator(name: str, swap: bool) -> Any:
    def record_operator(self: _Thing, *others: Any) -> _Thing:
        args = (*others, self) if swap else (self, *others)
        return self._then("op", name, _slots(args))

    return record_operator


for _name in OPERATORS:
    setattr(_Thing, f"__{_name}__", _operator(_name, swap=False))
    if _name not in ("neg", "getitem"):
        setattr(_Thing, f"__r{_name}__", _operator(_name, swap=True))


def _slots(value: Any) -> Any:
    """Put slots in the place of things."""
    if isinstance(value, _Thing):
        return Slot(value._slot)
    if isinstance(value, list | tuple):
        return type(value)(map(_slots, value))
    if isinstance(value, dict):
        return {key: _slots(item) for key, item in value.items()}
    return value


def record(program: Callable[[Any], Any]) -> Case:
    """Write a program down as data: a case of several steps, with objects that keep their state.

    Parameters
    ----------
    program : function
        Gets a stand-in for the student's notebook, uses its names, and returns a list of what is
        to be compared.

    Raises
    ------
    TypeError
        If it returns anything else.

    Examples
    --------
    >>> def program(student):
    ...     a = student.Node(2.0)
    ...     c = a * a + a
    ...     c.backward()
    ...     return [a.grad]
    >>> case = record(program)
    >>> case.steps[2]
    ('op', 'mul', (Slot(index=1), Slot(index=1)))
    >>> case.shown
    (6,)
    """
    recorder = _Recorder()
    shown = program(recorder)
    if not isinstance(shown, list | tuple) or not all(isinstance(s, _Thing) for s in shown):
        raise TypeError("a program returns a list of what is to be compared")
    return Case(tuple(recorder._steps), tuple(thing._slot for thing in shown))

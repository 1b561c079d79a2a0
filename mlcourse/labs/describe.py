"""Show a case as text that reads like Python, and say what an outcome of it gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .compare import Outcome, agree
from .steps import OPERATORS, Case, Slot, Step


def describe(case: Case, labels: Sequence[str] = ()) -> str:
    """Return a case as short text that reads like Python.

    Parameters
    ----------
    case : Case
        What is done.
    labels : sequence of str
        Names of the arguments of a case that calls one function: arrays and long values are shown
        under them.

    Examples
    --------
    >>> describe(Case.call("softmax", np.array([[1.0, 2.0]])), ["Z"])
    'softmax(Z) with Z = [[1, 2]]'
    >>> describe(Case.call("softmax", np.zeros((64, 10))), ["Z"])
    'softmax(Z) with Z = float64 array of shape (64, 10)'
    >>> steps = (("name", "Node"), ("call", 0, (2.0,), {}), ("op", "mul", (Slot(1), Slot(1))),
    ...          ("get", 2, "backward"), ("call", 3, (), {}), ("get", 1, "grad"))
    >>> print(describe(Case(steps, (5,))))
    a = Node(2.0)
    b = a * a
    b.backward()
    a.grad
    """
    lines, shown, named = _written(case, labels)
    values = ", ".join(f"{name} = {value}" for name, value in named.items())
    text = "\n".join([*lines, ", ".join(shown)] if shown else lines)
    return text + (f" with {values}" if values else "")


def difference(
    case: Case, got: Outcome, right: Outcome, rtol: float = 1e-5, atol: float = 1e-8
) -> str | None:
    """Return None if the values of a case are right, and what differs first otherwise.

    Of several values the one that differs is named as in ``describe``.

    Examples
    --------
    >>> case = Case((("name", "net"), ("get", 0, "W"), ("get", 0, "b")), (1, 2))
    >>> difference(case, Outcome("value", [1.0, 2.0]), Outcome("value", [1.0, 3.0]))
    'net.b: expected 3, got 2'
    """
    values, wanted = got.value or [], right.value or []
    if len(values) != len(wanted):
        return agree(values, wanted, rtol, atol)
    for name, value, expected in zip(_written(case)[1], values, wanted, strict=True):
        if (differs := agree(value, expected, rtol, atol)) is not None:
            return differs if len(wanted) == 1 else f"{name}: {differs}"
    return None


def _written(case: Case, labels: Sequence[str] = ()) -> tuple[list[str], list[str], dict[str, str]]:
    """Return the lines of a case, the texts of the values shown, and arrays with their names."""
    used = [slot for step in case.steps for slot in _slots(step)]
    operands = [slot for step in case.steps if step[0] == "op" for slot in _slots(step)]
    texts: list[str] = []
    lines: list[str] = []
    named: dict[str, str] = {}
    changes = [n for n, step in enumerate(case.steps) if step[0] in ("call", "set")]
    last_change = max(changes, default=0)
    letters = iter("abcdefghijklmnopqrstuvwxyz")

    def text(value: Any) -> str:
        return texts[value.index] if type(value) is Slot else _literal(value, text)

    for number, step in enumerate(case.steps):
        match step:
            case ("name", name):
                expression = name
            case ("get", slot, attribute):
                expression = f"{texts[slot]}.{attribute}"
            case ("set", slot, attribute, value):
                expression = f"{texts[slot]}.{attribute} = {text(value)}"
            case ("op", name, args):
                expression = OPERATORS[name].format(*map(text, args))
            case ("call", slot, args, kwargs):
                parts = [text(arg) for arg in args]
                for i, label in enumerate(labels[: len(args)]):
                    if hasattr(args[i], "dtype") or len(parts[i]) > _LONGEST_INSIDE:
                        named[label], parts[i] = parts[i], label
                parts += [f"{key}={text(value)}" for key, value in kwargs.items()]
                expression = f"{texts[slot]}({', '.join(parts)})"
        last = number == len(case.steps) - 1
        # Shown as it is at this step: later ones may change it.
        kept = number in case.shown and step[0] == "get" and number < last_change
        if (step[0] in ("name", "get") and not kept) or (number in case.shown and last):
            texts.append(expression)
        elif step[0] == "set" or (number not in used and number not in case.shown):
            lines.append(expression)
            texts.append("None")
        elif step[0] == "op" and used.count(number) == 1 == operands.count(number):
            texts.append(f"({expression})")
        else:
            texts.append(next(letters, f"v{number}"))
            lines.append(f"{texts[-1]} = {expression}")
    return [line for line in lines if line], [texts[slot] for slot in case.shown], named


def _slots(step: Step) -> list[int]:
    """Return the slots that a step uses."""
    found = [step[1]] if step[0] in ("call", "get", "set") else []
    todo = list(step[2:])
    while todo:
        part = todo.pop()
        if type(part) is Slot:
            found.append(part.index)
        elif isinstance(part, dict | list | tuple):
            todo += part.values() if isinstance(part, dict) else part
    return found


_MOST_NUMBERS = 12  # of an array whose values are shown
_LONGEST = 80  # characters of any other value
_LONGEST_INSIDE = 30  # of an argument that has a name to stand for it


def _literal(value: Any, text: Callable[[Any], str]) -> str:
    """Return a value as short text; ``text`` shows the values in a list."""
    import numpy as np

    if isinstance(value, np.ndarray):
        if value.size > _MOST_NUMBERS or value.size == 0:
            return f"{value.dtype} array of shape {value.shape}"
        return str([_rounded(x) for x in value.tolist()] if value.ndim else _rounded(value.item()))
    if isinstance(value, np.random.Generator):
        return "rng"
    if isinstance(value, list | tuple | dict):
        parts = [text(part) for part in (value.values() if isinstance(value, dict) else value)]
        if isinstance(value, dict):
            parts = [f"{key!r}: {part}" for key, part in zip(value, parts, strict=True)]
        brackets = "()" if isinstance(value, tuple) else "{}" if isinstance(value, dict) else "[]"
        comma = "," if isinstance(value, tuple) and len(parts) == 1 else ""
        shown = brackets[0] + ", ".join(parts) + comma + brackets[1]
    elif callable(value):
        return str(getattr(value, "__name__", "a function"))
    else:
        shown = repr(value.item() if isinstance(value, np.generic) else value)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + " …"


def _rounded(value: Any) -> Any:
    """Return nested numbers with six digits at most, whole ones without a point."""
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if not isinstance(value, float):
        return value
    short = float(f"{value:.6g}")
    return int(short) if short.is_integer() else short

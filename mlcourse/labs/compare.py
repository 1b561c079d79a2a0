"""Compare what a student's code did with what is right, and name the mistake if it is a known one.

The student's ``check`` and the grader share this file, so that both mean the same by "right".
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# float32 carries seven digits, and a few are lost in a sum.
_RTOL_FLOAT32, _ATOL_FLOAT32 = 1e-4, 1e-6
_KINDS = {"b": "booleans", "i": "integers", "u": "integers", "f": "floats", "c": "complex numbers"}
_NUMBER = (int, float, np.integer, np.floating)
# Predictions of a training run may differ in a few digits between processors.
_SHARE_ALIKE = 0.98
# Where it happened, and what Python 3.14 adds.
_LEFT_OUT = re.compile(
    r" \(cell \d+, line \d+\)$|(?<=too many values to unpack \(expected \d), got \d+"
)
_LONGEST = 1000  # characters of an exception's text


@dataclass(frozen=True)
class Outcome:
    """What became of one case.

    Attributes
    ----------
    kind : str
        "value", "raised", "mutated" (an input was changed), "missing" (a name is not there), or,
        in the grader, another kind of its StudentError.
    value : list
        The values that the case shows, if the kind is "value".
    detail : str
        The type and the text of the exception for "raised", such as "ValueError: no"; otherwise
        what happened, in words.
    """

    kind: str
    value: list[Any] | None = None
    detail: str = ""


def agree(got: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-8) -> str | None:
    r"""Return None if ``got`` is right, and what differs first otherwise.

    Numbers agree if :math:`|g - e| \le a + r |e|` (as in ``numpy.isclose``); arrays must also have
    the same shape and hold the same kind of number. Never raises, whatever plain data it gets.

    Parameters
    ----------
    got, expected : object
        Plain data: None, bool, numbers, text, arrays, and lists, tuples and dicts of these.
    rtol, atol : float
        Relative and absolute tolerance r and a; at least 1e-4 and 1e-6 where float32 is involved.

    Examples
    --------
    >>> agree(np.array([1.0, 2.0]), np.array([1.0, 2.5]))
    'element [1]: expected 2.5, got 2'
    >>> agree(np.zeros((3, 1)), np.zeros(3))
    'expected shape (3,), got (3, 1)'
    >>> agree(0.1 + 0.2, 0.3) is None
    True
    """
    if isinstance(expected, np.ndarray) and expected.ndim == 0:
        expected = expected[()]
    if isinstance(got, np.ndarray) and got.ndim == 0:
        got = got[()]
    if isinstance(expected, np.ndarray):
        return _agree_arrays(got, expected, rtol, atol)
    if isinstance(expected, bool | np.bool_):
        fine = isinstance(got, bool | np.bool_) and bool(got) == bool(expected)
        return None if fine else f"expected {expected}, got {_kind_or_value(got)}"
    if isinstance(expected, _NUMBER):
        return _agree_numbers(got, expected, rtol, atol)
    if isinstance(expected, complex | np.complexfloating):
        with np.errstate(all="ignore"):
            close = isinstance(got, complex | np.complexfloating) and np.isclose(
                got, expected, rtol, atol, equal_nan=True
            )
        return None if close else f"expected {_pair(expected, got)}"
    if isinstance(expected, list | tuple):
        return _agree_lists(got, expected, rtol, atol)
    if isinstance(expected, dict):
        return _agree_dicts(got, expected, rtol, atol)
    if type(got) is type(expected) and got == expected:
        return None
    return f"expected {_kind_or_value(expected)}, got {_kind_or_value(got)}"


def _agree_arrays(got: Any, expected: np.ndarray[Any, Any], rtol: float, atol: float) -> str | None:
    if not isinstance(got, np.ndarray):
        return f"expected an array of shape {expected.shape}, got {_kind_or_value(got)}"
    if got.shape != expected.shape:
        return f"expected shape {expected.shape}, got {got.shape}"
    if _KINDS.get(got.dtype.kind) != _KINDS.get(expected.dtype.kind):
        wanted = _KINDS.get(expected.dtype.kind, "text")
        return f"expected {wanted} ({expected.dtype}), got {got.dtype}"
    if expected.dtype.kind in "fc":
        if "float32" in (got.dtype.name, expected.dtype.name):
            rtol, atol = max(rtol, _RTOL_FLOAT32), max(atol, _ATOL_FLOAT32)
        with np.errstate(all="ignore"):
            right = np.isclose(got, expected, rtol, atol, equal_nan=True)
    else:
        right = got == expected
    if np.all(right):
        return None
    where = tuple(int(i) for i in np.argwhere(~right)[0])
    wrong = int(np.size(right) - np.count_nonzero(right))
    place = f"element [{', '.join(map(str, where))}]"
    more = f" ({wrong} of {right.size} elements differ)" if wrong > 1 else ""
    return f"{place}: expected {_pair(expected[where], got[where])}{more}"


def _agree_numbers(got: Any, expected: Any, rtol: float, atol: float) -> str | None:
    if not isinstance(got, _NUMBER) or isinstance(got, bool):
        return f"expected a number, got {_kind_or_value(got)}"
    if "float32" in (type(got).__name__, type(expected).__name__):
        rtol, atol = max(rtol, _RTOL_FLOAT32), max(atol, _ATOL_FLOAT32)
    try:
        g, e = float(got), float(expected)
    except OverflowError:  # an int beyond every float: NumPy's numbers do not even compare
        if isinstance(got, int) and isinstance(expected, int) and got == expected:
            return None
        return f"expected {_pair(expected, got)}"
    if g == e or (math.isnan(g) and math.isnan(e)):
        return None
    if math.isfinite(g) and math.isfinite(e) and abs(g - e) <= atol + rtol * abs(e):
        return None
    return f"expected {_pair(e, g)}"


def _agree_lists(got: Any, expected: Any, rtol: float, atol: float) -> str | None:
    if not isinstance(got, list | tuple):
        return f"expected a {type(expected).__name__} of {len(expected)}, got {_kind_or_value(got)}"
    if len(got) != len(expected):
        return f"expected {len(expected)} items, got {len(got)}"
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        if (difference := agree(g, e, rtol, atol)) is not None:
            return f"item {i}: {difference}"
    return None


def _agree_dicts(got: Any, expected: dict[Any, Any], rtol: float, atol: float) -> str | None:
    if not isinstance(got, dict):
        return f"expected a dict, got {_kind_or_value(got)}"
    for key, e in expected.items():
        if key not in got:
            return f"key {_short(key)} is missing"
        if (difference := agree(got[key], e, rtol, atol)) is not None:
            return f"key {_short(key)}: {difference}"
    if len(got) > len(expected):
        extra = next(key for key in got if key not in expected)
        return f"key {_short(extra)} should not be there"
    return None


def _kind_or_value(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict of {len(value)}"
    if value is None or isinstance(value, bool | np.bool_):
        return str(value)
    return f"the {type(value).__name__} {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number with more than 60 digits"
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def _pair(expected: Any, got: Any) -> str:
    """Return both values with as many digits as it takes to tell them apart."""
    if isinstance(got, float | np.floating) and isinstance(expected, float | np.floating):
        for digits in (6, 10, 17):
            e, g = f"{expected:.{digits}g}", f"{got:.{digits}g}"
            if e != g:
                break
        return f"{e}, got {g}"
    return f"{_short(expected)}, got {_short(got)}"


def same(a: Outcome, b: Outcome, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """Tell whether two outcomes are the same: equal values, or the same type of exception."""
    if a.kind != b.kind:
        return False
    if a.kind == "value":
        return agree(a.value, b.value, rtol, atol) is None
    return a.kind != "raised" or exception_type(a) == exception_type(b)


def raised(type_name: str, text: str) -> Outcome:
    """Return the outcome of an exception.

    Its text is without the place, and the same in all versions of Python.

    Examples
    --------
    >>> raised("ValueError", "too many values to unpack (expected 2, got 3)").detail
    'ValueError: too many values to unpack (expected 2)'
    """
    short = _LEFT_OUT.sub("", text[:_LONGEST]).strip()
    return Outcome("raised", detail=f"{type_name}: {short}" if short else type_name)


def exception_type(outcome: Outcome) -> str:
    """Return the type of the exception that was raised.

    Examples
    --------
    >>> exception_type(Outcome("raised", detail="ValueError: no"))
    'ValueError'
    """
    return outcome.detail.partition(":")[0]


def _same_mistake(a: Outcome, b: Outcome, rtol: float, atol: float) -> bool:
    """Tell whether two outcomes come from the same mistake: of exceptions the text counts, too."""
    # How deep a recursion was when it ended, and in what, differs from call to call.
    text_counts = a.kind == "raised" and exception_type(a) != "RecursionError"
    return same(a, b, rtol, atol) and (not text_counts or a.detail == b.detail)


def alike(a: Outcome, b: Outcome) -> bool:
    """Tell whether two outcomes hold nearly the same predictions, as runs of one training do."""
    if not a.value or not b.value:
        return _same_mistake(a, b, 0.0, 0.0)
    x, y = a.value[0], b.value[0]
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.shape == y.shape):
        return False
    return bool(np.mean(x == y) >= _SHARE_ALIKE)


def accuracy_of(outcome: Outcome, labels: Any) -> float | str:
    """Return the share of right labels among the predictions that a case shows, or what is wrong.

    Examples
    --------
    >>> accuracy_of(Outcome("value", [np.array([1, 0, 2])]), np.array([1, 0, 1]))
    0.6666666666666666
    >>> accuracy_of(Outcome("value", [3]), np.array([1, 0]))
    'expected an array of 2 labels, got the int 3'
    """
    value = outcome.value[0] if outcome.value else None
    labels = np.asarray(labels)
    if not isinstance(value, np.ndarray):
        return f"expected an array of {len(labels)} labels, got {_kind_or_value(value)}"
    if value.shape != labels.shape:
        return f"expected shape {labels.shape}, got {value.shape}; a label for each row"
    if value.dtype.kind not in "iu":
        return f"expected integers, got {value.dtype}"
    return float(np.mean(value == labels))


def misconception(
    outcomes: Sequence[Outcome | None],
    right: Sequence[bool],
    wrongs: Sequence[tuple[str, Sequence[Outcome]]],
    rtol: float = 1e-5,
    atol: float = 1e-8,
    *,
    training: bool = False,
) -> str | None:
    """Return the message of the known wrong answer that does what the student's code does.

    A wrong answer is recognised if it does the same in every case, and the student's code is wrong
    in one of them: to name another mistake than the student's is worse than to name none.

    Parameters
    ----------
    outcomes : sequence of Outcome or None
        What the student's code did in each case; None where it was not tried.
    right : sequence of bool
        Whether that was right.
    wrongs : sequence of (str, sequence of Outcome)
        Message and outcomes of each known wrong answer, in the same order of cases.
    rtol, atol : float
        Tolerances of ``agree``.
    training : bool
        Whether the outcomes are predictions of a training run.

    Examples
    --------
    >>> right = Outcome("value", [2.0])
    >>> wrongs = [("sums instead of averaging", [Outcome("value", [6.0])])]
    >>> misconception([Outcome("value", [6.0])], [False], wrongs)
    'sums instead of averaging'
    >>> misconception([Outcome("value", [7.0])], [False], wrongs) is None
    True
    """
    if all(right):
        return None
    for message, theirs in wrongs:
        if all(
            alike(mine, other) if training else _same_mistake(mine, other, rtol, atol)
            for mine, other in zip(outcomes, theirs, strict=True)
            if mine is not None
        ):
            return message
    return None


def digest(name: str, value: Any, tolerance: float | None) -> str | None:
    """Return a fingerprint of an answer that is a number (with a tolerance) or a choice (None).

    The student's check files hold fingerprints, so that nobody reads the answer by accident.
    None if the value cannot be such an answer.

    Examples
    --------
    >>> digest("diagnosis", " C ", None) == digest("diagnosis", "c", None)
    True
    """
    if tolerance is None:
        return _hash(name, value.strip().lower()) if isinstance(value, str) else None
    step = _steps(value, tolerance)
    return None if step is None else _hash(name, str(step))


_FINENESS = 100  # steps of a tolerance: it is kept to about a hundredth


def _steps(value: Any, tolerance: float) -> int | None:
    """Return a number as a whole number of hundredths of the tolerance."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, _NUMBER) or isinstance(value, bool):
        return None
    try:
        scaled = float(value) / tolerance * _FINENESS
    except OverflowError:
        return None
    return round(scaled) if math.isfinite(scaled) and abs(scaled) < 1e15 else None


def digest_matches(name: str, value: Any, tolerance: float | None, expected: str) -> bool:
    """Tell whether an answer is the one with this fingerprint, within the tolerance.

    Examples
    --------
    >>> right = digest("untrained_loss", 2.3026, 0.01)
    >>> digest_matches("untrained_loss", 2.31, 0.01, right)
    True
    >>> digest_matches("untrained_loss", 2.32, 0.01, right)
    False
    """
    if tolerance is None:
        return digest(name, value, None) == expected
    step = _steps(value, tolerance)
    if step is None:
        return False
    around = range(step - _FINENESS, step + _FINENESS + 1)
    return any(_hash(name, str(s)) == expected for s in around)


def _hash(name: str, text: str) -> str:
    return hashlib.sha256(f"{name}={text}".encode("utf-8", "replace")).hexdigest()[:32]

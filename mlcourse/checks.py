"""Checks of shape, dtype, labels and ranges, with one style of message.

Every message says what was checked, what was expected, what came instead and, where it helps,
what to do: ``Linear input X: expected shape (N, 784), got (784, 32); rows are samples``.
A check costs a few hundred nanoseconds, so the layers can afford it in every call.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.floating[Any]]


def _hint(hint: str) -> str:
    return f"; {hint}" if hint else ""


def check_shape(what: str, x: Array, expected: tuple[int | str, ...], hint: str = "") -> None:
    """Raise ValueError unless ``x.shape`` matches ``expected``; a name stands for any size.

    Examples
    --------
    >>> check_shape("labels y", np.zeros(3), ("N",))
    >>> check_shape("Linear input X", np.zeros((784, 32)), ("N", 784), "rows are samples")
    Traceback (most recent call last):
    ...
    ValueError: Linear input X: expected shape (N, 784), got (784, 32); rows are samples
    """
    shape = np.shape(x)
    if shape == expected:
        return
    if len(shape) != len(expected) or any(
        size != want
        for size, want in zip(shape, expected, strict=True)
        if not isinstance(want, str)
    ):
        wanted = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
        raise ValueError(f"{what}: expected shape ({wanted}), got {shape}{_hint(hint)}")


def check_dtype(
    what: str,
    x: Array,
    expected: np.dtype[Any],
    hint: str = "convert the data once, before training",
) -> None:
    """Raise TypeError unless ``x`` is an array of exactly this dtype: none is converted silently.

    Examples
    --------
    >>> check_dtype("Linear input X", np.zeros(2), np.dtype("float32"))
    Traceback (most recent call last):
    ...
    TypeError: Linear input X: expected float32, got float64; convert the data once, before training
    """
    dtype = getattr(x, "dtype", None)
    if dtype != expected:
        got = dtype if dtype is not None else f"a {type(x).__name__}"
        raise TypeError(f"{what}: expected {expected}, got {got}{_hint(hint)}")


def check_floats(what: str, x: Array) -> None:
    """Raise TypeError unless ``x`` is an array of floating-point numbers.

    Examples
    --------
    >>> check_floats("logits Z", np.array([[2, 1]]))
    Traceback (most recent call last):
    ...
    TypeError: logits Z: expected an array of floating-point numbers, got int64
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        got = x.dtype if isinstance(x, np.ndarray) else f"a {type(x).__name__}"
        raise TypeError(f"{what}: expected an array of floating-point numbers, got {got}")


def check_rng(what: str, rng: object) -> None:
    """Raise TypeError unless ``rng`` is a generator: a seed would mean the same draw every time.

    Examples
    --------
    >>> check_rng("Dropout rng", 0)
    Traceback (most recent call last):
    ...
    TypeError: Dropout rng: expected a numpy.random.Generator, got a int; pass default_rng(seed)
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{what}: expected a numpy.random.Generator, got a {type(rng).__name__}; "
            "pass default_rng(seed)"
        )


def check_batch(what: str, x: Array) -> None:
    """Raise ValueError for an array without samples.

    Examples
    --------
    >>> check_batch("logits Z", np.zeros((0, 10)))
    Traceback (most recent call last):
    ...
    ValueError: logits Z: expected at least one sample, got shape (0, 10)
    """
    if len(x) == 0:
        raise ValueError(f"{what}: expected at least one sample, got shape {np.shape(x)}")


def check_labels(y: Array, n_classes: int, n_samples: int) -> None:
    """Raise unless ``y`` holds one integer label in 0..C-1 for each of N samples.

    Raises
    ------
    TypeError
        If the labels are not integers.
    ValueError
        If there are not N of them, or one is out of range.

    Examples
    --------
    >>> check_labels(np.array([0, 10]), n_classes=10, n_samples=2)
    Traceback (most recent call last):
    ...
    ValueError: labels y: expected 0..9, got 0..10
    """
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "iu":
        got = y.dtype if isinstance(y, np.ndarray) else f"a {type(y).__name__}"
        raise TypeError(f"labels y: expected an array of integers, got {got}")
    if y.shape != (n_samples,):
        check_shape("labels y", y, (n_samples,), "one class number for each row of the logits")
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= n_classes:
        raise ValueError(f"labels y: expected 0..{n_classes - 1}, got {low}..{high}")


def check_range(
    what: str,
    value: float,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    closed: str = "[)",
) -> float:
    """Return ``value`` as a float; raise ValueError unless it is between ``low`` and ``high``.

    ``closed`` draws the brackets of the interval: ``"[)"`` includes ``low`` and not ``high``.
    What comes back is Python's float: NumPy's own float64 would turn float32 arrays into float64.

    Examples
    --------
    >>> check_range("lr", np.float64(0.1), 0)
    0.1
    >>> check_range("betas[1]", 1.0, 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: betas[1] must be in [0, 1), got 1.0
    >>> check_range("batch_size", 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: batch_size must be at least 1, got 0
    """
    above = value >= low if closed[0] == "[" else value > low
    below = value <= high if closed[1] == "]" else value < high
    if above and below:
        return float(value)
    if high == math.inf:
        wanted = f"at least {low}" if closed[0] == "[" else f"greater than {low}"
        raise ValueError(f"{what} must be {wanted}{' and finite' * (value == high)}, got {value}")
    raise ValueError(f"{what} must be in {closed[0]}{low}, {high}{closed[1]}, got {value}")

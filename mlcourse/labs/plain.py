"""Plain data as JSON: values go to another process or into a file and come back as they were.

Plain are None, bool, int, float, str, ``...``, list, tuple and dict. What else a value may hold is
up to two functions: one that packs it into a dictionary with its own tag, and one that reads that
again. The two here write arrays as nested lists; the grader has others, which send the bytes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 50
# More keys than honest code needs, and few enough that keys made to collide cost no time.
MAX_KEYS = 1000

Other = Callable[[Any], dict[str, Any]]
Tagged = Callable[[dict[str, Any]], Any]


def to_json(value: Any) -> dict[str, Any]:
    """Pack an array, a number of NumPy's, a random generator, or a function of NumPy's.

    Raises
    ------
    TypeError
        If the value is none of these.

    Examples
    --------
    >>> to_json(np.array([1.0, np.nan], dtype=np.float32))
    {'array': [1.0, 'nan'], 'dtype': 'float32'}
    >>> to_json(np.linalg.norm)
    {'numpy': 'linalg.norm'}
    """
    import numpy as np

    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind not in "biufU":
            raise TypeError(f"an array of {value.dtype}")
        name = "str" if value.dtype.kind == "U" else value.dtype.name
        if isinstance(value, np.generic):
            return {"scalar": _finite(value.item()), "dtype": name}
        packed = {"array": _finite(value.tolist()), "dtype": name}
        # Nested lists that are empty do not tell the sizes behind the first.
        return packed if value.size else {**packed, "shape": list(value.shape)}
    if isinstance(value, np.random.Generator):
        return {"rng": value.bit_generator.state}
    for place in ("", "linalg."):
        name = place + getattr(value, "__name__", "?")
        if _in_numpy(name) is value:
            return {"numpy": name}
    raise TypeError(f"a {type(value).__name__}")


def from_json(tree: dict[str, Any]) -> Any:
    """Read what ``to_json`` packed.

    Raises
    ------
    ValueError
        If it packed no such thing.

    Examples
    --------
    >>> from_json({"array": [[1, 2], [3, 4]], "dtype": "int64"})
    array([[1, 2],
           [3, 4]])
    """
    import numpy as np

    match tree:
        case {"array": nested, "dtype": dtype}:
            return np.array(nested, dtype).reshape(tree.get("shape", np.shape(nested)))
        case {"scalar": value, "dtype": dtype}:
            return np.dtype(dtype).type(value)
        case {"rng": {"bit_generator": name, **_rest} as state}:
            bits = getattr(np.random, name)()
            bits.state = state
            return np.random.Generator(bits)
        case {"numpy": name} if (found := _in_numpy(name)) is not None:
            return found
    raise ValueError("a value of an unknown kind")


def pack(value: Any, other: Other = to_json, depth: int = 0) -> Any:
    """Return a value as JSON can hold it.

    Parameters
    ----------
    value : object
        Plain data, with anything in it that ``other`` knows.
    other : function
        Returns a dictionary for what is not plain, or raises TypeError.
    depth : int
        How deep the value lies in the one that is packed.

    Raises
    ------
    TypeError
        If the value holds something that is not plain.
    ValueError
        If it is nested too deeply, as a list that holds itself is.

    Examples
    --------
    >>> pack((1, [2.5, float("inf")], {"a": None}))
    {'tuple': [1, [2.5, {'float': 'inf'}], {'dict': [['a', None]]}]}
    """
    if depth > MAX_DEPTH:
        raise ValueError("a value nested too deeply")
    if value is None or type(value) in (bool, int, str):
        return value
    if value is ...:  # a question that is not answered yet
        return {"ellipsis": True}
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, list):
        return [pack(item, other, depth + 1) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [pack(item, other, depth + 1) for item in value]}
    if isinstance(value, dict):
        pairs = [[key, item] for key, item in value.items()]
        return {"dict": [[pack(part, other, depth + 1) for part in pair] for pair in pairs]}
    if not hasattr(value, "dtype"):  # NumPy's float64 is a float too, and more than that
        if isinstance(value, int):  # a subclass of it, which may convert itself to anything
            return int.__int__(value)
        if isinstance(value, float):
            return pack(float.__float__(value), other, depth + 1)
        if isinstance(value, str):
            return str.__str__(value)
    return other(value)


def unpack(tree: Any, tagged: Tagged = from_json, depth: int = 0) -> Any:
    """Return the value that ``pack`` packed.

    Parameters
    ----------
    tree : object
        What JSON said; it may say anything.
    tagged : function
        Reads a dictionary with a tag that is not known here, or raises ValueError.
    depth : int
        How deep the tree lies in the one that is read.

    Raises
    ------
    ValueError
        If the tree is not what ``pack`` makes.

    Examples
    --------
    >>> unpack({"tuple": [1, [2.5, {"float": "inf"}], {"dict": [["a", None]]}]})
    (1, [2.5, inf], {'a': None})
    """
    if depth > MAX_DEPTH:
        raise ValueError("a value nested too deeply")
    if isinstance(tree, str):  # half a character would make every file it is written to fail
        return tree.encode("utf-8", "replace").decode("utf-8")
    if isinstance(tree, list):
        return [unpack(item, tagged, depth + 1) for item in tree]
    match tree:
        case None | bool() | int() | float():
            return tree
        case {"float": "nan" | "inf" | "-inf" as text}:
            return float(text)
        case {"ellipsis": True}:
            return ...
        case {"tuple": list(items)}:
            return tuple(unpack(items, tagged, depth))
        case {"dict": list(pairs)}:
            return _dict(unpack(pairs, tagged, depth))
        case dict():
            return tagged(tree)
    raise ValueError("a value of an unknown kind")


def _dict(pairs: list[Any]) -> dict[Any, Any]:
    if len(pairs) > MAX_KEYS:
        raise ValueError(f"a dictionary with more than {MAX_KEYS:,} keys")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError("a dictionary without pairs")
    try:
        # Not dict(pairs): comparing long keys that collide would hold up every other thread.
        return {key: item for key, item in pairs}
    except TypeError as error:
        raise ValueError("a dictionary whose keys cannot be keys") from error


def _finite(value: Any) -> Any:
    """Return nested lists of numbers with text for those that JSON does not know."""
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _in_numpy(name: str) -> Any:
    import numpy as np

    try:
        return operator.attrgetter(name)(np)
    except AttributeError:
        return None

"""Messages between the grader and a student's worker, and arrays as bytes in them.

A message is two lengths of four bytes, JSON, and the bytes of its arrays one after the other. Both
sides read it strictly, because the student's side may send anything.
"""

from __future__ import annotations

import json
import re
import struct
from typing import Any

MAX_JSON = 4_000_000
MAX_DIMENSIONS = 64  # as NumPy has it
HEAD = struct.Struct(">II")
# Numbers and text, in one order of bytes.
PLAIN = re.compile(r"\|b1|\|[iu]1|<[iu][248]|<f[248]|<c(8|16)|<U[1-9]\d{0,5}")

Blobs = list[bytes]


class TooLarge(Exception):
    """A message does not fit; the argument says in what way."""


def pack_array(value: Any, blobs: Blobs) -> dict[str, Any]:
    """Return an array or a number of NumPy's as JSON can hold it; its bytes go to ``blobs``.

    Raises
    ------
    TypeError
        If it is no array, or one of objects, dates or records.

    Examples
    --------
    >>> blobs = []
    >>> pack_array(np.array([[1.0, 2.0]]), blobs)
    {'array': [0, '<f8', [1, 2]]}
    >>> len(blobs[0])
    16
    """
    import numpy as np

    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"a {type(value).__name__}")
    array = np.asarray(value)
    dtype = array.dtype.newbyteorder("<")
    if not PLAIN.fullmatch(dtype.str):
        raise TypeError(f"an array of {array.dtype}")
    blobs.append(array.astype(dtype, copy=False).tobytes())
    kind = "scalar" if isinstance(value, np.generic) else "array"
    return {kind: [len(blobs) - 1, dtype.str, list(array.shape)]}


def unpack_array(tree: dict[str, Any], blobs: Blobs) -> Any:
    """Return what ``pack_array`` packed, and believe nothing.

    The bytes are taken out of ``blobs``: named a thousand times, they would fill all memory.

    Raises
    ------
    ValueError
        If it is not that.
    """
    import numpy as np

    match tree:
        case {"array": [int(number), str(name), list(shape)]} if PLAIN.fullmatch(name):
            pass
        case {"scalar": [int(number), str(name), [] as shape]} if PLAIN.fullmatch(name):
            pass
        case _:
            raise ValueError("a value of an unknown kind")
    if not 0 <= number < len(blobs) or len(shape) > MAX_DIMENSIONS:
        raise ValueError("an array that was not sent")
    if not all(type(n) is int and 0 <= n < 2**31 for n in shape):
        raise ValueError("an array of an impossible shape")
    content, blobs[number] = blobs[number], b""
    dtype = np.dtype(name)
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size != len(content):
        raise ValueError("an array whose size is not what it says")
    try:
        array = np.ndarray(shape, dtype, content).copy()
    except (TypeError, OverflowError, MemoryError) as error:
        raise ValueError(f"an array that cannot be: {error}") from error
    if dtype.kind == "b":  # a truth value is one byte of 0 or 1, and others add up to nonsense
        array = array.view(np.uint8).astype(bool)
    if dtype.kind == "U":
        letters = np.frombuffer(content, "<u4")
        if np.any((letters > 0x10FFFF) | (letters >> 11 == 0xD800 >> 11)):
            raise ValueError("text that is none")
    return array[()] if "scalar" in tree else array


def frame(message: dict[str, Any], blobs: Blobs) -> bytes:
    """Return a message as the bytes that go over the socket.

    Raises
    ------
    TooLarge
        If there is more JSON than the other side reads.
    """
    text = json.dumps({**message, "blobs": [len(blob) for blob in blobs]}).encode()
    if len(text) > MAX_JSON:
        raise TooLarge(f"more than {MAX_JSON:,} characters of lists, numbers and text")
    body = b"".join(blobs)
    return HEAD.pack(len(text), len(body)) + text + body


def parse(text: bytes, body: bytes) -> tuple[dict[str, Any], Blobs]:
    """Return the message and the arrays' bytes of a frame.

    Raises
    ------
    ValueError
        If it is not well-formed.
    """
    try:
        message = json.loads(text)
    except RecursionError as error:
        raise ValueError("a message nested too deeply") from error
    sizes = message.pop("blobs", None) if isinstance(message, dict) else None
    if not isinstance(sizes, list) or not all(type(s) is int and s >= 0 for s in sizes):
        raise ValueError("a message without sizes")
    if sum(sizes) != len(body):
        raise ValueError("a message whose size is not what it says")
    blobs, start = [], 0
    for size in sizes:
        blobs.append(body[start : start + size])
        start += size
    return message, blobs

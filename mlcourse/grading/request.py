"""One case on its way to a worker: its arguments, the memory they lie in, and its functions."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..labs.plain import pack, to_json
from ..labs.steps import Case, pack_case
from .wire import Blobs, pack_array

Array = np.ndarray[Any, Any]
_SEALS = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class Kept:
    """In arguments: an object that the worker keeps."""

    name: str


class Request:
    """A packed case, as a context manager that gives back the memory.

    Arrays go into a file in memory, which the parent reads again afterwards. Those that the
    student's code may change are sent as copies: all of a case that is ``owned``, and values that
    attributes are set to.
    """

    def __init__(self, case: Case, *, owned: bool) -> None:
        self.blobs: Blobs = []
        self.memory: int | None = None
        self._functions: list[Callable[..., Any]] = []
        self._size = 0
        self._sent: list[tuple[str, int, bytes]] = []
        self._labels = {} if owned else _labels(case)
        try:
            self.case = pack_case(case, self._packed)
        except BaseException:
            self.__exit__()
            raise
        if self.memory is not None:  # the student's code may write into it, not make it grow
            fcntl.fcntl(self.memory, fcntl.F_ADD_SEALS, _SEALS)

    def __enter__(self) -> Request:
        return self

    def __exit__(self, *error: object) -> None:
        if self.memory is not None:
            os.close(self.memory)
            self.memory = None

    def _packed(self, value: Any) -> dict[str, Any]:
        if id(value) in self._labels and value.dtype.kind in "biufc":
            return self._share(value)
        if isinstance(value, np.ndarray | np.generic):
            return pack_array(value, self.blobs)
        if isinstance(value, Kept):
            return {"kept": value.name}
        try:
            return to_json(value)
        except TypeError:
            if not callable(value):
                raise
        self._functions.append(value)
        return {"function": len(self._functions) - 1}

    def _share(self, array: Array) -> dict[str, Any]:
        if self.memory is None:
            self.memory = os.memfd_create("inputs", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        content = array.tobytes()
        os.pwrite(self.memory, content or b"\0", self._size)
        self._sent.append((self._labels[id(array)], self._size, content))
        place = [array.dtype.str, array.shape, self._size]
        self._size += -(-max(len(content), 1) // 64) * 64  # aligned, as NumPy's own memory is
        return {"shared": place}

    def changed(self) -> str:
        """Return which argument is not what was sent any more, or nothing."""
        for label, offset, content in self._sent:
            assert self.memory is not None
            # Reading cannot fail as looking into memory could, whatever became of the file.
            if os.pread(self.memory, len(content), offset) != content:
                return label
        return ""

    def ask_back(self, number: int, args: Any) -> tuple[dict[str, Any], Blobs]:
        """Call a function that was an argument, for the student's code; return the answer."""
        if not 0 <= number < len(self._functions) or not isinstance(args, tuple):
            raise ValueError("it calls a function that was not sent")
        blobs: Blobs = []
        try:
            value = self._functions[number](*args)
            return {"ok": pack(value, lambda part: pack_array(part, blobs))}, blobs
        except Exception as error:
            return {"error": f"the function cannot take this: {type(error).__name__}"}, []


def _labels(case: Case) -> dict[int, str]:
    """Return which argument each array is, by the array's identity, for all that are arguments."""
    labels = {}
    for step in case.steps:
        match step:
            case ("call", _, args, kwargs):
                named = {f"argument {i}": arg for i, arg in enumerate(args, start=1)}
                named |= {f"argument {key}": arg for key, arg in kwargs.items()}
            case ("op", _, args):
                named = {"an operand": args}
            case _:
                continue
        for label, value in named.items():
            labels.update({id(array): label for array in _arrays(value)})
    return labels


def _arrays(value: Any) -> list[Array]:
    if isinstance(value, dict):
        return _arrays(list(value.values()))
    if isinstance(value, list | tuple):
        return [array for part in value for array in _arrays(part)]
    return [value] if isinstance(value, np.ndarray) else []

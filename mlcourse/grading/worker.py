"""Run a student's cells and the steps of the grader's programs: alone, inside the sandbox.

This file and those that it imports are all of the grader that the sandbox holds. They know no
tests, no expected values and no points, so nothing that the student's code does to them can tell or
change more than the answers to its own questions. Whatever the worker sends is data, which the
parent reads strictly.

An array argument lies in a file in the parent's memory, so that the parent can see afterwards
whether the student changed it.
"""

from __future__ import annotations

import _socket  # the part of socket that is needed, without what takes longer to load
import ast
import builtins
import mmap
import os
import resource
import sys
import types
from array import array
from typing import Any, NoReturn

from ..labs.plain import from_json, pack, unpack
from ..labs.steps import Missing, outline, run, unpack_case
from .standins import Absent, Silent, StandIns
from .wire import HEAD, Blobs, TooLarge, frame, pack_array, parse, unpack_array


class Refused(Exception):
    """The answer is an error of one of the parent's kinds."""


class Channel:
    """The worker's end of the socket."""

    def __init__(self, fd: int) -> None:
        self._socket = _socket.socket(fileno=fd)
        self._fds = array("i")

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            data, ancillary, _, _ = self._socket.recvmsg(min(size, 1 << 20), _socket.CMSG_SPACE(4))
            for _, _, fds in ancillary:
                self._fds.frombytes(fds)
            if not data:
                os._exit(0)  # the parent is gone
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def receive(self) -> tuple[dict[str, Any], Blobs, list[int]]:
        """Return the next request, its arrays and the files that came with it."""
        text, body = HEAD.unpack(self._read(HEAD.size))
        message, blobs = parse(self._read(text), self._read(body))
        fds, self._fds = list(self._fds), array("i")
        return message, blobs, fds

    def send(self, data: bytes) -> None:
        """Send a message."""
        self._socket.sendall(data)


def confine(limits: dict[str, int], user: int | None) -> None:
    """Give up the rights that are left and set the limits of this process, for good."""
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    for name, value in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def run_cell(source: str, file: str, names: dict[str, Any]) -> list[str]:
    """Run a cell; return the modules that it imports and that are not here.

    An import that nothing uses must not cost the rest of its cell: the name stands for something
    that raises an error when it is used. (An import inside a ``try`` is left as it is.)
    """
    absent: list[str] = []

    def left_out(what: str) -> Absent:
        absent.append(what)
        return Absent(what)

    tree = ast.parse(source, file)
    tree.body = [spared for node in tree.body for spared in _spared(node)]
    names["__left_out__"] = left_out
    exec(compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True), names)
    return absent


def _spared(node: ast.stmt) -> list[ast.stmt]:
    """Return an import as ``try: import x`` and, in place of what is not here, what says so."""
    spared: list[ast.stmt] = []
    aliases = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
    for alias in aliases:
        name = alias.asname or alias.name.partition(".")[0]
        what, part = alias.name, not alias.asname
        one: ast.stmt = ast.Import([alias])
        if isinstance(node, ast.ImportFrom):
            if alias.name == "*" or node.module == "__future__":
                return [node]
            what, part = f"{node.module}.{alias.name}", False
            one = ast.ImportFrom(node.module, [alias], node.level)
        # Of a package that is here a part may be missing: its name stays what it is.
        bind = f"globals().setdefault({name!r}, {{}})" if part else f"{name} = {{}}"
        code = f"try: pass\nexcept ImportError: {bind.format(f'__left_out__({what!r})')}"
        [attempt] = ast.parse(code).body
        assert isinstance(attempt, ast.Try)
        attempt.body = [ast.copy_location(one, node)]
        spared.append(ast.copy_location(attempt, node))
    return spared or [node]


def described(error: BaseException) -> tuple[str, str]:
    """Return the type of an exception, and with it its text and the line that it comes from."""
    try:
        name = type.__dict__["__name__"].__get__(type(error))[:80]
        trace, place = error.__traceback__, ""
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.startswith("<cell "):
                place = f" ({file[1:-1]}, line {trace.tb_lineno})"
            trace = trace.tb_next
        text = str.__str__(str(error))[:1000]
        return name, f"{name}: {text}{place}" if text else f"{name}{place}"
    except BaseException:  # the student's class may do anything when it is asked for its text
        return "", "an exception that cannot be shown"


class Student:
    """What the student's cells defined, and the objects that were made from it and are kept."""

    def __init__(self, channel: Channel, reply: int) -> None:
        self._channel = channel
        self._reply = reply
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self._names = vars(module)
        self._names.update(__builtins__=builtins, display=Silent(), get_ipython=Silent())
        self._given = set(self._names)
        self._kept: dict[str, Any] = {}
        self._id = ""

    def answer(self, request: dict[str, Any], blobs: Blobs, fds: list[int]) -> bytes:
        """Do what a request asks; return the message to send back."""
        self._id = request["id"]
        try:
            data = self._do(request, blobs, fds)
        except Refused as refused:
            data = self._error(*refused.args, "")
        except Missing as missing:
            data = self._error("missing", str(missing), "")
        except BaseException as error:
            name, text = described(error)
            data = self._error("raised", text, name)
        try:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        except BaseException:
            pass  # the student closed or replaced it
        return data

    def _error(self, *error: str) -> bytes:
        return frame({"id": self._id, "error": error}, [])

    def _do(self, request: dict[str, Any], blobs: Blobs, fds: list[int]) -> bytes:
        out: Blobs = []
        value: Any = None
        match request["do"]:
            case "cell":
                value = run_cell(request["source"], f"<cell {request['cell']}>", self._names)
            case "names":
                value = [n for n in self._names if type(n) is str and n not in self._given]
            case "run":
                value = self._run(request, blobs, fds, out)
        return self._framed({"id": self._id, "ok": value}, out)

    def _run(self, request: dict[str, Any], blobs: Blobs, fds: list[int], out: Blobs) -> list[Any]:
        """Run the steps of a case; keep what is to be kept, forget what is not."""
        for name in request["free"]:
            del self._kept[name]
        case = unpack_case(request["case"], self._reader(blobs, fds))
        slots: list[Any] = []
        before = outline(case.steps)
        shown = run(
            case.steps,
            self._lookup,
            case.shown,
            snapshot=lambda value: self._packed(value, out),
            slots=slots,
        )
        if not request["owned"] and outline(case.steps) != before:
            raise Refused("mutated", "a list or a dict")
        for name, slot in request["keep"].items():
            self._kept[name] = slots[slot]
        return shown

    def _lookup(self, name: str) -> Any:
        if name in self._kept:
            return self._kept[name]
        if name not in self._names:
            raise Missing(name)
        return self._names[name]

    def _packed(self, value: Any, out: Blobs) -> Any:
        try:
            return pack(value, lambda part: pack_array(part, out))
        except (TypeError, ValueError, RecursionError) as error:
            raise Refused("protocol", f"the result holds {error}; return plain data") from error

    def _framed(self, message: dict[str, Any], out: Blobs) -> bytes:
        size = sum(map(len, out))
        if size > self._reply:
            raise Refused("oversized", f"the result is too large ({size:,} bytes)")
        try:
            return frame(message, out)
        except TooLarge as error:
            raise Refused("oversized", f"the result is too large: {error}") from error

    def _reader(self, blobs: Blobs, fds: list[int]) -> Any:
        """Return the function that reads the arguments that are not plain data."""
        import numpy as np

        memory: Any = None
        if fds:
            memory = mmap.mmap(fds[0], 0)
            os.close(fds[0])

        def read(tree: dict[str, Any]) -> Any:
            match tree:
                case {"shared": [dtype, shape, offset]}:
                    return np.ndarray(shape, dtype, memory, offset)
                case {"array": _} | {"scalar": _}:
                    return unpack_array(tree, blobs)
                case {"kept": name}:
                    return self._kept[name]
                case {"function": number}:
                    return lambda *args: self._ask(number, args)
            return from_json(tree)

        return read

    def _ask(self, number: int, args: tuple[Any, ...]) -> Any:
        """Call a function of the parent's, which was an argument."""
        out: Blobs = []
        packed = self._packed(args, out)
        self._channel.send(self._framed({"id": self._id, "ask": number, "args": packed}, out))
        reply, blobs, _ = self._channel.receive()
        if "ok" not in reply:
            raise ValueError(reply["error"])
        return unpack(reply["ok"], lambda tree: unpack_array(tree, blobs))


def main(fd: int) -> NoReturn:
    """Answer requests until the parent hangs up."""
    # A number that the student's code does not come upon by chance.
    hidden = 150 + os.urandom(1)[0] % 100
    os.dup2(fd, hidden, inheritable=False)
    os.close(fd)
    channel = Channel(hidden)
    start, _, _ = channel.receive()
    sys.path += start["path"]
    import numpy  # noqa: F401 - before the limits and the student's code

    confine(start["limits"], start["user"])
    sys.meta_path.append(StandIns(start["stand_ins"]))
    channel.send(frame({"id": start["id"], "ok": None}, []))
    student = Student(channel, start["reply"])
    while True:
        channel.send(student.answer(*channel.receive()))

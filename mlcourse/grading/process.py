"""The parent's end of one worker process: start it, send it requests, and do not wait for ever."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ..labs.plain import unpack
from . import sandbox
from .diagnosis import why_not
from .sandbox import Limits, SandboxError
from .wire import HEAD, MAX_JSON, Blobs, TooLarge, frame, parse, unpack_array

Isolation = Literal["sandbox", "process"]
AskBack = Callable[[int, Any], tuple[dict[str, Any], Blobs]]
_START_SECONDS = 30.0  # far more than Python and NumPy need, on a machine that is busy
_OUTPUT_TOTAL = 1 << 30  # bytes read of a worker before it counts as doing nothing but write


class StudentError(Exception):
    """A call did not give a value, for a reason that lies in the student's code.

    Attributes
    ----------
    kind : str
        "missing", "raised", "timeout", "died", "protocol", "mutated" or "oversized".
    message : str
        What happened, in words for the student. It may hold text of the student's: escape it.
    type : str
        For "raised": the name of the exception's class, as the student's code has it.
    """

    def __init__(self, kind: str, message: str, type: str = "") -> None:
        super().__init__(kind, message, type)
        self.kind, self.message, self.type = kind, message, type

    def __str__(self) -> str:
        return self.message


# Of what a terminal or a page obeys instead of showing it: all but ends of lines and tabs.
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def clean(text: str, most: int) -> str:
    r"""Return text of a student's without control characters and not longer than that.

    Examples
    --------
    >>> clean("\x1b[31mred", 40)
    '[31mred'
    """
    text = text.encode("utf-8", "replace").decode()
    text = _CONTROL.sub("", text.replace("\r\n", "\n"))
    return text if len(text) <= most else text[:most] + " …"


_ANSWERED = ("missing", "raised", "mutated", "protocol", "oversized")  # the worker goes on


class Worker:
    """A process that runs one student's code; every error of its kills it."""

    def __init__(
        self,
        limits: Limits,
        isolation: Isolation,
        packages: tuple[str, ...],
        stand_ins: tuple[str, ...],
    ) -> None:
        self._limits = limits
        self._output = b""
        self._written = 0
        self.unused: list[str] = []  # names of kept objects that nobody needs any more
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as on_error, theirs:
            on_error.enter_context(ours)
            if isolation == "sandbox":
                self._process = sandbox.start_worker(theirs.fileno(), packages, limits.disk)
                path, user = [sandbox.PACKAGES], sandbox.user_of_its_own()
            else:
                self._process = _unconfined(theirs.fileno())
                path, user = [folder for folder in sys.path if folder], None
            on_error.pop_all()
        self._socket = ours
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        start = {
            "limits": limits.of_process(), "reply": limits.reply,
            "user": user, "path": path, "stand_ins": stand_ins,
        }  # fmt: skip
        try:
            self.ask(start, [], None, _START_SECONDS)
        except StudentError as error:  # no code of the student's has run yet
            said = self.output().strip()[-500:] or error.message
            self.close()
            why = why_not() if isolation == "sandbox" else ""
            raise SandboxError(why or f"the worker does not start: {said}") from error

    def ask(
        self,
        request: dict[str, Any],
        blobs: Blobs,
        memory: int | None,
        seconds: float,
        ask_back: AskBack | None = None,
    ) -> Any:
        """Send a request; return the value in the answer.

        Parameters
        ----------
        request : dict
            As JSON can hold it.
        blobs : list of bytes
            The arrays in it.
        memory : int, optional
            An open file with the arrays that the student could change.
        seconds : float
            How long the answer may take, with everything.
        ask_back : function, optional
            Called with a number and arguments when the worker calls a function of the parent's.

        Raises
        ------
        StudentError
            If there is no value; then the worker is dead, unless it says itself what is wrong.
        TooLarge
            If the request is larger than a worker reads.
        """
        name = secrets.token_hex(8)  # answers to earlier requests do not know it
        until = time.monotonic() + seconds
        data = frame({**request, "id": name}, blobs)
        try:
            self._send(data, memory, until)
            while True:
                message, blobs = self._receive(until)
                if message.pop("id", None) != name:
                    raise ValueError("it answers what was not asked")
                match message:
                    case {"ok": value}:
                        return unpack(value, partial(unpack_array, blobs=blobs))
                    case {"error": [str(kind), str(text), str(type)]} if kind in _ANSWERED:
                        break
                    case {"ask": int(number), "args": args} if ask_back is not None:
                        args = unpack(args, partial(unpack_array, blobs=blobs))
                        self._send(frame(*ask_back(number, args)), None, until)
                    case _:
                        raise ValueError("it is neither a value nor an error")
        except (ValueError, RecursionError, TooLarge) as error:
            self.kill()
            raise StudentError("protocol", f"an answer that cannot be used: {error}") from error
        except BaseException:
            self.kill()
            raise
        raise StudentError(kind, clean(text, 1500), clean(type, 80))

    def output(self) -> str:
        """Return what was printed since the last call, as text and capped."""
        with contextlib.suppress(StudentError):
            self._drain()
        output, self._output = self._output, b""
        text = clean(output.decode("utf-8", "replace"), self._limits.output)
        if len(output) >= self._limits.output:
            text += "\n(the rest of the output was cut off)"
        return text

    @property
    def alive(self) -> bool:
        """Whether the worker has answered everything properly so far."""
        return self._process.returncode is None

    def kill(self) -> None:
        """End the worker and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            # Bubblewrap, or without it the worker, leads a group of its own. What is in the
            # sandbox dies with bubblewrap, whatever group it made for itself.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._socket.close()

    def close(self) -> None:
        """End the worker and give back its files."""
        if self.alive:
            self.kill()
        if self._process.stdout:
            self._process.stdout.close()

    def _send(self, data: bytes, memory: int | None, until: float) -> None:
        view = memoryview(data)
        files = [] if memory is None else [memory]
        while view:
            self._wait(select.POLLOUT, until)
            try:
                sent = socket.send_fds(self._socket, [view], files, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._death() from error
            view, files = view[sent:], []

    def _receive(self, until: float) -> tuple[dict[str, Any], Blobs]:
        text, body = HEAD.unpack(self._read(HEAD.size, until))
        if text > MAX_JSON or body > self._limits.reply:
            raise StudentError("oversized", f"the result is too large ({text + body:,} bytes)")
        return parse(self._read(text, until), self._read(body, until))

    def _read(self, size: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._wait(select.POLLIN, until)
            try:
                part = self._socket.recv(min(size - len(data), 1 << 20), socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._death() from error
            if not part:
                raise self._death()
            data += part
        return bytes(data)

    def _wait(self, event: int, until: float) -> None:
        """Wait until the socket is ready; meanwhile take in what is printed, or it would block."""
        poll = select.poll()
        poll.register(self._socket, event)
        poll.register(self._pipe, select.POLLIN)
        while True:
            left = until - time.monotonic()
            ready = dict(poll.poll(max(left, 0) * 1000))
            if left <= 0:
                raise StudentError("timeout", "")
            if self._pipe in ready and not self._drain():
                poll.unregister(self._pipe)  # closed
            if self._socket.fileno() in ready:
                return

    def _drain(self) -> bool:
        """Read what was printed and keep the first of it; return False at its end."""
        for _ in range(64):  # a flood must not keep the parent from looking at the clock
            try:
                part = os.read(self._pipe, 1 << 16)
            except BlockingIOError:
                return True
            if not part:
                return False
            self._written += len(part)
            if self._written > _OUTPUT_TOTAL:
                raise StudentError("oversized", "it prints without end")
            self._output += part[: self._limits.output - len(self._output)]
        return True

    def _death(self) -> StudentError:
        """Return the error of a worker that hung up, with the signal that ended it if known."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return StudentError("died", "the code closed its connection to the grader")
        number = code - 128 if code > 128 else -code  # bubblewrap adds 128
        try:
            name = signal.Signals(number).name
        except ValueError:
            return StudentError("died", f"the code ended Python itself (exit code {code})")
        return StudentError("died", f"Python crashed ({name})")


def _unconfined(fd: int) -> subprocess.Popen[bytes]:
    """Start a worker with limits alone: it sees this machine's files and its network."""
    return subprocess.Popen(
        [sys.executable, *sandbox.arguments(fd, Path(__file__).parents[1])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tempfile.gettempdir(),
        env=sandbox.ENVIRONMENT,
        pass_fds=(fd,),
        start_new_session=True,
    )

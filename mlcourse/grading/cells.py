"""Keep a worker running in which the cells of a notebook have run, as long as there is time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..labs.source import defined
from .process import Isolation, StudentError, Worker
from .request import Request
from .sandbox import Limits


@dataclass(frozen=True)
class CellReport:
    """What became of a cell.

    Attributes
    ----------
    status : str
        "ok" or a kind of StudentError.
    error, output : str
        What went wrong (of a cell that is "ok": modules that it did not get) and what was printed;
        text of the student's, so escape it.
    seconds : float
        How long it took.
    """

    status: str
    error: str
    output: str
    seconds: float


class Cells:
    """The cells of a notebook, and a worker that ran them; it is replaced when it dies.

    Attributes
    ----------
    reports : dict of int to CellReport
        What became of the cells that were run.
    names : set of str
        What the cells defined.
    fresh : bool
        Whether nothing but the cells has run in the worker.
    starts : int
        Workers started so far.
    """

    def __init__(
        self,
        cells: Sequence[str],
        limits: Limits,
        isolation: Isolation,
        packages: tuple[str, ...],
        stand_ins: tuple[str, ...],
    ) -> None:
        self._cells, self._limits = list(cells), limits
        self._start = (isolation, packages, stand_ins)
        self._spent = 0.0  # seconds that the student's code took
        self._deadly: set[int] = set()  # cells that cost a worker: not run again
        self._worker: Worker | None = None
        self.reports: dict[int, CellReport] = {}
        self.names: set[str] = set()
        self.fresh = False
        self.starts = 0

    def ready(self) -> Worker:
        """Return a worker in which the cells have run.

        Raises
        ------
        StudentError
            If the time for the whole submission is over.
        SandboxError
            If no worker can be started.
        """
        while self._worker is None or not self._worker.alive:
            self._left()
            self.close()
            began = time.monotonic()
            worker = self._worker = Worker(self._limits, *self._start)
            if self.starts:  # that it has to be started again is the student's doing
                self._spent += time.monotonic() - began
            self.starts += 1
            if all(self._run(worker, i) for i in range(len(self._cells))):
                with contextlib.suppress(StudentError):
                    self.names = _names(self.ask(worker, {"do": "names"}, self._limits.cell))
                self.fresh = True
        return self._worker

    def has(self, worker: Worker) -> bool:
        """Tell whether this worker is still the one, and lives."""
        return worker is self._worker and worker.alive

    def stopped(self, name: str) -> str:
        """Return what stopped the last cell that should have defined a name, or nothing."""
        for number in range(len(self._cells) - 1, -1, -1):
            report = self.reports.get(number)
            if report and report.status != "ok" and name in defined(self._cells[number]):
                return report.error
        return ""

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def ask(
        self,
        worker: Worker,
        message: dict[str, Any],
        seconds: float,
        request: Request | None = None,
    ) -> Any:
        """Ask with a deadline for this question, and that of the whole submission."""
        left = self._left()
        allowed = min(seconds, left)
        began = time.monotonic()
        try:
            if request is None:
                return worker.ask(message, [], None, allowed)
            return worker.ask(message, request.blobs, request.memory, allowed, request.ask_back)
        except StudentError as error:
            if error.kind == "timeout":
                why = (
                    self._time_is_up()
                    if left < seconds
                    else f"took longer than {seconds:g} seconds"
                )
                raise StudentError("timeout", why) from error
            raise
        finally:
            self._spent += time.monotonic() - began

    def _left(self) -> float:
        left = self._limits.total - self._spent
        if left <= 0:
            raise StudentError("timeout", self._time_is_up())
        return left

    def _time_is_up(self) -> str:
        whole = f"the time for the whole submission, {self._limits.total:g} seconds, was over"
        return f"was not done when {whole}"

    def _run(self, worker: Worker, number: int) -> bool:
        """Run a cell, unless it is deadly, and report; return whether the worker survived."""
        if number in self._deadly:
            return True
        request = {"do": "cell", "cell": number + 1, "source": self._cells[number]}
        began, status, why = time.monotonic(), "ok", ""
        try:
            absent = self.ask(worker, request, self._limits.cell)
            if names := ", ".join(sorted(_module_names(absent))):
                why = f"it imports {names}, which is not there when a lab is graded"
        except StudentError as error:
            status, why = error.kind, error.message
        report = CellReport(status, why, worker.output(), time.monotonic() - began)
        if not worker.alive:
            self._deadly.add(number)
            self.reports[number] = report
        self.reports.setdefault(number, report)
        return worker.alive


def _module_names(value: Any) -> set[str]:
    """Return the names of modules among what the worker said; honest ones are few and short."""
    found = value[:20] if isinstance(value, list) else []
    return {
        n
        for n in found
        if isinstance(n, str) and len(n) <= 60 and n.replace(".", "").isidentifier()
    }


def _names(value: Any) -> set[str]:
    """Return the names among what the worker said; honest ones are few and short."""
    if not isinstance(value, list):
        return set()
    return {n for n in value[:2000] if isinstance(n, str) and len(n) <= 60 and n.isidentifier()}

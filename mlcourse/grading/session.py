"""Ask a student's code questions: the parent's side, which owns the inputs and the clock.

Whatever comes back is plain data. A worker that dies, hangs or talks nonsense is replaced and the
cells run again in a new one, so that a crash costs one answer and no more.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..labs.steps import Case, Step
from .cells import CellReport, Cells
from .process import Isolation, StudentError, Worker
from .request import Kept, Request
from .sandbox import Limits, SandboxError

__all__ = ["CellReport", "Handle", "Limits", "SandboxError", "Session", "StudentError"]

# What notebooks import to look at things: it may be missing in the sandbox without any harm.
STAND_INS = ("mlcourse.labs", "mlcourse.plots", "matplotlib", "IPython", "ipywidgets", "tqdm")


_CHANGES = "{} changes its input ({}); it must work on a copy"


class Handle(Kept):
    """An object in the worker, such as an optimizer with its state; see ``Session.new``."""

    def __init__(self, session: Session, worker: Worker, name: str, what: str) -> None:
        self._session, self._worker = session, worker
        self.name, self._what = name, what

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method and return its value, as plain data."""
        steps = (("name", self.name), ("get", 0, method), ("call", 1, args, kwargs))
        return self._ask(method, steps, (2,))[0]

    def make(self, method: str, *args: Any, **kwargs: Any) -> Handle:
        """Call a method and keep the object that it returns in the worker."""
        steps = (("name", self.name), ("get", 0, method), ("call", 1, args, kwargs))
        return self._session._keep(steps, f"{self._what}.{method}", self)

    def get(self, attribute: str) -> Any:
        """Return an attribute, as plain data."""
        return self._ask(attribute, (("name", self.name), ("get", 0, attribute)), (1,))[0]

    def set(self, attribute: str, value: Any) -> None:
        """Set an attribute; an array of the same shape is written into, so that views see it."""
        self._ask(attribute, (("name", self.name), ("set", 0, attribute, value)), ())

    def _ask(self, name: str, steps: tuple[Step, ...], shown: tuple[int, ...]) -> list[Any]:
        return self._session._ask(steps, shown, f"{self._what}.{name}", self)

    def _check(self) -> None:
        """Raise unless the object is still there."""
        if not self._session._cells.has(self._worker):
            message = f"the object that {self._what} made was lost when the code crashed"
            raise StudentError("died", message)

    def __del__(self) -> None:
        self._worker.unused.append(self.name)


class Session:
    """The code of one submission, running: a context manager, for the thread that enters it.

    Parameters
    ----------
    cells : sequence of str
        The code cells, in order.
    limits : Limits, optional
        What the code may use.
    isolation : {"sandbox", "process"}
        "process" sets limits alone and hides nothing; never use it on a machine that matters.
    packages : tuple of str
        Modules that can be imported besides the standard library and NumPy, such as
        "mlcourse.data".
    stand_ins : tuple of str
        Modules that do nothing when they are imported and not among the packages.

    Raises
    ------
    SandboxError
        If no worker can be started, when the first one is needed.

    Examples
    --------
    >>> with Session(["def double(x): return 2 * x"]) as student:
    ...     student.call("double", np.array([1.0, 2.0]))
    array([2., 4.])
    """

    def __init__(
        self,
        cells: Sequence[str],
        *,
        limits: Limits | None = None,
        isolation: Isolation = "sandbox",
        packages: tuple[str, ...] = ("numpy",),
        stand_ins: tuple[str, ...] = STAND_INS,
    ) -> None:
        if isolation not in ("sandbox", "process"):
            raise ValueError(f'isolation: expected "sandbox" or "process", got {isolation!r}')
        self.isolation = isolation
        self._limits = limits or Limits()
        self._cells = Cells(cells, self._limits, isolation, tuple(packages), tuple(stand_ins))
        self._n_cells = len(cells)
        self._patient = False  # whether the next call was allowed another time than usual
        self._guilty: set[str] = set()  # what failed in a fresh worker: not tried twice again
        self._numbers = itertools.count()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self._cells.close()

    def run(self) -> list[CellReport]:
        """Run the cells unless they have run, and return what became of each."""
        if not self._cells.reports:
            with contextlib.suppress(StudentError):  # the time is up: the reports say so
                self._cells.ready()
        late = CellReport("timeout", "not run: the time for the whole notebook was over", "", 0.0)
        return [self._cells.reports.get(i, late) for i in range(self._n_cells)]

    @property
    def names(self) -> set[str]:
        """The names that the cells defined."""
        self.run()
        return self._cells.names

    @property
    def starts(self) -> int:
        """How many workers were started so far."""
        return self._cells.starts

    def case(self, case: Case, owned: bool = False) -> list[Any]:
        """Run a case and return the values that it shows, as plain data.

        Arguments are None, bool, int, float, str, list, tuple, dict, arrays, random generators (the
        student gets a copy), functions of NumPy's, handles, and other functions, which run here
        when the student calls them.

        Parameters
        ----------
        case : Case
            What to do.
        owned : bool
            Whether the student's code may keep and change the arrays. It gets copies then;
            otherwise a change of an input is an error.

        Raises
        ------
        StudentError
            If there is no value: see there.
        """
        names = dict.fromkeys(step[1] for step in case.steps if step[0] == "name")
        return self._run(case.steps, case.shown, " and ".join(names), owned=owned)[1]

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function by its name and return its value, as plain data; see ``case``."""
        return self.case(Case.call(name, *args, **kwargs))[0]

    def value(self, name: str) -> Any:
        """Return the value of a name, as plain data."""
        return self.case(Case.value(name))[0]

    def new(self, name: str, *args: Any, **kwargs: Any) -> Handle:
        """Make an object of a class, or with any function, and keep it in the worker.

        Examples
        --------
        >>> with Session(["from collections import Counter"]) as student:
        ...     counter = student.new("Counter", "banana")
        ...     counter.call("update", "bread")
        ...     counter.call("total")
        11
        """
        return self._keep(Case.call(name, *args, **kwargs).steps, name)

    @contextlib.contextmanager
    def allow(self, seconds: float) -> Iterator[None]:
        """Give the calls in this block another number of seconds each, as training needs.

        A call that takes longer is not tried again.
        """
        before = self._limits, self._patient
        self._limits, self._patient = replace(self._limits, call=seconds), True
        try:
            yield
        finally:
            self._limits, self._patient = before

    def _keep(self, steps: tuple[Step, ...], what: str, *live: Handle) -> Handle:
        name = f"#{next(self._numbers)}"  # no name of Python's
        worker, _ = self._run(steps, (), what, live=live, keep={name: len(steps) - 1})
        return Handle(self, worker, name, what)

    def _ask(
        self, steps: tuple[Step, ...], shown: tuple[int, ...], what: str, *live: Handle
    ) -> list[Any]:
        return self._run(steps, shown, what, live=live)[1]

    def _run(
        self,
        steps: tuple[Step, ...],
        shown: tuple[int, ...],
        what: str,
        *,
        owned: bool = False,
        live: Sequence[Handle] = (),
        keep: dict[str, int] | None = None,
    ) -> tuple[Worker, list[Any]]:
        """Run steps; once more in a fresh worker if earlier calls may be what broke this one."""
        live = [*live, *_handles(steps)]
        while True:
            for handle in live:
                handle._check()
            worker = self._cells.ready()
            fresh, self._cells.fresh = self._cells.fresh, False
            try:
                return worker, self._once(worker, Case(steps, shown), what, owned, keep or {})
            except StudentError as error:
                if worker.alive:
                    raise
                late = error.kind == "timeout" and self._patient
                if fresh or late or live or what in self._guilty:
                    self._guilty.add(what)
                    raise

    def _once(
        self, worker: Worker, case: Case, what: str, owned: bool, keep: dict[str, int]
    ) -> list[Any]:
        free, worker.unused = worker.unused, []
        with Request(case, owned=owned) as request:
            message = {
                "do": "run", "case": request.case, "owned": owned, "keep": keep, "free": free,
            }  # fmt: skip
            try:
                value = self._cells.ask(worker, message, self._limits.call, request)
            except StudentError as error:
                why = self._explained(error, what, case)
                raise StudentError(error.kind, why, error.type) from error
            changed = request.changed()
        if changed:
            raise StudentError("mutated", _CHANGES.format(what, changed))
        if not isinstance(value, list) or len(value) != len(case.shown):
            worker.kill()
            raise StudentError("protocol", f"{what} sent other values than those asked for")
        return value

    def _explained(self, error: StudentError, what: str, case: Case) -> str:
        if error.kind == "mutated":
            return _CHANGES.format(what, error.message)
        if error.kind != "missing":
            verb = {"raised": " raised", "timeout": ""}.get(error.kind, ":")
            return f"{what}{verb} {error.message}"
        if ("name", error.message) not in case.steps:
            return f"{error.message} does not exist"
        if stopped := self._cells.stopped(error.message):
            return f"{error.message} is not defined, because its cell stopped: {stopped}"
        close = difflib.get_close_matches(error.message, self._cells.names, 1)
        hint = f"did you rename it to {close[0]}?" if close else "did you rename it?"
        return f"{error.message} is not defined; {hint}"


def _handles(value: Any) -> list[Handle]:
    if isinstance(value, dict):
        return _handles(list(value.values()))
    if isinstance(value, list | tuple):
        return [handle for part in value for handle in _handles(part)]
    return [value] if isinstance(value, Handle) else []

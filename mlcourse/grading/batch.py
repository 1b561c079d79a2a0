"""Grade a class: many notebooks at once, each result kept as soon as it is there."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from .gradebook import load_result, save_result, to_json
from .judge import Judge
from .result import Result
from .submissions import Submission

LOG = "errors.log"
# Seconds: between two looks at a terminal, between two lines elsewhere, and until one is slow.
_TERMINAL, _QUIET, _LONG = 1.0, 30.0, 10.0


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


class Progress:
    """A line on a terminal that fills up; elsewhere a line now and then."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._began = time.monotonic()
        self._running: dict[str, float] = {}
        self._lock = threading.Lock()
        self._terminal = sys.stderr.isatty()
        self.wait = _TERMINAL if self._terminal else _QUIET  # seconds until ``tell`` is due

    def start(self, student: str) -> None:
        """Note that the grading of one begins; any thread may."""
        with self._lock:
            self._running[student] = time.monotonic()

    def step(self, student: str) -> None:
        """Count one more."""
        with self._lock:
            self._running.pop(student, None)
        before, self._done = self._done, self._done + 1
        if self._terminal or 10 * self._done // self._total > 10 * before // self._total:
            self.tell()

    def tell(self) -> None:
        """Say how far it is, and who takes longest."""
        now = time.monotonic()
        with self._lock:
            slow = sorted((since, s) for s, since in self._running.items() if now - since > _LONG)
        running = ", ".join(f"{s[:30]} ({_time(now - since)})" for since, s in slow[:3])
        if self._terminal:
            filled = 20 * self._done // self._total
            line = f"{'#' * filled}{'.' * (20 - filled)} {self._done}/{self._total}"
            if self._done:
                left = (now - self._began) / self._done * (self._total - self._done)
                line += f", {_time(left)} left"
            line += f"; {running}" if running else ""
            print(f"\r{line:<78.78}", end="", file=sys.stderr, flush=True)
        else:
            line = f"{self._done} of {self._total} graded"
            line += f"; still running: {running}" if running else ""
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._terminal and self._done:
            print(file=sys.stderr)


def _time(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> _time(59.2), _time(150)
    ('59 s', '2 min')
    """
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f} min"


def grade_all(
    submissions: Sequence[Submission],
    judge: Judge,
    out: Path,
    *,
    jobs: int,
    regrade: bool = False,
    only: Collection[str] | None = None,
) -> int:
    """Grade what is not graded yet, and return how many that were.

    Parameters
    ----------
    submissions : sequence of Submission
        The class.
    judge : Judge
        For the lab.
    out : Path
        Where the results are kept; those of the same notebook, tests, seed and isolation stay.
    jobs : int
        How many at once. Threads are enough: each waits for the process that runs student code.
    regrade : bool
        Grade also what has such a result.
    only : collection of str, optional
        Students to grade, leaving the others as they are.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when those that were being graded are done.
    """
    todo = [
        submission
        for submission in submissions
        if (only is None or submission.student in only)
        and (regrade or not _is_graded(load_result(out, submission.student), submission, judge))
    ]
    stopped = threading.Event()

    def work(submission: Submission) -> str:
        if not stopped.is_set():
            progress.start(submission.student)
            save_result(out, submission.student, _grade(submission, judge, out))
        return submission.student

    progress = Progress(len(todo))
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {pool.submit(work, submission) for submission in todo}
        while waiting:
            done, waiting = wait(waiting, progress.wait, FIRST_COMPLETED)
            for future in done:
                progress.step(future.result())
            if not done:
                progress.tell()
    except BaseException as error:
        stopped.set()
        if isinstance(error, KeyboardInterrupt):
            print("\nStopping after those in work; Ctrl-C again stops at once.", file=sys.stderr)
        raise
    finally:
        progress.end()
        pool.shutdown(cancel_futures=True)
    return len(todo)


def _is_graded(result: Result | None, submission: Submission, judge: Judge) -> bool:
    if result is None or result.status == "failed":
        return False
    content = submission.content or b""
    made_from = (hashlib.sha256(content).hexdigest(), judge.lab.digest, judge.seed, judge.isolation)
    same = made_from == (result.submission, result.tests, result.seed, result.isolation)
    return same and (submission.content is not None or result.why == submission.why)


def _grade(submission: Submission, judge: Judge, out: Path) -> Result:
    """Return the result of a submission; a mistake of the grader's is that one's alone."""
    if submission.content is None:
        return judge.refuse("unreadable", submission.why)
    try:
        result = judge.grade(submission.content)
        to_json(result.to_json())  # what cannot be written is that one's mistake, too
        return result
    except Exception as error:
        with open(out / LOG, "a", encoding="utf-8") as log:
            log.write(f"{submission.student} ({submission.file})\n{traceback.format_exc()}\n")
        return judge.refuse("failed", f"{type(error).__name__}: {error}", submission.content)

"""Grade a class: many notebooks at once, each result kept as soon as it is there."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from .gradebook import load_result, save_result, to_json
from .judge import Judge
from .result import Result
from .submissions import Submission

LOG = "errors.log"


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


class Progress:
    """A line on a terminal that fills up; a line for each tenth where there is no terminal."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self._began, self._tenth = time.monotonic(), 0
        self._terminal = sys.stderr.isatty()

    def step(self, student: str) -> None:
        """Count one more."""
        self.done += 1
        if self._terminal:
            filled = 30 * self.done // self.total
            left = (time.monotonic() - self._began) / self.done * (self.total - self.done)
            bar = "#" * filled + "." * (30 - filled)
            line = f"{bar} {self.done}/{self.total}, {left:.0f} s left, {student[:30]}"
            print(f"\r{line:<78.78}", end="", file=sys.stderr, flush=True)
        elif 10 * self.done // self.total > self._tenth:
            self._tenth = 10 * self.done // self.total
            print(f"{self.done} of {self.total} graded", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._terminal and self.done:
            print(file=sys.stderr)


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
            save_result(out, submission.student, _grade(submission, judge, out))
        return submission.student

    progress = Progress(len(todo))
    pool = ThreadPoolExecutor(jobs)
    try:
        for future in as_completed([pool.submit(work, submission) for submission in todo]):
            progress.step(future.result())
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

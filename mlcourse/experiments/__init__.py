"""Experiments whose results are kept in files: those that measure time, or take long.

A page must come out the same each time it is executed, and a stopwatch never does. So a page
stores such a result once, with the machine and the date, and shows the stored one from then on.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["recorded", "seconds"]


def recorded(path: str | os.PathLike[str], measure: Callable[[], Any]) -> dict[str, Any]:
    """Return the result stored in ``path``; measure and store it if there is none.

    Set the environment variable ``MLCOURSE_RECORD`` to measure anew and replace what is stored.

    Parameters
    ----------
    path : path of a .json file
    measure : callable without arguments
        Returns what JSON can hold: numbers, strings, lists, dicts.

    Returns
    -------
    dict
        ``result``, and where it comes from: ``date``, ``machine``, ``python``, ``numpy``.

    Raises
    ------
    ValueError
        If the file does not hold such a record.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "answer.json"
    >>> recorded(path, lambda: 42)["result"]
    42
    >>> recorded(path, lambda: 43)["result"]
    42
    """
    path = Path(path)
    if path.exists() and not os.environ.get("MLCOURSE_RECORD"):
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            record["result"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}: expected a recorded result (JSON with a key 'result'); delete the file "
                "to measure anew"
            ) from error
        return record
    record = {
        "result": measure(),
        "date": date.today().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
    return record


def seconds(run: Callable[[], object], repeats: int = 20) -> float:
    """Return the median time of ``repeats`` calls of ``run``, in seconds, after one to warm up.

    Examples
    --------
    >>> seconds(lambda: sum(range(1000)), repeats=3) > 0
    True
    """
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):  # not Linux, or a processor without a name
        return platform.processor() or platform.machine()

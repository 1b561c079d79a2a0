"""Keep the files that an instructor named once, because every later command means them, too.

A grade that depends on a file must not change because a later command line leaves the file out. So
the folder of results holds a copy, which counts until the option names another file, or none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .gradebook import write
from .lms import CANVAS_NEEDS, MOODLE_NEEDS
from .tables import read_table

FOLDER = "given"
NONE = Path("none")  # on the command line: no longer
LATE_NEEDS = ("student", "days")
_NEEDS = {
    "late": LATE_NEEDS,
    "canvas-gradebook": CANVAS_NEEDS,
    "moodle-worksheet": MOODLE_NEEDS,
}


@dataclass(frozen=True)
class Given:
    """The files that count for this command: those it names, else those that were kept.

    Attributes
    ----------
    late, canvas, moodle : Path, optional
        Late days, Canvas's gradebook, Moodle's worksheet.
    again : tuple of str
        Options that this command leaves out and that count nevertheless.
    """

    late: Path | None
    canvas: Path | None
    moodle: Path | None
    again: tuple[str, ...]


def given(out: Path, option: Callable[[str], Path | None]) -> Given:
    """Return the files that count, having made sure that each can be read.

    Raises
    ------
    TableError
        If one is not such a table.
    """
    files, again = dict[str, Path | None](), []
    for name, needs in _NEEDS.items():
        kept, named = _kept(out, name), option(name)
        files[name] = named or (kept if kept.exists() else None)
        if files[name] == NONE:
            files[name] = None
        elif named is None and files[name]:
            again.append(f"--{name} {kept}")
        if path := files[name]:
            read_table(path, needs)
    return Given(files["late"], files["canvas-gradebook"], files["moodle-worksheet"], tuple(again))


def keep(out: Path, files: Given) -> None:
    """Copy them into the folder of results; one that counts no longer is taken away."""
    (out / FOLDER).mkdir(exist_ok=True)
    for name, path in zip(_NEEDS, (files.late, files.canvas, files.moodle), strict=True):
        if path is None:
            _kept(out, name).unlink(missing_ok=True)
        elif path != _kept(out, name):
            write(_kept(out, name), path.read_bytes(), durable=True)


def _kept(out: Path, name: str) -> Path:
    return out / FOLDER / f"{name}.csv"

"""Find each student's notebook in what an instructor has: a folder, a tree, or an LMS's export."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .archive import Budget, Entry, Refused, archive, folder, single
from .paths import MOODLE, NOTEBOOK, ZIP, File, names_lab, whose

_AGAIN = re.compile(r"(?:-| ?\()(\d{1,4})\)?$")  # name-1 (Canvas) or name (1) (browsers)
_LONGEST_NAME = 48  # characters of a file name, at most 4 bytes each


class InputError(Exception):
    """The submissions cannot be found; the message says what to do."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes
    ----------
    student : str
        Unique, and safe as a file name.
    name : str
        As the LMS, the folder or the file says.
    system : {"canvas", "moodle", ""}
        The LMS that it came from.
    identifier : str
        That system's number of the student; may be empty.
    content : bytes, optional
        The notebook; None if there is none that can be read.
    why : str
        The reason, then.
    file : str
        Where the notebook was, below the folder or in the zip.
    late : bool
        Whether Canvas marks it as late.
    feedback : str
        What the LMS would call this student's feedback in a zip.
    notes : tuple of str
        What was found beside it.
    """

    student: str
    name: str
    system: str
    identifier: str
    content: bytes | None
    why: str
    file: str
    late: bool
    feedback: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """The submissions, the files that are nobody's, with the reason, and what else is odd."""

    submissions: list[Submission]
    ignored: list[tuple[str, str]]
    notes: list[str]


def collect(source: Path, lab: str) -> Found:
    """Return a submission for each student in ``source``, in order of their names.

    Raises
    ------
    InputError
        If there is nothing to grade.
    """
    budget = Budget()
    try:
        if source.is_dir():
            return _sort_out(folder(source, budget), lab, budget, ())
        if not source.is_file():
            raise InputError(f"{source}: no such folder or file")
        if NOTEBOOK.fullmatch(source.name):
            return _sort_out([single(source, budget)], lab, budget, ())
        with archive(source, budget) as entries:
            return _sort_out(entries, lab, budget, (source.stem.lower(),))
    except Refused as error:
        raise InputError(f"{source}: {error}") from None


def _sort_out(entries: list[Entry], lab: str, budget: Budget, wrappers: tuple[str, ...]) -> Found:
    ignored = []
    owned = defaultdict(list)
    for entry in _unwrap(entries, wrappers):
        file = whose(entry)
        if file is None:
            ignored.append((entry.path, "not a notebook"))
        else:
            owned[file.name, file.identifier].append(file)
    if not owned:
        raise InputError("no notebook, zip or folder of a student is in there")
    keys = _keys(owned)
    submissions = [_submission(keys[who], files, lab, budget) for who, files in owned.items()]
    return Found(
        sorted(submissions, key=lambda s: s.student),
        ignored,
        _unlike_the_others([file for files in owned.values() for file in files]),
    )


def _unlike_the_others(files: list[File]) -> list[str]:
    """Name the files that do not look as if they came from the system of the others."""
    notes = []
    for system, called in (("canvas", "Canvas"), ("moodle", "Moodle")):
        odd = sorted({file.entry.parts[0] for file in files if file.system != system})
        if odd and any(file.system == system for file in files):
            of = len({file.entry.parts[0] for file in files})
            notes.append(
                f"{len(odd)} of {of} file names are not in {called}'s form: {listed(odd, 5)}"
            )
    return notes


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return names in one line, no more than a reader wants there.

    Examples
    --------
    >>> listed(["ann", "bo", "cy"], most=2)
    'ann, bo and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _unwrap(entries: list[Entry], wrappers: tuple[str, ...]) -> list[Entry]:
    """Take off a folder that holds all students, and leave out the rest of an nbgrader course."""
    tops = {entry.parts[0] for entry in entries}
    if "submitted" in tops and tops & {"source", "release", "gradebook.db", "nbgrader_config.py"}:
        entries = [entry for entry in entries if entry.parts[0] == "submitted"]
    elif (
        len(tops) != 1
        or not all(len(entry.parts) > 1 for entry in entries)
        or not (
            tops & {"submitted", "submissions"}
            or entries[0].parts[0].lower() in wrappers
            or all(MOODLE.fullmatch(entry.parts[1]) for entry in entries)
        )
    ):
        return entries
    return [replace(entry, parts=entry.parts[1:]) for entry in entries if len(entry.parts) > 1]


def _keys(owners: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return a file name for each student, different even where the case of letters is lost."""
    named = {who: "_".join(dict.fromkeys(filter(None, who))) for who in sorted(owners)}
    safe = {who: _safe(name) for who, name in named.items()}
    count: dict[str, int] = defaultdict(int)
    for key in safe.values():
        count[key.casefold()] += 1
    taken: set[str] = set()
    for who, key in safe.items():
        if key != named[who] or count[key.casefold()] > 1:
            key = f"{key}-{hashlib.sha256(repr(who).encode()).hexdigest()[:8]}"
        while key.casefold() in taken:
            key += "_"
        taken.add(key.casefold())
        safe[who] = key
    return safe


def _safe(name: str) -> str:
    """Replace what a file name should not hold: all but letters, marks, digits and `` .@+-_'``."""
    kept = [
        char if unicodedata.category(char)[0] in "LMN" or char in " .@+-_'" else "_"
        for char in unicodedata.normalize("NFC", name)[:_LONGEST_NAME]
    ]
    return "".join(kept).strip(" .") or "_"


def _submission(student: str, files: list[File], lab: str, budget: Budget) -> Submission:
    """Read the one notebook of a student that is to be graded."""
    first = files[0]
    notes = [
        f"typed text was handed in, too, and is not graded: {f.inside[-1]}"
        for f in files
        if f.typed
    ]
    if late := any(file.late for file in files):
        notes.append("Canvas marks it as late")
    empty = Submission(
        student,
        first.name,
        first.system,
        first.identifier,
        None,
        "",
        "",
        late,
        first.feedback,
        tuple(notes),
    )
    if all(file.typed for file in files):
        return replace(empty, why="only typed text was handed in, no notebook", notes=())
    files = [file for file in files if not file.typed]
    files, others = _of_this_lab(files, lab)
    if not files:
        return replace(empty, why=f"nothing for {lab}, only {', '.join(others)}")
    notebooks = _notebooks(files)
    if notebooks:
        return _read(empty, notebooks, lab)
    zips = [file for file in files if ZIP.fullmatch(file.inside[-1])]
    if not zips:
        return replace(empty, why=f"no notebook, only {_listed(files)}")
    chosen, *rest = _best_first(zips, lab)
    if rest:
        notes.append(f"not opened: {_listed(rest)}")
    empty = replace(empty, file="/".join(chosen.inside), notes=tuple(notes))
    try:
        # A student's own zip is opened, but no zip in that.
        with archive(chosen.entry.read(), budget) as entries:
            packed = [replace(chosen, inside=e.parts, entry=e) for e in entries]
            if notebooks := _notebooks(packed):
                return _read(empty, notebooks, lab)
            return replace(empty, why=f"the zip holds no notebook, only {_listed(packed)}")
    except Refused as error:
        return replace(empty, why=f"{empty.file}: {error}")


def _of_this_lab(files: list[File], lab: str) -> tuple[list[File], list[str]]:
    """Leave out what is in the folders of other labs; also return the names of those."""
    said = [[names_lab(part, lab) for part in file.inside[:-1]] for file in files]
    others = {p for f in files for p in f.inside[:-1] if names_lab(p, lab) is False}
    mine = [file for file, names in zip(files, said, strict=True) if True in names]
    unsaid = [file for file, names in zip(files, said, strict=True) if False not in names]
    return mine or unsaid, sorted(others)


def _notebooks(files: list[File]) -> list[File]:
    return [file for file in files if NOTEBOOK.fullmatch(file.inside[-1])]


def _read(empty: Submission, notebooks: list[File], lab: str) -> Submission:
    chosen, *rest = _best_first(notebooks, lab)
    notes = empty.notes
    if rest:
        notes += (f"{len(rest) + 1} notebooks; not graded: {_listed(rest)}",)
    path = "/".join(filter(None, (empty.file, *chosen.inside)))
    found = replace(empty, file=path, feedback=chosen.feedback, notes=notes)
    try:
        return replace(found, content=chosen.entry.read())
    except Refused as error:
        return replace(found, why=f"{path}: {error}")


def _best_first(files: list[File], lab: str) -> list[File]:
    """Return the files in order: named as the lab first, then the latest."""

    def rank(file: File) -> tuple[Any, ...]:
        found = NOTEBOOK.fullmatch(file.inside[-1]) or ZIP.fullmatch(file.inside[-1])
        stem = found["stem"] if found else ""
        again = _AGAIN.search(stem)
        number = int(again[1]) if again else 0
        return names_lab(stem, lab) is True, file.number, number, file.entry.when, file.entry.path

    return sorted(files, key=rank, reverse=True)


def _listed(files: Sequence[File]) -> str:
    return listed(["/".join(file.inside) for file in files], 5)

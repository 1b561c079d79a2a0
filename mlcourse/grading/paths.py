r"""Tell from the path of a file whose it is, as folders, Canvas and Moodle name what was handed in.

Names that are understood, below a folder or in a zip:

- ``STUDENT.ipynb``, ``STUDENT/NOTEBOOK.ipynb``, ``STUDENT/LAB/NOTEBOOK.ipynb``, and nbgrader's
  ``submitted/STUDENT/LAB/NOTEBOOK.ipynb``;
- Canvas, "Download Submissions": ``NAME_[LATE_]USER_FILE_ORIGINAL`` in one folder, where an
  anonymous student is ``anon_CODE``, and ``NAME_[LATE_]USER_text.html`` for typed text
  (instructure/canvas-lms, lib/content_zipper.rb: get_filename, add_upload_submission);
- Moodle, "Download all submissions": ``NAME_NUMBER_assignsubmission_file/PATH``, until 4.0 with an
  underscore at the folder's end, or as one name without folders; a team without a group has no
  number, and typed text is in ``..._onlinetext`` (moodle/moodle, mod/assign/classes/downloader.php
  and mod/assign/feedback/file/importziplib.php).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .archive import Entry

_CANVAS = re.compile(
    r"(?:(?P<name>(?!(?i:LATE)_|anon_)\w*?)_(?P<late>(?i:LATE)_)?(?P<id>\d+)"
    r"|(?P<late2>(?i:LATE)_)?(?P<anon>anon_[A-Za-z0-9]+))"
    r"_(?:(?P<file>\d+)_(?P<original>.+)|(?P<typed>text|link)\.html)"
)
MOODLE = re.compile(
    r"(?P<name>.+?)(?:_(?P<id>\d+))?_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<original>.*))?"
)
# A browser that takes a notebook for text saves it under such a name.
NOTEBOOK = re.compile(r"(?P<stem>.+)\.ipynb(?:\.json|\.txt)?", re.IGNORECASE)
ZIP = re.compile(r"(?P<stem>.+)\.zip", re.IGNORECASE)
_LAB = re.compile(r"lab[ _-]?0*(\d{1,4})(?!\d)", re.IGNORECASE)


@dataclass(frozen=True)
class File:
    """A file with what its path says: whose it is, and where it was in their submission."""

    name: str
    system: str
    identifier: str
    inside: tuple[str, ...]
    entry: Entry
    feedback: str
    late: bool = False
    number: int = 0  # grows with each file handed in (Canvas)
    typed: bool = False


def whose(entry: Entry) -> File | None:
    """Return what the path of a file says; None if it says nothing and is no notebook."""
    first, *rest = entry.parts
    # The first part alone is the system's: what is below it, a student may have named.
    if found := MOODLE.fullmatch(first):
        original = found["original"] or ""
        stem = first[: found.start("original")] if original else f"{first}/"
        return File(
            found["name"], "moodle", found["id"] or "", tuple(rest) or (original,), entry,
            f"{stem}feedback.html", typed=found["plugin"] != "file",
        )  # fmt: skip
    if not rest and (found := _CANVAS.fullmatch(first)):
        identifier = found["id"] or found["anon"]
        stem = first[: found.start("original")] if found["original"] else f"{identifier}_"
        return File(
            found["name"] or identifier, "canvas", identifier, (found["original"] or first,), entry,
            f"{stem}feedback.html", bool(found["late"] or found["late2"]),
            int((found["file"] or "0")[:30]), bool(found["typed"]),
        )  # fmt: skip
    if rest:
        return File(first, "", "", tuple(rest), entry, f"{first}.html")
    alone = NOTEBOOK.fullmatch(first) or ZIP.fullmatch(first)
    return File(alone["stem"], "", "", (first,), entry, f"{alone['stem']}.html") if alone else None


def names_lab(text: str, lab: str) -> bool | None:
    """Tell whether a file or folder is called after this lab (True), another (False), or none."""
    its, ours = _LAB.search(text), _LAB.search(lab)
    if its and ours:
        return int(its[1]) == int(ours[1])
    return True if lab.lower() in text.lower() else None

"""Folders and zips of submissions, and what is found in them."""

import io
import zipfile
from pathlib import Path

from mlcourse.grading.submissions import collect

NOTEBOOK = b'{"nbformat": 4, "cells": []}'


def put(folder, *paths, content=NOTEBOOK):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def zipped(members):
    """Return a zip of names (or ZipInfo) and contents."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return data.getvalue()


def found(source, lab="lab01"):
    return {s.student: s for s in collect(Path(source), lab).submissions}


def from_zip(tmp_path, *members, lab="lab01"):
    (tmp_path / "all.zip").write_bytes(zipped(members))
    return found(tmp_path / "all.zip", lab)


def reasons(submissions):
    return {student: s.why for student, s in submissions.items()}

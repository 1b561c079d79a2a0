"""Read the code cells of a submitted notebook from its bytes, whatever state they are in.

A notebook is JSON, so nothing but the standard library is needed. Only the source of code cells
is read: metadata, kernel, outputs, checksums and cell ids may say what they like.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 50_000_000  # a notebook full of figures is below this
MAX_CELLS = 2_000
MAX_SOURCE = 2_000_000  # characters of code
MAX_PARTS = 2_000_000  # lists and objects: empty ones take 24 times the memory of their text
MAX_NOTES = 50


class ReadError(Exception):
    """The submission is no notebook that can be read; the message says why, in one sentence."""


@dataclass(frozen=True)
class Notebook:
    """The code of a notebook: its cells in order, and what was changed to be able to run it."""

    cells: list[str]
    notes: list[str]


def read_notebook(content: bytes) -> Notebook:
    r"""Return the code cells of a notebook (nbformat 3 or 4), magics and shell lines put aside.

    Line numbers stay as the student sees them: a line that is put aside leaves an empty one.

    Raises
    ------
    ReadError
        With the reason, for people: "the file is empty", "the file is cut off (...)".

    Examples
    --------
    >>> source = ["%matplotlib inline\n", "x = 1"]
    >>> cells = [{"cell_type": "code", "source": source}]
    >>> notebook = read_notebook(json.dumps({"nbformat": 4, "cells": cells}).encode())
    >>> notebook.cells
    ['pass\nx = 1']
    >>> notebook.notes
    ['cell 1, line 1: "%matplotlib inline" was not run']
    """
    tree, notes = read_tree(content)
    sources = _sources(tree)
    if len(sources) > MAX_CELLS:
        raise ReadError(f"the notebook has {len(sources)} code cells, at most {MAX_CELLS} are read")
    if sum(map(len, sources)) > MAX_SOURCE:
        raise ReadError(f"the notebook has more than {MAX_SOURCE:,} characters of code")
    cells = []
    for number, source in enumerate(sources, start=1):
        cell, aside = _without_magics(source)
        cells.append(cell)
        notes += [
            f'cell {number}, line {line}: "{_shown(what, 80)}" was not run' for line, what in aside
        ]
    if len(notes) > MAX_NOTES:
        notes[MAX_NOTES:] = [f"… and {len(notes) - MAX_NOTES} more"]
    return Notebook(cells, notes)


def _shown(text: str, most: int) -> str:
    """Return the start of a text in one line, without what a terminal would obey."""
    line = " ".join(text.split())[:most]
    return "".join(c if c.isprintable() else "?" for c in line)


def read_tree(content: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return a notebook as the objects of its JSON, and what was done to be able to read it.

    Raises
    ------
    ReadError
        As for ``read_notebook``.
    """
    if len(content) > MAX_BYTES:
        raise ReadError(
            f"the file is too large ({len(content) / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f});"
            " clear its outputs and hand it in again"
        )
    text, notes = _decode(content)
    return _parse(text), notes


def _decode(content: bytes) -> tuple[str, list[str]]:
    if not content.strip(b"\0 \t\r\n"):
        raise ReadError("the file is empty")
    if content.startswith(b"PK\x03\x04"):
        raise ReadError("the file is a zip archive, not a notebook")
    # A zero beside the first brace is half of a character of UTF-16.
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:2]:
        try:
            text = content.decode("utf-16" if content[0] > 0xF0 else _utf16(content))
        except UnicodeDecodeError as error:
            raise ReadError("the file looks like UTF-16, but is damaged") from error
        return text.removeprefix("\ufeff"), ["the file is in UTF-16; it was read as that"]
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        # Every byte means something in Latin-1, so this cannot fail.
        return content.decode("latin-1"), ["the file is not in UTF-8; it was read as Latin-1"]


def _utf16(content: bytes) -> str:
    return "utf-16-le" if content[1] == 0 else "utf-16-be"


def _parse(text: str) -> dict[str, Any]:
    if text.count("[") + text.count("{") > MAX_PARTS:
        raise ReadError(f"the file is not a notebook: it has more than {MAX_PARTS:,} brackets")
    try:
        notebook = json.loads(text)
    except RecursionError as error:
        raise ReadError("the file is not a notebook: its JSON is nested too deeply") from error
    except json.JSONDecodeError as error:
        if not text.lstrip().startswith("{"):
            start = _shown(text[:1000], 40)
            raise ReadError(f'the file is not a notebook: it starts with "{start}"') from error
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise ReadError(f"the file is cut off in line {error.lineno}") from error
        raise ReadError(f"the file is damaged in line {error.lineno}: {error.msg}") from error
    except ValueError as error:  # a number of thousands of digits
        raise ReadError(f"the file is not a notebook: {error}") from error
    if not isinstance(notebook, dict):
        raise ReadError("the file is JSON, but not a notebook")
    return notebook


def _sources(notebook: dict[str, Any]) -> list[str]:
    """Return the sources of code cells: in "cells" (nbformat 4) or "worksheets" and "input" (3)."""
    sheets = notebook.get("worksheets")
    if isinstance(sheets, list) and "cells" not in notebook:
        parts = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for part in parts if isinstance(part, list) for cell in part]
        key = "input"
    else:
        cells, key = notebook.get("cells"), "source"  # type: ignore[assignment]
    if not isinstance(cells, list):
        raise ReadError("the file is JSON, but not a notebook: it has no list of cells")
    sources = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get(key, "")
            if isinstance(source, list):
                source = "".join(line for line in source if isinstance(line, str))
            if not isinstance(source, str):
                raise ReadError(f"the notebook has a code cell whose {key} is not text")
            # A lone half of a character, which JSON can write, is no Python source.
            sources.append(source.encode("utf-8", "replace").decode("utf-8"))
    return sources


# Cell magics that time or show the Python below them; below any other is another language.
_PYTHON_BELOW = {"time", "timeit", "capture", "prun"}
_CELL_MAGIC = re.compile(r"%%(\w+)")
_TIMED = re.compile(r"(\s*(?:\w[\w, ]*=\s*)?)%time(?:it)?\s+(?!-)(\S.*)")  # Python follows
_MAGIC = re.compile(r"(\s*)(?:[%!?]|\w[\w, ]*=\s*[%!]\s*\w|[\w.]+\?{1,2}\s*$)")
_LONGEST_LINE = 1_000  # no magic is longer, and the patterns stay fast
# What opens or closes something. Text without an end reaches to the end of the line, and "*+" never
# tries it shorter: each character is looked at once.
_TOKEN = re.compile(
    r"""#.*|\"{3}|'{3}|"(?:\\.|[^"\\])*+"?|'(?:\\.|[^'\\])*+'?|[][(){}]|\\$""",
)


def _without_magics(source: str) -> tuple[str, list[tuple[int, str]]]:
    """Return the source with what only IPython understands put aside, and what that was.

    Nothing is compiled here: source can be written that makes Python's compiler crash.
    """
    lines = source.split("\n")
    indent = lines[0][: -len(lines[0].lstrip())] if lines[0].strip() else ""
    lines = [line.removeprefix(indent) for line in lines]  # as IPython does
    aside: list[tuple[int, str]] = []
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if magic := _CELL_MAGIC.match(lines[first].lstrip()):
        aside.append((first + 1, lines[first]))
        if magic[1] not in _PYTHON_BELOW:
            return "", aside
        lines[first] = ""
    if not any(mark in source for mark in "%!?"):
        return "\n".join(lines), aside
    open_until = ""  # the quotes or backslash that the next line goes on after
    depth = 0
    goes_on = False  # whether the line belongs to the one that was put aside before it
    for i, line in enumerate(lines):
        if goes_on:
            lines[i], goes_on = "", line.endswith("\\")
            continue
        if not open_until and not depth and len(line) <= _LONGEST_LINE:
            if timed := _TIMED.match(line):
                lines[i] = line = timed[1] + timed[2]
            elif magic := _MAGIC.match(line):
                lines[i] = magic[1] + "pass"
                aside.append((i + 1, line))
                goes_on = line.endswith("\\")
                continue
        open_until, depth = _open_after(line, open_until, depth)
    return "\n".join(lines), aside


def _open_after(line: str, open_until: str, depth: int) -> tuple[str, int]:
    """Return what a line leaves open: quotes or a backslash, and the number of brackets."""
    start = 0
    if open_until == "\\":
        open_until = ""
    while True:
        if open_until:
            end = line.find(open_until, start)
            if end < 0:
                return open_until, depth
            start, open_until = end + 3, ""
        token = _TOKEN.search(line, start)
        if token is None:
            return "", depth
        start = token.end()
        if token[0] in ('"""', "'''", "\\"):
            open_until = token[0]
            if open_until == "\\":
                return open_until, depth
        elif token[0] in "([{":
            depth += 1
        elif token[0] in ")]}":
            depth = max(depth - 1, 0)

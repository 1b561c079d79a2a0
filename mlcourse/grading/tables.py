"""CSV files that spreadsheets read as they were meant, and that may have gone through one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

# With any of these first, a spreadsheet takes a cell for a formula and runs it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class TableError(Exception):
    """A file is no table that can be read; the message says which, and what to do."""


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: with an apostrophe before it.

    A dash alone, with which an LMS says that there is nothing, is none.

    Examples
    --------
    >>> harmless("=HYPERLINK(1)"), harmless("Ann")
    ("'=HYPERLINK(1)", 'Ann')
    """
    return f"'{text}" if text.startswith(FORMULA) and text != "-" else text


def as_written(text: str) -> str:
    """Undo ``harmless``.

    Examples
    --------
    >>> as_written("'=HYPERLINK(1)"), as_written("'twas")
    ('=HYPERLINK(1)', "'twas")
    """
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


@dataclass(frozen=True)
class Dialect:
    """How a spreadsheet writes CSV in its country."""

    delimiter: str = ","
    decimal: str = "."


PLAIN = Dialect()


def table(
    rows: Iterable[Sequence[object]], *, excel: bool = False, dialect: Dialect = PLAIN
) -> str:
    """Return CSV: numbers as they are, text made harmless, nothing for None.

    Excel needs a byte order mark to see UTF-8; an LMS may take it for a part of the first name.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter)
    for row in rows:
        writer.writerow([_cell(value, dialect.decimal) for value in row])
    return "\ufeff" * excel + text.getvalue()


def _cell(value: object, decimal: str) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:.10g}".replace(".", decimal)
    return harmless(str(value).replace("\0", ""))


def read_table(path: Path, needed: Sequence[str]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header and the rows with their line numbers; empty rows are left out.

    Excel writes semicolons in countries with decimal commas, and not always UTF-8.

    Raises
    ------
    TableError
        If the file cannot be read or a needed column is not there.
    """
    text = _read(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = [name.strip() for name in next(reader, [])]
        rows = [
            (reader.line_num, row + [""] * (len(header) - len(row)))
            for row in reader
            if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise TableError(f"{path}, line {reader.line_num}: {error}") from None
    if missing := [name for name in needed if name not in header]:
        raise TableError(f"{path}: no column {', '.join(missing)} among {', '.join(header)}")
    return header, rows


def dialect_of(path: Path) -> Dialect:
    """Return how a table was saved; decimal commas need another delimiter."""
    text = _read(path)
    delimiter = _delimiter(text)
    points = re.search(rf"(?<![^{delimiter}])\d+\.\d+(?![^{delimiter}\r\n])", text)
    return Dialect(delimiter, "," if delimiter == ";" and not points else ".")


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.split("\n", 1)[0].count)


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return text.replace("\0", "")

"""What ``check``, ``hint`` and ``progress`` answer: lines in a terminal, HTML in a notebook.

Notebooks have light and dark themes, so the text keeps the colours of its surroundings, and only
the mark and the bar at the left have their own, which stand out on all of them. Words say what
the colours say.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# Each of these has a contrast of at least 3 with white and with the dark themes' backgrounds.
MARKS = {
    "right": ("✓", "#1a9850"),
    "wrong": ("✗", "#e8505a"),
    "open": ("○", "#8087a2"),
    "interrupted": ("■", "#8087a2"),
    "note": ("→", "#b8860b"),
}
_BOX = "border-left: 4px solid {}; padding: 0 0 0 .8em; margin: .3em 0; max-width: 50em"
_LINE = "margin: .2em 0; text-align: left; overflow-wrap: anywhere"
_CODE = "margin: .4em 0; white-space: pre-wrap; overflow-wrap: anywhere"
_TABLE = "margin: .4em 0; border-collapse: collapse"
_LIST = "margin: .2em 0; padding-left: 1.4em; text-align: left; overflow-wrap: break-word"
_CELL = "text-align: left; padding: .2em .5em .2em 0; font-weight: normal"


@dataclass(frozen=True)
class Code:
    """Lines to be shown as they stand."""

    text: str

    def as_text(self) -> str:
        """Return the lines, indented."""
        return textwrap.indent(self.text, "    ")

    def as_html(self) -> str:
        """Return a block of code."""
        return f'<pre style="{_CODE}">{escape(self.text)}</pre>'


@dataclass(frozen=True)
class List:
    """Sentences, one below the other."""

    items: Sequence[str]

    def as_text(self) -> str:
        """Return a line with a dash for each."""
        return "\n".join(f"  - {item}" for item in self.items)

    def as_html(self) -> str:
        """Return a list with bullets."""
        items = "".join(f"<li>{_marked(item)}</li>" for item in self.items)
        return f'<ul style="{_LIST}">{items}</ul>'


@dataclass(frozen=True)
class Table:
    """A table with a header; the first cell of a row names it."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def as_text(self) -> str:
        """Return aligned columns."""
        rows = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        return textwrap.indent("\n".join(lines), "  ")

    def as_html(self) -> str:
        """Return a table whose header cells are marked as such."""

        def cell(text: str, tag: str, scope: str = "") -> str:
            broken = escape(text).replace("_", "_<wbr>")  # long names in narrow windows
            return f'<{tag}{scope} style="{_CELL}">{broken}</{tag}>'

        head = "".join(cell(text, "th", ' scope="col"') for text in self.header)
        rows = [
            cell(first, "th", ' scope="row"') + "".join(cell(text, "td") for text in rest)
            for first, *rest in self.rows
        ]
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return (
            f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        )


Block = str | Code | List | Table


@dataclass(frozen=True)
class Note:
    """An answer to the student: a mark, one line, and what explains it.

    Attributes
    ----------
    mark : str
        "right", "wrong", "open" (not answered yet), "interrupted" or "note".
    name : str
        What it is about.
    line : str
        The message itself.
    body : sequence of str, Code, List or Table
        What follows it.

    Examples
    --------
    >>> Note("right", "softmax", "all 3 visible inputs are right", ["The grader tries others."])
    ✓ softmax: all 3 visible inputs are right
      The grader tries others.
    """

    mark: str
    name: str
    line: str
    body: Sequence[Block] = ()

    def __repr__(self) -> str:
        lines = [f"{MARKS[self.mark][0]} {self.name}: {self.line}"]
        lines += [
            textwrap.indent(part, "  ") if isinstance(part, str) else part.as_text()
            for part in self.body
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        sign, colour = MARKS[self.mark]
        parts = [
            f'<p style="{_LINE}"><b aria-hidden="true" style="color: {colour}">{sign}</b> '
            f"<strong>{escape(self.name)}</strong>: {_marked(self.line)}</p>"
        ]
        parts += [
            f'<p style="{_LINE}">{_marked(part)}</p>' if isinstance(part, str) else part.as_html()
            for part in self.body
        ]
        return f'<div style="{_BOX.format(colour)}">{"".join(parts)}</div>'


def counted(number: float, unit: str) -> str:
    """Return "1 point", "2.5 points".

    Examples
    --------
    >>> counted(1, "word"), counted(0.5, "point")
    ('1 word', '0.5 points')
    """
    return f"{number:g} {unit}{'' if number == 1 else 's'}"


def _marked(text: str) -> str:
    """Return text as HTML, with what stands between backticks as code.

    Examples
    --------
    >>> _marked("is `return <b>` missing?")
    'is <code>return &lt;b&gt;</code> missing?'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))

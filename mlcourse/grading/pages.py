"""The frame and the parts of the grader's pages: one file each, no script, nothing fetched.

Whatever is shown may come from a student, so every text goes through ``text`` or ``code``, and a
content security policy forbids all but the page's own style and the pictures in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfb; --surface: #f4f4f0; --line: #d9d9d2;
  --text: #22272e; --quiet: #59626d; --link: #00558c; --good: #006b52; --bad: #a13e00; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #16191d; --surface: #1f2429;
  --line: #3a424b; --text: #d7dce1; --quiet: #9ba6b1; --link: #82bdeb; --good: #5cc9a7;
  --bad: #f2a477; } }
@media print { :root { color-scheme: light; } section { break-inside: avoid; } }
*, ::before, ::after { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 1rem 1.25rem 4rem; background: var(--paper);
  color: var(--text); font: 1rem/1.6 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line);
  padding-top: 1rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, ul { margin: .5rem 0; }
ul { padding-left: 1.25rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
pre { margin: .5rem 0; padding: .75rem; background: var(--surface); border-radius: 6px;
  border: 1px solid var(--line); white-space: pre-wrap; }
pre, code { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .875em; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
th[scope=row] { font-weight: 400; min-width: 5.5rem; }
td, th[scope=row], li { overflow-wrap: anywhere; }
td { min-width: 3.5rem; }
td code { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
.whole { white-space: nowrap; }
summary { color: var(--link); cursor: pointer; }
.quiet { color: var(--quiet); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.box { border: 1px solid var(--line); border-left: 5px solid var(--bad); border-radius: 6px;
  background: var(--surface); padding: .5rem .9rem; margin: .75rem 0; }
.total { font-size: 1.25rem; font-weight: 600; }
.bar { display: block; width: 100%; height: 1.2rem; fill: var(--link); }
img { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); }
@media (max-width: 30rem) { th, td { padding: .3rem .2rem; } table { font-size: .875rem; } }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none';"
    " form-action 'none'"
)
_LONGEST = 4_000  # characters of one text of a student's
# A path of the machine that grades: its last part says all that helps.
_PATH = re.compile(r"(?<![\w.:/~])(?:/[\w.@+~-]+){2,}/?")


def page(title: str, *parts: str) -> str:
    """Return a whole page; the parts are HTML."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{_lines(parts)}</main>\n</body>\n</html>\n"
    )


def _lines(parts: Iterable[str]) -> str:
    return "".join(f"{part}\n" for part in parts if part)


def text(value: str, longest: int = _LONGEST) -> str:
    """Return text as HTML, cut where it is too long.

    Examples
    --------
    >>> text("<script>")
    '&lt;script&gt;'
    """
    value = value.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")
    return escape(value if len(value) <= longest else f"{value[:longest]} … (cut)")


def without_paths(value: str) -> str:
    """Return text in which of each path of a machine the last part is left.

    Examples
    --------
    >>> without_paths('File "/usr/lib/python3/numpy/core.py", line 2; 1/2/3')
    'File "…/core.py", line 2; 1/2/3'
    """
    return _PATH.sub(lambda found: "…/" + found[0].rstrip("/").rsplit("/", 1)[1], value)


def code(value: str, longest: int = _LONGEST) -> str:
    """Return text as a block that keeps its lines."""
    return f"<pre>{text(value, longest)}</pre>"


def paragraph(inside: str, kind: str = "") -> str:
    """Return a paragraph of HTML."""
    return f'<p class="{kind}">{inside}</p>' if kind else f"<p>{inside}</p>"


def items(parts: Iterable[str]) -> str:
    """Return a list of HTML; nothing for none."""
    inside = "".join(f"<li>{part}</li>" for part in parts)
    return f"<ul>{inside}</ul>" if inside else ""


def whole(inside: str) -> str:
    """Return HTML that stays in one line."""
    return f'<span class="whole">{inside}</span>'


def fold(label: str, inside: str) -> str:
    """Return text that is shown when the label is chosen."""
    return f"<details><summary>{text(label)}</summary>{text(inside)}</details>"


def rows(header: Sequence[str], cells: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table of HTML cells, of which the first in each row names it."""

    def cell(tag: str, i: int, inside: str) -> str:
        kind = ' class="number"' if i in numbers else ""
        return f"<{tag}{kind}>{inside}</{tag.split()[0]}>"

    # A column of bars has no name: its number stands beside it.
    tags = ['th scope="col"' if name else "td" for name in header]
    head = "".join(
        cell(tag, i, name) for i, (tag, name) in enumerate(zip(tags, header, strict=True))
    )
    body = "".join(
        "<tr>"
        + f'<th scope="row">{row[0]}</th>'
        + "".join(cell("td", i, inside) for i, inside in enumerate(row[1:], start=1))
        + "</tr>\n"
        for row in cells
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>"


def bar(share: float) -> str:
    """Return a bar, for the eye alone: the number is to stand beside it."""
    width = round(100 * min(max(share, 0.0), 1.0), 1)
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{width}" height="10"/></svg>'
    )


def picture(png: str, alt: str) -> str:
    """Return a picture given as PNG in base64, or a note if it is none."""
    try:
        data = base64.b64decode(png, validate=True)
    except ValueError:
        data = b""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return paragraph("A picture that cannot be shown.", "quiet")
    encoded = base64.b64encode(data).decode("ascii")
    return f'<p><img src="data:image/png;base64,{encoded}" alt="{text(alt)}"></p>'


def points(value: float) -> str:
    """Return a number of points: no more than two decimals, and none that say nothing.

    Examples
    --------
    >>> points(2.0), points(2.5), points(1 / 3)
    ('2', '2.5', '0.33')
    """
    return f"{round(value, 2):g}"


def chapter(path: str) -> str:
    """Return what a chapter is called, from its file.

    Examples
    --------
    >>> chapter("chapters/01-batched-mlp.ipynb")
    'chapter 1'
    """
    found = re.search(r"(\d+)[^/]*$", path)
    return f"chapter {int(found[1])}" if found else "the chapter"

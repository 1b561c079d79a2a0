"""Call a cell by what it defines: who reads about it sees no numbers of cells."""

from __future__ import annotations

import re

_DEF = re.compile(r"^(?:async +def|def|class) +([^\W\d]\w{0,59})\b", re.MULTILINE)
_SET = re.compile(r"^([^\W\d]\w{0,59})(?: *, *\w{1,60})*(?: *:[^=\n]{1,60})? *=(?!=)", re.MULTILINE)
_MOST = 20  # names of one cell


def defines(source: str) -> tuple[str, ...]:
    r"""Return the names that a cell would define: functions and classes, then values.

    It is read as text, so that it works for what Python cannot parse, too.

    Examples
    --------
    >>> defines("x = 2\ndef affine(X):\n    return X +")
    ('affine', 'x')
    """
    return tuple(dict.fromkeys(_DEF.findall(source) + _SET.findall(source)))[:_MOST]


def title(source: str) -> str:
    r"""Return what to call a cell.

    Examples
    --------
    >>> title("def affine(X): ..."), title("# try it\nprint(affine(X))")
    ('the cell of affine', 'the cell that starts "print(affine(X))"')
    """
    if names := defines(source):
        return f"the cell of {names[0]}"
    lines = (line.strip() for line in source.splitlines())
    first = next((line for line in lines if line not in ("", "pass") and line[0] != "#"), "")
    shown = "".join(c if c.isprintable() else "?" for c in first[:40])
    return f'the cell that starts "{shown}"' if shown else "a cell"

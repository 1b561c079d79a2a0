"""Call a cell by what it defines: who reads about it sees no numbers of cells."""

from __future__ import annotations

from ..labs.source import defined

_MOST = 20  # names of one cell that are kept


def defines(source: str) -> tuple[str, ...]:
    """Return the first names that a cell would define."""
    return tuple(defined(source)[:_MOST])


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

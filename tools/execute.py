"""Run notebooks from top to bottom and keep their outputs: ``execute.py NOTEBOOK ...``."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def execute(path: Path) -> None:
    """Run one notebook in its folder; its file changes only if all cells went through."""
    notebook = nbformat.read(path, as_version=4)
    # How a cell's prints arrive depends on the clock: one stream for all gives the same bytes.
    NotebookClient(
        notebook,
        timeout=600,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, flush=True)
        execute(Path(name))

"""The directive ``coverage``: the table of ``syllabus.yml``, one row for each concept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

# Column -> the keys of an entry that must all be filled for a tick.
COLUMNS = {
    "explained": ("chapter", "section"),
    "implemented": ("symbols",),
    "checked": ("tests",),
    "shown": ("experiment",),
    "practised": ("lab",),
}


def is_done(entry: dict[str, Any], column: str) -> bool:
    """Return whether an entry has all that a column asks for."""
    return all(entry.get(key) for key in COLUMNS[column])


class Coverage(SphinxDirective):
    """Write the table in Markdown, so that links to chapters and symbols are checked like any."""

    def run(self) -> list[nodes.Node]:
        """Return the table and the number of concepts that are done."""
        source = Path(self.env.srcdir, "syllabus.yml")
        self.env.note_dependency(str(source))
        syllabus: dict[str, dict[str, Any]] = yaml.safe_load(source.read_text("utf-8"))
        done = sum(all(is_done(entry, c) for c in COLUMNS) for entry in syllabus.values())
        lines = [
            f"{done} of {len(syllabus)} concepts are done.",
            "",
            "| Concept | " + " | ".join(COLUMNS) + " |",
            "|---" * (1 + len(COLUMNS)) + "|",
            *(self.row(key, entry) for key, entry in syllabus.items()),
        ]
        container = nodes.container(classes=["coverage"])
        self.state.nested_parse(StringList(lines, str(source)), self.content_offset, container)
        return [container]

    def row(self, key: str, entry: dict[str, Any]) -> str:
        """Return the row of one concept."""
        title = entry["title"]
        if is_done(entry, "explained"):
            title = f"{{ref}}`{title} <{entry['section']}>`"
        cells = ["✓ yes" if is_done(entry, column) else "not yet" for column in COLUMNS]
        return f"| {title} `{key}` | " + " | ".join(cells) + " |"


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.add_directive("coverage", Coverage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

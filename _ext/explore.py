"""Sphinx extension: moves the frames of `mlcourse.interactive.explore` out of the page into files.

A notebook carries the frames of a figure inside its output, so that it works alone. A page of the
book would be megabytes long that way; here each frame becomes a file named after its content,
which the browser fetches when it is needed. Style and script become files too, loaded only by
pages that have such a figure.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

FRAME = re.compile(r'data:image/svg\+xml,([^"&]*)')
INLINE = re.compile(r"\s*<(style|script)>.*?</\1>\s*", re.DOTALL)
ASSETS = Path(__file__).parents[1] / "mlcourse/interactive"


def copy_assets(app: Sphinx) -> None:
    """Copy style and script to the site."""
    if app.builder.format == "html":
        target = Path(app.outdir, "_static/book")
        target.mkdir(parents=True, exist_ok=True)
        for name in ("explore.css", "explore.js"):
            shutil.copy(ASSETS / name, target)


def extract_frames(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the frames of a page to files and let the figures refer to them."""
    if app.builder.format != "html":
        return
    folder = Path(app.outdir, "_images")
    here = app.builder.get_target_uri(docname)

    def write(frame: re.Match[str]) -> str:
        svg = unquote_to_bytes(frame[1])
        name = f"explore-{hashlib.sha256(svg).hexdigest()[:16]}.svg"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(svg)
        return relative_uri(here, f"_images/{name}")

    for node in doctree.findall(nodes.raw):
        if "mlcourse-explore" in node.astext():
            doctree["has_explore"] = True
            node[:] = [nodes.Text(FRAME.sub(write, INLINE.sub("", node.astext())))]


def load_assets(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Load style and script on the pages with such a figure."""
    if doctree and doctree.get("has_explore"):
        app.add_css_file("book/explore.css")
        app.add_js_file("book/explore.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.connect("builder-inited", copy_assets)
    app.connect("doctree-resolved", extract_frames)
    app.connect("html-page-context", load_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

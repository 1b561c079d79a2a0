"""Sphinx extension: moves the frames of `mlcourse.interactive.explore` out of the page into files.

A notebook carries the frames of a figure inside its output, so that it works alone. A page of the
book would be megabytes long that way; here each frame becomes a file named after its content,
which the browser fetches when it is needed. Style and script appear once on a page, and only on
pages that have such a figure.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

FRAME = re.compile(r'data:image/svg\+xml,([^"&]*)')
ASSET = re.compile(r"\s*<(style|script)>.*?</\1>\s*", re.DOTALL)


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

    assets: dict[str, str] = {}
    for node in doctree.findall(nodes.raw):
        html = node.astext()
        if "html" in node["format"] and "mlcourse-explore" in html:
            assets |= {match[1]: match[0].strip() for match in ASSET.finditer(html)}
            node[:] = [nodes.Text(FRAME.sub(write, ASSET.sub("", html)))]
    doctree["explore_assets"] = assets


def add_assets(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the style into the head of the page and the script behind its figures."""
    assets = doctree.get("explore_assets") if doctree else None
    if assets:
        context["metatags"] += assets["style"]
        context["body"] += assets["script"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.connect("doctree-resolved", extract_frames)
    app.connect("html-page-context", add_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

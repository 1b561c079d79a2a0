"""Makes pages fit for everyone: a picture without alt text fails the strict build."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

MENDED = {
    # MyST-NB: a label that differs from the words on the button cannot be spoken to it.
    ' aria-label="Toggle hidden content"': "",
    # docutils: a role that a list must not contain.
    'role="doc-biblioentry"': 'role="listitem"',
}


class Images(HTMLParser):
    """Collects the pictures without alt text; docutils writes the file's name for want of one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.silent: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        if tag == "img":
            src, alt = (dict(attrs).get(name) or "" for name in ("src", "alt"))
            if not alt or alt == src or alt.rpartition("/")[2] == src.rpartition("/")[2]:
                self.silent.append(src[:80])


def check_images(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: Any) -> None:
    """Warn of each picture of a page that has no alt text."""
    for src in Images(context.get("body", "")).silent:
        logger.warning("picture without alt text: %s", src, location=page)


def mend(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: Any) -> None:
    """Correct what other packages write on a page."""
    for wrong, right in MENDED.items():
        context["body"] = context.get("body", "").replace(wrong, right)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    # Notebooks run without a reader: no widgets, no counting of frames (see mlcourse.interactive).
    os.environ["MLCOURSE_STATIC"] = "1"
    # Jupyter Book sets this value for an extension that the book leaves out.
    app.add_config_value("comments_config", {}, "html", dict)
    app.connect("html-page-context", check_images)
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

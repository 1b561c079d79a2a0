"""Render mathematics while the book is built, so that a page needs no script to show it.

KaTeX runs in one Node process and writes HTML for the eye and MathML for screen readers. Its style
sheet and fonts come from the same package and are served from the book itself. A formula that
KaTeX rejects is a warning with its place in the source, and so fails the strict build.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)
SERVER = Path(__file__).with_name("katex_server.js")


class Katex:
    """The Node process; ``dist`` is the folder of KaTeX's style sheet and fonts."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        try:
            self.process = subprocess.Popen(
                ["node", str(SERVER)], stdin=pipe, stdout=pipe, encoding="utf-8"
            )
            self.dist = Path(self._read()["dist"])
        except (FileNotFoundError, json.JSONDecodeError) as error:
            raise ExtensionError("mathematics needs Node and KaTeX; run `make book`") from error

    def _read(self) -> dict[str, str]:
        assert self.process.stdout
        answer: dict[str, str] = json.loads(self.process.stdout.readline())
        return answer

    def render(self, latex: str, *, display: bool, node: nodes.Node) -> str:
        """Return the HTML of a formula; warn, naming the place, if KaTeX rejects it."""
        assert self.process.stdin
        print(json.dumps({"latex": latex, "display": display}), file=self.process.stdin, flush=True)
        answer = self._read()
        if "error" in answer:
            logger.warning("%s in %s", answer["error"], latex, location=node)
        return answer.get("html", "")

    def copy_assets(self, target: Path) -> None:
        """Copy the style sheet and the fonts that browsers of today read."""
        (target / "fonts").mkdir(parents=True, exist_ok=True)
        for font in (self.dist / "fonts").glob("*.woff2"):
            shutil.copy(font, target / "fonts")
        css = (self.dist / "katex.min.css").read_text("utf-8")
        css = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)', "", css)
        (target / "katex.css").write_text(css, "utf-8")

    def close(self) -> None:
        """End the process."""
        self.process.communicate()  # it ends with its input


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula of the running text."""
    html = self.builder.app.katex.render(node.astext(), display=False, node=node)
    self.body.append(self.starttag(node, "span", "", CLASS="math") + html + "</span>")
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula in a box of its own that scrolls on a narrow screen, then its number."""
    html = self.builder.app.katex.render(display_latex(node), display=True, node=node)
    self.body.append(self.starttag(node, "div", "", CLASS="math"))
    self.body.append(f'<div class="scroll">{html}</div>')
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def display_latex(node: nodes.math_block) -> str:
    r"""Return the LaTeX of a block: numbers are the book's, and bare ``\\`` breaks align at ``&``.

    ``\begin{align}`` becomes ``\begin{align*}``, since Sphinx numbers the block as a whole.
    """
    latex = node.astext().strip()
    if node["nowrap"]:
        return re.sub(r"\\(begin|end)\{(align|alignat|equation|gather)\}", r"\\\1{\2*}", latex)
    if r"\\" in latex and r"\begin" not in latex:
        return rf"\begin{{aligned}}{latex}\end{{aligned}}"
    return latex


def start(app: Sphinx) -> None:
    """Start KaTeX and copy its assets into the site."""
    app.katex = Katex()  # type: ignore[attr-defined]
    if app.builder.format == "html":
        app.katex.copy_assets(Path(app.outdir, "_static/book/katex"))  # type: ignore[attr-defined]


def add_style_sheet(app: Sphinx, page: str, *rest: Any) -> None:
    """Load KaTeX's style sheet on the pages that show mathematics."""
    if app.env.get_domain("math").has_equations(page):  # type: ignore[attr-defined]
        app.add_css_file("book/katex/katex.css")


def stop(app: Sphinx, error: Exception | None) -> None:
    """End KaTeX."""
    if hasattr(app, "katex"):
        app.katex.close()


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.add_html_math_renderer("prerender", (visit_inline, None), (visit_display, None))
    app.connect("builder-inited", start)
    app.connect("html-page-context", add_style_sheet)
    app.connect("build-finished", stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

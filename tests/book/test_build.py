"""The book's own extensions, on a book of one page: what they write, and what fails the build."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).parents[2] / "_ext"
CONF = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
extensions = ["myst_parser", "sphinx_design", "boxes", "page_checks", "prerender"]
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
html_theme = "basic"
html_math_renderer = "prerender"
"""


@pytest.fixture
def build(tmp_path):
    """Build a page; return its HTML and what Sphinx had to complain about."""

    def build(text):
        (tmp_path / "conf.py").write_text(CONF)
        (tmp_path / "index.md").write_text(f"# Book\n\n{text}\n", encoding="utf-8")
        (tmp_path / "dot.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
        command = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", "html", ".", "_build"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
        assert run.returncode == 0, run.stderr
        return (tmp_path / "_build/index.html").read_text("utf-8"), run.stderr

    return build


def test_formulas_are_html_and_mathml(build):
    html, complaints = build("With $a_1$.\n\n$$ b = \\sum_n c_n $$ (eq-b)\n\nSee {eq}`eq-b`.")
    assert complaints == ""
    assert html.count('class="katex"') == html.count("<math ") == 2
    assert '<div class="scroll"><span class="katex-display">' in html
    assert '<span class="eqno">(1)' in html
    assert 'href="#equation-eq-b">(1)</a>' in html
    assert '<link rel="stylesheet" type="text/css" href="_static/book/katex/katex.css' in html
    assert "mathjax" not in html.lower().replace("mathjax_ignore", "")


@pytest.mark.parametrize(
    "block",
    [
        "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}",
        "```{math}\na &= b \\\\\nc &= d\n```",
        "$$\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n$$",
    ],
)
def test_lines_are_aligned(build, block):
    html, complaints = build(block)
    assert complaints == ""
    assert html.count("<mtr>") == 2
    assert "eqn-num" not in html, "KaTeX would count for itself"


def test_style_sheet_only_where_there_is_mathematics(build):
    assert "katex.css" not in build("Words.")[0]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Words.\n\n$\\nonsense$", r"index.md:5: WARNING: KaTeX parse error: Undefined control"),
        ("$$ 한 $$", "index.md:3: WARNING: KaTeX parse error: LaTeX-incompatible input"),
        ("![](dot.svg)", "index.md: WARNING: picture without alt text: "),
        ('<img src="dot.svg" alt="">', "index.md: WARNING: picture without alt text: "),
    ],
)
def test_complaints(build, text, complaint):
    assert complaint in build(text)[1]


def test_picture_with_alt_text(build):
    assert build("![A dot](dot.svg)")[1] == ""


def test_notes_in_the_margin(build):
    html, complaints = build(":::{margin}\nAside.\n:::\n\nText.")
    assert complaints == ""
    assert '<div class="margin docutils container">\n<p>Aside.</p>' in html


def test_tables_have_a_box(build):
    html, complaints = build("| a |\n|---|\n| 1 |")
    assert complaints == ""
    assert re.search(r'<div class="wide docutils container">\s*<table', html)

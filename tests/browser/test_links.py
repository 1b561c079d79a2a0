"""Every link inside the built site leads to a file, and every anchor to an element."""

import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

ROOT = Path(__file__).parents[2]


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src", "action"):
                self.links.append(value)
            elif name == "id":
                assert value not in self.ids, f"two elements have the id {value}"
                self.ids.add(value)


@cache
def read(file):
    return Page(file.read_text("utf-8"))


def broken(site, path):
    for link in read(site / path).links:
        parts = urlsplit(urljoin(f"site:///{path}", link))
        if parts.scheme != "site":  # another site's, or data:
            continue
        target, anchor = site / unquote(parts.path.lstrip("/")), unquote(parts.fragment)
        if not target.is_file():
            yield f"{link}: no such file"
        elif anchor and anchor not in read(target).ids:
            yield f"{link}: no such anchor"


def test_links(built, path):
    assert list(broken(built, path)) == []


def labs_on(path):
    """Return how many labs a page offers: all of them in their list, its own on a chapter."""
    numbers = [lab.name[3:5] for lab in (ROOT / "labs").glob("lab??-*.ipynb")]
    if path == "labs/index.html":
        return len(numbers)
    return numbers.count(Path(path).name[:2]) if path.startswith("chapters/") else 0


def test_notebooks_can_be_downloaded(built, path):
    notebooks = [link for link in read(built / path).links if link.endswith(".ipynb")]
    own = [link for link in notebooks if "_sources/" in link]  # the others are labs
    assert len(own) == path.startswith("chapters/")
    assert len(notebooks) - len(own) == labs_on(path)
    for link in notebooks:
        notebook = (built / path).parent / link
        assert json.loads(notebook.read_text("utf-8"))["nbformat"] == 4

"""What the tests of the chapters read: a page's cells with their prints, and stored results."""

import functools
import json
from pathlib import Path

CHAPTERS = Path(__file__).parents[2] / "chapters"


@functools.cache
def page(chapter):
    """Return (source, what is printed below it) of each cell of a chapter such as "07", by id."""
    [path] = CHAPTERS.glob(f"{chapter}-*.ipynb")
    return {
        cell["id"]: (
            "".join(cell["source"]),
            "".join("".join(output.get("text", "")) for output in cell.get("outputs", [])),
        )
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    }


def record(name):
    """Return what a page keeps in results/, such as "05-race"."""
    return json.loads((CHAPTERS / f"results/{name}.json").read_text(encoding="utf-8"))["result"]

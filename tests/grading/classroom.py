"""A small lab and a class that answered it: some right, some wrong, some hostile."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAB = """
import numpy as np
from mlcourse.grading.bank import Lab, expect

lab = Lab("lab00", title="Warm <up>", chapter="chapters/03-warm.ipynb")
H = ("a", "b", "c")

@lab.question("double", points=4, minutes=1, section=("sec-double", "Doubling"), hints=H,
              title="Twice as much")
def double(x):
    return 2 * x

@double.inputs(points=1)
def small(rng):
    return [(1.0,), (3.0,)]

@double.inputs(points=1, hidden=True)
def secret_inputs(rng):
    return [(987654.0,)]

@double.test(points=2, hidden=True)
def secret_property(student, rng):
    expect(student(0.0), 0.0)

for message, source in {
    "squares: right for 2 alone": "return x * x",
    "halves": "return x / 2",
    "adds one": "return x + 1",
    "keeps it": "return x",
    "negates": "return -x",
}.items():
    names = {}
    exec(f"def wrong(x): {source}", names)
    double.wrong(message)(names["wrong"])

loss = lab.number("loss", 2.3026, tolerance=0.01, points=1, minutes=1,
                  section=("sec-loss", "Loss"), hints=H, title="Loss before training")
for value in (0.1, 1.0, 10.0, 0.0, 4.6):
    loss.wrong_value(value, f"{value} is the loss of something else")
lab.manual("why", form="text", rubric=[(1, "names the cause"), (1.5, "names the cure")],
           minutes=2, section=("sec-why", "Why"), hints=H, title="Explain")
lab.manual("curve", form="plot", rubric=[(1, "has axes")], minutes=2,
           section=("sec-why", "Why"), hints=H, title="Draw")
"""
PIXEL = (  # a PNG of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
RIGHT = "def double(x):\n    return 2 * x"
SQUARES = "def double(x):\n    return x * x"
HOSTILE = (
    "def double(x):\n    raise ValueError('</pre><script>alert(1)</script> /usr/lib/some/where.py')"
)


def notebook(*sources, plot=False):
    """Return the bytes of a notebook; ``plot`` adds a cell with a picture below it."""
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    if plot:
        output = {"output_type": "display_data", "data": {"image/png": PIXEL}, "metadata": {}}
        cells.append({"cell_type": "code", "source": "curve = 1", "outputs": [output]})
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


CLASS = {
    "ann": notebook(RIGHT, "loss = 2.3026", "why = 'the <b>step</b> is too large'", plot=True),
    "ben": notebook(SQUARES, "loss = 0.1"),
    "cy": notebook("def double(x):\n    raise NotImplementedError", "loss = ..."),
    "dan": notebook(HOSTILE, "open('/usr/lib/some/where.txt')", "loss = float('nan')"),
    "eve": b"{ this is no notebook",
    "<img src=x onerror=alert(1)>": notebook(RIGHT),
    "=HYPERLINK(1)": notebook("def double(x):\n    return 2 * x + (x == 0)"),
}


def classroom(folder, students=CLASS):
    """Make a folder with the lab's tests and the notebooks of a class."""
    (folder / "solutions").mkdir(parents=True)
    (folder / "solutions/lab00_tests.py").write_text(LAB, encoding="utf-8")
    (folder / "subs").mkdir()
    for student, content in students.items():
        (folder / "subs" / f"{student}.ipynb").write_bytes(content)
    return folder


def command(*arguments):
    return [sys.executable, "-m", "mlcourse.grading", *map(str, arguments)]


def run(folder, *arguments):
    """Run the grader there; return what became of it."""
    return subprocess.run(
        command(*arguments), cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def grade(folder, *arguments):
    return run(folder, "grade", "subs", "--lab", "lab00", "--jobs", 2, *arguments)

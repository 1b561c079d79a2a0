"""Submissions with the points that they deserve: what the entries of the corpus are made of.

Of a perfect notebook each entry changes something. What it does not name keeps all its points.
"""

import json
import os
from dataclasses import dataclass, field

from tests.grading.classroom import PIXEL

# By cells: the answer that stands for itself.
RIGHT = {
    "imports": "import numpy as np\nfrom mlcourse.labs import check",
    "softmax": """
def softmax(Z):
    exp = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)
""",
    "cross_entropy": """
def cross_entropy(Z, y):
    P, rows = softmax(Z), np.arange(len(y))
    E = -np.log(P[rows, y]).mean()
    P[rows, y] -= 1
    return E, P / len(y)
""",
    "RunningMean": """
class RunningMean:
    def __init__(self, size):
        self.count, self.mean = 0, np.zeros(size)

    def update(self, x):
        self.count += 1
        self.mean = self.mean + (x - self.mean) / self.count
        return self.mean
""",
    "train": """
def train(X, y, X_new, rng):
    c = [X[y == k].mean(axis=0) for k in (0, 1)]
    return (((X_new - c[1]) ** 2).sum(1) < ((X_new - c[0]) ** 2).sum(1)).astype(int)
""",
    "log_ten": "log_ten = float(np.log(10))",
    "cause": "cause = 'b'",
    "why": "why = 'Because the step is too large.'",
    "curve": "curve = 'shown below'",
}
# A person has to mark the last two: they wait.
FULL = {
    "softmax": 3, "cross_entropy": 2, "RunningMean": 3, "train": 2, "log_ten": 1, "cause": 1,
    "why": None, "curve": None,
}  # fmt: skip
NOTHING = dict.fromkeys(FULL, 0)
NO_SOFTMAX = {"softmax": 0, "cross_entropy": 0}  # the second calls the first
MARK = f"corpus{os.getpid()}"  # what is left behind bears it


@dataclass(frozen=True)
class Entry:
    """A submission, what each question deserves, and whether the file can be read at all."""

    name: str
    content: bytes
    deserves: dict[str, float | None] = field(default_factory=lambda: FULL)
    status: str = "graded"
    exact: bool = True  # or, where it depends on which thread is first, no more than that


def cell(source, name=""):
    """Return a code cell; that of the plot has its picture."""
    picture = {"output_type": "display_data", "data": {"image/png": PIXEL}, "metadata": {}}
    outputs = [picture] if name == "curve" else []
    return {"cell_type": "code", "source": source, "outputs": outputs, "metadata": {}}


def notebook(cells, **top):
    """Return the bytes of a notebook."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells, **top}
    return json.dumps(content).encode()


def cells_of(sources):
    """Return the cells of {name: source}."""
    return [cell(source, name) for name, source in sources.items()]


def perfect_but(name, deserves=None, *, first="", last="", exact=True, **changes):
    """Return a perfect notebook with cells changed, or added after the imports or at the end."""
    sources = {"imports": RIGHT["imports"], "first": first, **RIGHT, "last": last, **changes}
    return Entry(name, notebook(cells_of(sources)), {**FULL, **(deserves or {})}, exact=exact)

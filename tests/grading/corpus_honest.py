"""What honest students hand in: right, wrong and half done, in the shapes that notebooks take."""

import json
import textwrap

from tests.grading.corpus import (
    FULL,
    NO_SOFTMAX,
    NOTHING,
    RIGHT,
    Entry,
    cell,
    cells_of,
    notebook,
    perfect_but,
)

UNTOUCHED = {
    "imports": RIGHT["imports"],
    "softmax": "def softmax(Z):\n    raise NotImplementedError('subtract the maximum')",
    "cross_entropy": "def cross_entropy(Z, y):\n    raise NotImplementedError('do it')",
    "RunningMean": "class RunningMean:\n    def __init__(self, size):\n        raise"
    " NotImplementedError('do it')",
    "train": "def train(X, y, X_new, rng):\n    raise NotImplementedError('do it')",
    "values": "log_ten = ...\ncause = ...\nwhy = ...",
}
OTHER_STYLE = {
    "softmax": """
from typing import Any
import numpy.typing as npt
Array = npt.NDArray[np.floating[Any]]

def stable(Z: Array) -> Array:
    return Z - np.max(Z, axis=-1)[:, None]

softmax = lambda logits, /: np.exp(stable(logits)) / np.exp(stable(logits)).sum(-1)[:, None]
""",
    "cross_entropy": """
def cross_entropy(Z, y):
    total, grad = 0.0, []
    for z, label in zip(Z, y):
        p = [np.exp(v - max(z)) for v in z]
        p = [v / sum(p) for v in p]
        total -= np.log(p[label])
        grad.append([(v - (k == label)) / len(y) for k, v in enumerate(p)])
    return total / len(y), np.array(grad)
""",
    "RunningMean": """
from dataclasses import dataclass, field

@dataclass
class RunningMean:
    size: int
    seen: list = field(default_factory=list)

    @property
    def mean(self):
        return np.mean(self.seen, axis=0) if self.seen else np.zeros(self.size)

    def update(self, x):
        self.seen.append(x.copy())
        return self.mean
""",
    "train": """
def train(X, y, X_new, rng, epochs=200):
    A, B = np.c_[X, np.ones(len(X))], np.c_[X_new, np.ones(len(X_new))]
    w = rng.normal(size=3) * 0.01
    for _ in range(epochs):
        w -= 0.1 * A.T @ (1 / (1 + np.exp(-np.clip(A @ w, -50, 50))) - y) / len(y)
    return (B @ w > 0).astype(np.int32)
""",
}
FLOAT32 = RIGHT["softmax"].replace("sum(axis=1, keepdims=True)", "sum(1)[:, None]").replace(
    "return exp", "return exp.astype(np.float32)"
)  # fmt: skip
MIXED = {**RIGHT, "imports": "%matplotlib inline\n" + RIGHT["imports"]}
DOUBLED = [
    cell("softmax = 3"), *cells_of(RIGHT), *cells_of(RIGHT), cell("check(softmax)")
]  # fmt: skip
IDS = [{**c, "id": "same", "metadata": {"nbgrader": {"locked": True}, "tags": 3}} for c in DOUBLED]

ENTRIES = [
    perfect_but("perfect"),
    Entry("untouched", notebook(cells_of(UNTOUCHED)), NOTHING),
    Entry("no cells", notebook([]), NOTHING),
    Entry("text alone", notebook([{"cell_type": "markdown", "source": RIGHT["softmax"]}]), NOTHING),
    perfect_but("another style", **OTHER_STYLE),
    perfect_but("float32 results", softmax=FLOAT32),
    perfect_but(
        "lists instead of arrays",
        NO_SOFTMAX,
        softmax=RIGHT["softmax"] + "\nright = softmax\n"
        "def softmax(Z): return right(Z).tolist()",
    ),
    perfect_but(
        "overflows", {"softmax": 2},
        softmax="def softmax(Z):\n    return np.exp(Z) / np.exp(Z).sum(1, keepdims=True)",
    ),
    perfect_but(
        "over the batch", NO_SOFTMAX,
        softmax="def softmax(Z):\n    return np.exp(Z) / np.exp(Z).sum(0)",
    ),
    perfect_but(
        "works in place", NO_SOFTMAX,
        softmax="def softmax(Z):\n    Z -= Z.max(1, keepdims=True)\n    np.exp(Z, out=Z)\n"
        "    Z /= Z.sum(1, keepdims=True)\n    return Z",
    ),
    perfect_but(
        "state in the class", {"RunningMean": 2},
        RunningMean="class RunningMean:\n    n, mean = 0, np.zeros(2)\n"
        "    def __init__(self, size):\n        RunningMean.n = 0\n"
        "        RunningMean.mean = np.zeros(size)\n    def update(self, x):\n"
        "        cls = RunningMean\n        cls.n += 1\n"
        "        cls.mean = cls.mean + (x - cls.mean) / cls.n\n        return cls.mean",
    ),
    perfect_but(
        "shows a list that it goes on changing",
        RunningMean=RIGHT["RunningMean"].replace(
            "self.mean = self.mean + (x", "self.mean[...] = self.mean + (x"
        ),
    ),
    perfect_but("swaps the classes", {"train": 0},
                train=RIGHT["train"].replace("<", ">")),
    perfect_but("labels as floats", {"train": 0},
                train=RIGHT["train"].replace("astype(int)", "astype(float)")),
    perfect_but("wrong values", {"log_ten": 0, "cause": 0}, log_ten="log_ten = 1.0",
                cause="cause = 'a'"),
    perfect_but("values in other words", log_ten="log_ten = np.float32(2.3026)",
                cause="cause = ' B\\n'"),
    perfect_but("no text", {"why": 0}, why="why = '  '"),
    Entry("no picture", notebook([cell(s) for s in RIGHT.values()])),  # a person looks
    Entry("no plot", notebook([cell(s) for s in list(RIGHT.values())[:-1]]), {**FULL, "curve": 0}),
    perfect_but("renamed", NO_SOFTMAX, softmax=RIGHT["softmax"].replace("softmax", "soft_max")),
    perfect_but("left out", NO_SOFTMAX, softmax=""),
    Entry("reordered", notebook([cell(RIGHT["imports"]), *cells_of(RIGHT)[:0:-1]])),
    Entry("doubled", notebook(DOUBLED)),
    Entry("same ids, locked cells", notebook(IDS)),
    Entry("all in one cell", notebook([cell("\n\n".join(RIGHT.values()), "curve")])),
    Entry("lines in lists", notebook([
        {**c, "source": c["source"].splitlines(keepends=True)} for c in cells_of(RIGHT)
    ])),
    perfect_but("helpers in other cells", softmax="def softmax(Z): return helper(Z)",
                last=RIGHT["softmax"].replace("softmax", "helper")),
    perfect_but("overwritten later", NO_SOFTMAX, last="softmax = np.exp"),
    perfect_but("mended later", softmax="softmax = np.exp", last=RIGHT["softmax"]),
    perfect_but("cell fails after the answer", softmax=RIGHT["softmax"] + "\n1 / 0"),
    perfect_but("cell fails before the answer", NO_SOFTMAX, softmax="1 / 0" + RIGHT["softmax"]),
    perfect_but("syntax error elsewhere", last="def broken(:\n    pass"),
    perfect_but("package that is not there", last="import torch, pandas\nx = torch.ones(3)"),
    perfect_but("input", last="name = input('your name?')"),
    perfect_but("magics", first="%load_ext autoreload\n%autoreload 2\n!pip install torch\n"
                "files = !ls\n%time seconds = 3\nnp.exp?\nget_ipython().run_line_magic('pwd', '')"),
    perfect_but("magics around an answer", softmax="%%time\n" + RIGHT["softmax"]),
    perfect_but("shell line that goes on", softmax="!pip install a \\\n    b\n" + RIGHT["softmax"]),
    perfect_but("indented", softmax=textwrap.indent(RIGHT["softmax"].strip(), "    ")),
    perfect_but("another language", last="%%bash\nrm -rf /\n"),
    perfect_but("percent in a text", first="help = '''\n%matplotlib\n!ls\n''' % ()\nx = (3\n% 2)"),
    perfect_but("plots", last="import matplotlib.pyplot as plt\nfrom tqdm.notebook import tqdm\n"
                "fig, ax = plt.subplots(figsize=(3, 2))\nax.plot([1, 2]); ax.legend()\nplt.show()\n"
                "from IPython.display import display\ndisplay(fig)\nn = sum(tqdm(range(3)))"),
    perfect_but("prints a lot", softmax=RIGHT["softmax"].replace("    exp =", "    print(Z)\n"
                "    for i in range(2000): print('row', i)\n    exp =")),
    perfect_but("seeds", first="import random\nrandom.seed(0)\nnp.random.seed(0)"),
    perfect_but("warnings as errors", first="import warnings\nwarnings.simplefilter('error')"),
    perfect_but("long training elsewhere", last="import time\ntime.sleep(0.3)"),
    Entry("R kernel", notebook(cells_of(RIGHT), metadata={"kernelspec": {"name": "ir"},
                                                          "language_info": {"name": "R"}})),
    Entry("no metadata", json.dumps({"cells": cells_of(RIGHT)}).encode()),
    Entry("magic first", notebook(cells_of(MIXED))),
]  # fmt: skip

"""A small lab, and a notebook in a real kernel beside it."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

from mlcourse.grading.bank import Lab, record
from mlcourse.grading.check_file import check_file

ROOT = Path(__file__).parents[2]


def softmax(Z):
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True)


def over_the_batch(Z):
    P = np.exp(Z)
    return P / P.sum(axis=0)


def shift(theta, step):
    theta -= step


class Counter:
    def __init__(self, start):
        self.value = start

    def add(self, k):
        self.value += k


def train(X, y):
    return np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])


def about(name, **more):
    """Return what every question has."""
    return {
        "title": f"About {name}",
        "minutes": 10,
        "section": (f"sec-{name}", f"The section on {name}"),
        "hints": ("think", "think more", "think hardest"),
        **more,
    }


def small_lab():
    chapter = "chapters/01-small.ipynb"
    lab = Lab("lab01", title="A small lab", chapter=chapter, modules=("mlcourse.data",))
    lab.given["np"] = np
    Z = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])

    question = lab.question("softmax", points=3, **about("softmax"))(softmax)
    question.inputs(points=1)(lambda rng: [(Z,), (10 * Z,)])
    question.wrong("normalises over the batch instead of over the classes")(over_the_batch)

    @record
    def shifted(student):
        theta = student.np.ones(2)
        student.shift(theta, 0.5)
        return [-theta]

    question = lab.question("shift", points=3, in_place=True, **about("shift"))(shift)
    question.inputs(points=1)(lambda rng: [shifted])

    @record
    def counted(student):
        counter = student.Counter(2.0)
        counter.add(3.0)
        return [counter.value]

    question = lab.question("Counter", points=3, **about("Counter"))(Counter)
    question.inputs(points=1)(lambda rng: [counted])

    question = lab.question("train", points=3, accuracy=0.9, **about("train"))(train)
    labels = [0] * 8 + [1, 1]
    question.inputs(points=1)(lambda rng: [((Z, np.array([0, 1])), labels)])

    number = lab.number("untrained_loss", 2.3026, tolerance=0.01, points=3, **about("it"))
    number.wrong_value(3.3219, "that is log2(10)")
    choices = {"a": "the rate", "b": "the data", "c": "the seed"}
    choice = lab.choice("diagnosis", "c", choices=choices, points=3, **about("it"))
    choice.wrong_value("a", "the rate is small")
    rubric = [(1, "names the cause"), (2, "says <why>")]
    lab.manual("why", form="text", rubric=rubric, **about("why"))
    lab.manual("curve", form="plot", rubric=rubric, **about("curve"))
    return lab


@pytest.fixture(scope="session")
def answers():
    """Return the source of right and wrong answers."""
    known = (softmax, over_the_batch, shift, Counter, train)
    return {answer.__name__: inspect.getsource(answer) for answer in known}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a notebook, below that of the labs."""
    root = tmp_path_factory.mktemp("course")
    checks = root / "labs/checks"
    checks.mkdir(parents=True)
    (checks / "lab01.json").write_text(check_file(small_lab()), encoding="utf-8")
    return root / "labs"


@pytest.fixture(scope="module")
def kernel(folder):
    env = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(folder), "MPLBACKEND": "agg"}
    below = folder / "mine"
    below.mkdir()
    manager, client = start_new_kernel(cwd=str(below), env=env)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


class Cell:
    """What a cell showed."""

    def __init__(self):
        self.printed = self.text = self.html = self.error = ""

    def take(self, message):
        content = message["content"]
        if message["msg_type"] == "stream":
            self.printed += content["text"]
        elif message["msg_type"] == "execute_result":
            self.text, self.html = content["data"]["text/plain"], content["data"]["text/html"]
        elif message["msg_type"] == "error":
            self.error = content["ename"]


FRESH = """
%reset -f
import sys
for name in [name for name in sys.modules if name.startswith("mlcourse")]:
    del sys.modules[name]
import numpy as np
from mlcourse.labs import check, hint, progress
"""


@pytest.fixture
def notebook(kernel):
    """Return a function that runs cells one after the other and returns what the last one shows."""

    def run(*cells):
        for code in cells:
            cell = Cell()
            kernel[1].execute_interactive(
                code, output_hook=cell.take, timeout=60, stop_on_error=False
            )
        return cell

    assert run(FRESH).error == ""
    return run

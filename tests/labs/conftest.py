"""A small lab, and a notebook in a real kernel beside it."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

from mlcourse.labs.compare import digest
from mlcourse.labs.local import attempt
from mlcourse.labs.plain import pack
from mlcourse.labs.steps import Case, Slot, pack_case

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


COUNTING = Case(
    (
        ("name", "Counter"),
        ("call", 0, (2.0,), {}),
        ("get", 1, "add"),
        ("call", 2, (3.0,), {}),
        ("get", 1, "value"),
    ),
    (4,),
)
IN_PLACE = Case(
    (
        ("name", "np"),
        ("get", 0, "ones"),
        ("call", 1, (2,), {}),
        ("name", "shift"),
        ("call", 3, (Slot(2), 0.5), {}),
        ("op", "neg", (Slot(2),)),
    ),
    (5,),
)


def question(right, cases, wrong=(), **fields):
    """Write a question on code as the check file has it."""

    def outcomes(answer):
        names = {"np": np, right.__name__: answer}
        for case in cases:
            outcome, _ = attempt(case, names.__getitem__, in_place=True)
            yield {"kind": outcome.kind, "value": pack(outcome.value), "detail": outcome.detail}

    return common(right.__name__, "function") | {
        "cases": [
            {"case": pack_case(case), "right": outcome}
            for case, outcome in zip(cases, outcomes(right), strict=True)
        ],
        "wrong": [{"message": text, "outcomes": list(outcomes(answer))} for text, answer in wrong],
        **fields,
    }


def common(name, kind):
    return {
        "name": name,
        "title": f"About {name}",
        "kind": kind,
        "points": 3,
        "visible_points": 1,
        "minutes": 10,
        "section": [f"sec-{name}", f"The section on {name}"],
        "hints": ["think", "think more", "think hardest"],
    }


def lab():
    Z = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    labels = [0] * 8 + [1, 1]
    training = question(train, [Case.call("train", Z, np.array([0, 1]))], kind="training")
    training["cases"] = [{"case": training["cases"][0]["case"], "labels": labels}]
    number = common("untrained_loss", "number") | {
        "answer": digest("untrained_loss", 2.3026, 0.01),
        "tolerance": 0.01,
        "wrong": [
            {"message": "that is log2(10)", "answer": digest("untrained_loss", 3.3219, 0.01)}
        ],
    }
    choice = common("diagnosis", "choice") | {
        "answer": digest("diagnosis", "c", None),
        "choices": {"a": "the rate", "b": "the data", "c": "the seed"},
        "wrong": [{"message": "the rate is small", "answer": digest("diagnosis", "a", None)}],
    }
    why = common("why", "manual") | {
        "form": "text",
        "rubric": [[1, "names the cause"], [2, "says <why>"]],
    }
    return {
        "format": 1,
        "lab": "lab01",
        "title": "A small lab",
        "chapter": "chapters/01-small.ipynb",
        "questions": [
            question(
                softmax,
                [Case.call("softmax", Z), Case.call("softmax", 10 * Z)],
                [("normalises over the batch instead of over the classes", over_the_batch)],
            ),
            question(shift, [IN_PLACE], in_place=True),
            question(Counter, [COUNTING], kind="class"),
            training | {"accuracy": 0.9},
            number,
            choice,
            why,
        ],
    }


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
    (checks / "lab01.json").write_text(json.dumps(lab()), encoding="utf-8")
    return root / "labs"


@pytest.fixture(scope="module")
def kernel(folder):
    env = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(folder), "MPLBACKEND": "agg"}
    manager, client = start_new_kernel(cwd=str(folder), env=env)
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

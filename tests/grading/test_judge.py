"""One notebook graded: what each kind of answer gets, and what its author is told."""

import base64
import json
import struct
import zlib

import numpy as np
import pytest

from mlcourse.grading.bank import Lab, expect, record
from mlcourse.grading.judge import Judge
from mlcourse.grading.result import Result
from mlcourse.grading.sandbox import Limits

DETAILS = {"minutes": 1, "section": ("sec-a", "A"), "hints": ("1", "2", "3"), "title": "T"}
lab = Lab("lab00", title="All kinds", chapter="chapters/00-none.ipynb")


@lab.question("center", points=3, **DETAILS)
def center(X):
    return X - X.mean(axis=0)


@center.inputs(points=1)
def seen(rng):
    return [(np.array([[1.0, 2.0], [3.0, 6.0]]),)]


@center.inputs(points=1, hidden=True, about="other shapes")
def fresh(rng):
    return [(rng.normal(size=(n, 3)),) for n in (1, 4)]


@center.test(points=1)
def columns_sum_to_nothing(student, rng):
    expect(student(rng.normal(size=(5, 2))).sum(axis=0), np.zeros(2), atol=1e-9)


@center.wrong("takes the mean of the rows")
def mean_of_rows(X):
    return X - X.mean(axis=1, keepdims=True)


@center.wrong("changes the input")
def changes_input(X):
    X -= X.mean(axis=0)
    return X


@lab.question("scale", points=1, uses=("center",), **DETAILS)
def scale(X):
    C = X - X.mean(axis=0)
    return C / C.std()


@scale.inputs(points=1)
def scaled(rng):
    return [(np.array([[1.0, 2.0], [3.0, 6.0]]),)]


@scale.wrong("does not centre")
def does_not_centre(X):
    return X / X.std()


@lab.question("Counter", points=2, **DETAILS)
class Counter:
    def __init__(self, start):
        self.total = start

    def add(self, step):
        self.total += step
        return self.total


@Counter.inputs(points=1)
def twice(rng):
    def program(student):
        counter = student.Counter(10)
        return [counter.add(1), counter.add(np.float64(2)), counter.total]

    return [record(program)]


@Counter.test(points=1)
def two_counters_do_not_share(student, rng):
    one, other = student(0), student(0)
    one.call("add", 5)
    expect(other.get("total"), 0)


@Counter.wrong("forgets what came before")
class Forgetful:
    def __init__(self, start):
        self.total = start

    def add(self, step):
        self.total = step
        return self.total


@lab.question("train", points=2, accuracy=0.9, **DETAILS)
def train(X, y, X_new):
    return (X_new[:, 0] > 0).astype(int)


@train.inputs(points=2, hidden=True, seconds=5)
def separable(rng):
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(int)
    return [((X[:30], y[:30], X[30:]), y[30:])]


@train.wrong("always says the same")
def constant(X, y, X_new):
    return np.zeros(len(X_new), dtype=int)


number = lab.number("log_ten", 2.302585, tolerance=0.001, points=1, **DETAILS)
number.wrong_value(1.0, "that is the logarithm to base 10")
choice = lab.choice("cause", "b", choices={"a": "data", "b": "rate"}, points=1, **DETAILS)
choice.wrong_value("a", "the data did not change")
lab.manual("why", form="text", rubric=[(1, "says why"), (1, "says how")], **DETAILS)
lab.manual("draw_loss", form="plot", rubric=[(1, "labels the axes")], **DETAILS)

RIGHT = {
    "import": "import numpy as np",
    "center": "def center(X):\n    return X - X.mean(axis=0)",
    "scale": "def scale(X):\n    C = center(X)\n    return C / C.std()",
    "Counter": (
        "class Counter:\n    def __init__(self, start):\n        self.total = start\n"
        "    def add(self, step):\n        self.total += step\n        return self.total"
    ),
    "train": "def train(X, y, X_new):\n    return (X_new[:, 0] > 0).astype(int)",
    "log_ten": "log_ten = np.log(10)",
    "cause": "cause = ' B '",
    "why": "why = 'Because the rate is too high.'",
    "draw_loss": "def draw_loss():\n    pass\ndraw_loss()",
}


def png(width=1):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * (width + 1))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def notebook(pictures=(), **changes):
    cells = []
    for name, source in {**RIGHT, **changes}.items():
        shown = pictures if name == "draw_loss" else ()
        outputs = [
            {"output_type": "display_data", "data": {"image/png": base64.b64encode(p).decode()}}
            for p in shown
        ]
        cells.append({"cell_type": "code", "id": name, "source": source, "outputs": outputs})
    return json.dumps({"nbformat": 4, "cells": cells}).encode()


@pytest.fixture(scope="module")
def judge():
    return Judge(lab, seed=1, limits=Limits(call=2, cell=2, total=20))


def graded(judge, **changes):
    return {a.question: a for a in judge.grade(notebook(**changes)).answers}


def test_right_answers_get_all_points_and_manual_ones_wait(judge):
    result = judge.grade(notebook(pictures=[png()]))
    assert result.status == "graded"
    earned = {answer.question: answer.earned for answer in result.answers}
    automatic = {"center": 3, "scale": 1, "Counter": 2, "train": 2, "log_ten": 1, "cause": 1}
    assert earned == {**automatic, "why": None, "draw_loss": None}
    assert result.waiting
    assert (result.earned, result.points) == (10, 13)
    assert result.answers[6].text == "Because the rate is too high."
    assert result.answers[7].pictures == (base64.b64encode(png()).decode(),)


def test_result_goes_through_a_file(judge):
    result = judge.grade(notebook(pictures=[png()], center="def center(X): return X"))
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_same_bytes_give_the_same_result(judge):
    content = notebook(center="def center(X): return X")
    first, second = judge.grade(content).to_json(), judge.grade(content).to_json()
    del first["seconds"], second["seconds"]
    assert first == second


@pytest.mark.parametrize(
    ("question", "source", "earned", "misconception"),
    [
        ("center", "def center(X): return X - X.mean(1, keepdims=True)", 0,
         "takes the mean of the rows"),
        ("center", "def center(X):\n    X -= X.mean(axis=0)\n    return X", 0, "changes the input"),
        ("center", "def center(X): return X - X.mean(axis=0) if len(X) == 2 else X", 1, None),
        ("Counter", "class Counter:\n    def __init__(self, start): self.total = start\n"
         "    def add(self, step):\n        self.total = step\n        return step", 1,
         "forgets what came before"),
        ("Counter", "class Counter:\n    def __init__(self, start): Counter.total = start\n"
         "    def add(self, step):\n        Counter.total += step\n        return self.total", 1,
         None),
        ("train", "def train(X, y, X_new): return np.zeros(len(X_new), dtype=int)", 0,
         "always says the same"),
        ("train", "def train(X, y, X_new): return y", 0, None),
        ("log_ten", "log_ten = 1", 0, "that is the logarithm to base 10"),
        ("log_ten", "log_ten = np.array(2.3026)", 1, None),
        ("log_ten", "log_ten = 'about 2.3'", 0, None),
        ("log_ten", "log_ten = True", 0, None),
        ("cause", "cause = 'a'", 0, "the data did not change"),
        ("cause", "cause = 2", 0, None),
    ],
)  # fmt: skip
def test_one_other_answer(judge, question, source, earned, misconception):
    answers = graded(judge, **{question: source})
    assert answers[question].earned == earned
    assert answers[question].misconception == misconception
    others = {name: a.earned for name, a in answers.items() if name != question}
    assert others == {
        name: right
        for name, right in {
            "center": 3, "scale": 1, "Counter": 2, "train": 2, "log_ten": 1, "cause": 1,
            "why": None, "draw_loss": None,
        }.items()
        if name != question
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        ("centre = 1", "missing", "center is not defined; did you rename it to centre?"),
        ("def center(X): raise NotImplementedError('do it')", "unanswered", "not answered yet"),
        ("def center(X):\n    return Y", "raised", "name 'Y' is not defined"),
        ("def center(X):\n    while True: pass", "timeout", "longer than 2 seconds"),
        ("def center(X):\n    import os; os._exit(0)", "died", "ended Python itself"),
        ("def center(X): return X - X.mean()", "failed",
         "center(X) with X = [[1, 2], [3, 6]]: element [0, 0]: expected -1, got -2"),
        ("def center(X): return X.mean(axis=0)", "failed", "expected shape (2, 2), got (2,)"),
        ("def center(X): return object()", "protocol", "plain data"),
    ],
)  # fmt: skip
def test_visible_part_says_what_went_wrong(judge, source, status, message):
    part = graded(judge, center=source)["center"].parts[0]
    assert part.status == status
    assert message in part.message


def test_arguments_of_a_program_are_shown_where_they_stand(judge):
    """Only one call has the question's own names of arguments."""
    forgets = (
        "class Counter:\n"
        "    def __init__(self, start): self.total = start\n"
        "    def add(self, step): self.total = step; return step"
    )
    part = graded(judge, Counter=forgets)["Counter"].parts[0]
    assert "c = a.add(2.0)\nb, c, a.total\nb: expected 11, got 1" in part.message
    assert "start" not in part.message


def test_hidden_parts_do_not_say_what_was_asked(judge):
    tell = (
        "def center(X):\n"
        "    if len(X) == 2: return X - X.mean(axis=0)\n"
        "    raise type(str(X), (Exception,), {})('the input is %s' % X)"
    )
    one, other = graded(judge, center=tell)["center"].parts[1:]
    assert one.message == "a hidden test: your code raised an exception (it tries other shapes)"
    assert other.message == "a hidden test: your code raised an exception"
    assert one.detail  # the instructor may know
    raises = "def center(X):\n    raise NotImplementedError(str(X))"
    assert {p.message for p in graded(judge, center=raises)["center"].parts} == {"not answered yet"}


def test_a_mistake_in_an_earlier_question_counts_once(judge):
    answers = graded(judge, center="def center(X): return X.mean(axis=0)")
    assert answers["center"].earned == 0
    assert (answers["scale"].earned, answers["scale"].with_right) == (1, ("center",))
    both = graded(judge, center="def center(X): return X", scale="def scale(X): return X / X.std()")
    assert (both["scale"].earned, both["scale"].with_right) == (0, ())
    assert both["scale"].misconception == "does not centre"


def test_right_answers_to_earlier_questions_do_not_leave_the_sandbox(judge):
    tell = "def scale(X): raise ValueError(center.__code__.co_code.hex())"
    wrong = "def center(X): return X"
    part = graded(judge, center=wrong, scale=tell)["scale"].parts[0]
    code = compile(wrong, "", "exec").co_consts[0].co_code.hex()
    assert part.message.startswith(f"scale raised ValueError: {code}")


def test_what_never_ends_is_not_tried_again_and_again(judge):
    parts = graded(judge, center="def center(X):\n    while True: pass")["center"].parts
    assert [part.status for part in parts] == ["timeout"] * 3
    assert [part.detail for part in parts][2] == "not tried: others took too long"


def test_what_hidden_parts_ask_is_not_known_before(judge):
    """What a student's code kept of hidden inputs must not come back in a message or a text."""
    answers = graded(
        judge,
        center="kept = []\ndef center(X):\n    kept.append(X)\n    return X - X.mean(axis=0)",
        Counter="class Counter:\n    def __init__(self, start): raise ValueError(len(kept))",
        why="class Kept(str):\n    def __str__(self): return str(len(kept))\nwhy = Kept()",
    )
    assert answers["center"].earned == 3  # two visible cases, one of them by scale
    assert "ValueError: 2 " in answers["Counter"].parts[0].message
    assert answers["Counter"].parts[1].message == "a hidden test: your code raised ValueError"
    assert answers["why"].text in ("", "2")


def test_an_import_that_nothing_uses_costs_nothing(judge):
    source = (
        "from __future__ import annotations\nimport scipy.special, os.path, torch as t\n"
        "from mlcourse import checks, layers\nimport mlcourse.losses\n"
        "from numpy import nothing, mean\nos.path.join('a', 'b')\n"
        "def center(X: Undefined): return X - mean(X, axis=0)"
    )
    result = judge.grade(notebook(center=source))
    assert result.answers[0].earned == 3
    missing = (
        "mlcourse.checks, mlcourse.layers, mlcourse.losses, numpy.nothing, scipy.special, torch"
    )
    assert result.notes == (
        f"cell 2: it imports {missing}, which is not there when a lab is graded",
    )


@pytest.mark.parametrize(
    "use",
    ["import torch\ndef center(X): return torch.mean(X)", "from scipy import special as mean\n"
     "def center(X): return X - mean(X)", "import pandas\ndef center(X): return X - pandas"],
)  # fmt: skip
def test_an_import_that_is_used_says_what_is_not_there(judge, use):
    part = graded(judge, center=use)["center"].parts[0]
    assert "is not there when a lab is graded; use NumPy" in part.message


def test_an_import_that_may_fail_is_left_to_the_student(judge):
    source = (
        "try:\n    from scipy.special import mean\nexcept ImportError:\n    mean = np.mean\n"
        "def center(X): return X - mean(X, axis=0)"
    )
    assert graded(judge, center=source)["center"].earned == 3


def test_unanswered_values_and_texts(judge):
    answers = graded(judge, log_ten="log_ten = ...", cause="", why="why = ...")
    assert answers["log_ten"].parts[0].message == "not answered yet"
    assert "cause is not defined" in answers["cause"].parts[0].message
    assert answers["why"].earned == 0


@pytest.mark.parametrize(
    ("source", "shown", "earned", "pictures"),
    [
        ("draw_loss = figure = np.zeros(2)", [], None, 0),  # code, but not saved after a run
        ("draw_loss = figure = object()", [], None, 0),
        ("fig = 3", [png()], None, 1),  # another name, in the cell that the lab gives
        ("draw_loss = ...", [png()], None, 1),
        ("draw_loss = ...", [], 0, 0),
        ("", [], 0, 0),
    ],
)
def test_a_plot_waits_for_a_person_if_there_is_anything_to_see(
    judge, source, shown, earned, pictures
):
    answer = judge.grade(notebook(pictures=shown, draw_loss=source)).answers[7]
    assert (answer.earned, len(answer.pictures)) == (earned, pictures)
    assert ("no saved picture" in answer.text) == (earned is None and not pictures)


def test_a_missing_name_says_what_stopped_its_cell(judge):
    answers = graded(
        judge, center="def center(X) return X", cause="cause = b", log_ten="1 / 0\nlog_ten = 2"
    )
    message = answers["center"].parts[0].message
    assert message.startswith("center is not defined, because its cell stopped: SyntaxError: ")
    message = answers["cause"].parts[0].message
    assert message.startswith("cause is not defined, because its cell stopped: NameError: name 'b'")
    assert "ZeroDivisionError" in answers["log_ten"].parts[0].message


def test_pictures_that_are_none_are_left_out(judge):
    shown = [b"<svg onload=alert(1)>", png(width=100_000), png(), b"\x89PNG\r\n\x1a\n"]
    answers = {a.question: a for a in judge.grade(notebook(pictures=shown)).answers}
    assert answers["draw_loss"].pictures == (base64.b64encode(png()).decode(),)


def test_unreadable_file_gets_a_reason_and_no_points(judge):
    result = judge.grade(b"")
    assert (result.status, result.why, result.earned) == ("unreadable", "the file is empty", 0)
    assert len(result.answers) == len(lab.questions)


def test_hidden_inputs_follow_from_the_seed():
    part = center.parts[1]
    draws = [center.draw(part, seed)[0].case.steps[1][2][0] for seed in (1, 1, 2)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])

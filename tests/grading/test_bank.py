"""What a lab's file must hold, and what its author is told if it does not."""

import subprocess
import sys

import pytest

from mlcourse.grading.bank import Lab, LabError, expect, load_lab, record
from mlcourse.labs.steps import Slot

DETAILS = {"minutes": 1, "section": ("sec-a", "A"), "hints": ("1", "2", "3"), "title": "T"}
HEAD = """
from mlcourse.grading.bank import Lab
lab = Lab("lab00", title="T", chapter="c")
DETAILS = {"minutes": 1, "section": ("sec-a", "A"), "hints": ("1", "2", "3"), "title": "T"}
"""
DOUBLE = """
@lab.question("double", points=2, **DETAILS)
def double(x): return 2 * x
@double.inputs(points=1)
def seen(rng): return [(1.0,)]
"""
WRONG = '\nfor n in range(5): double.wrong(f"wrong {n}")(lambda x, n=n: x + n + 2)\n'
HIDDEN = "\n@double.inputs(points=1, hidden=True)\ndef fresh(rng): return [(rng.normal(),)]\n"


def load(tmp_path, source):
    path = tmp_path / "lab00_tests.py"
    path.write_text(source)
    return load_lab(path)


def test_complete_lab_is_read(tmp_path):
    lab = load(tmp_path, HEAD + DOUBLE + HIDDEN + WRONG)
    assert (lab.points, lab.minutes) == (2, 1)
    assert lab["double"].kind == "function"
    assert len(lab.digest) == 64
    with pytest.raises(KeyError):
        lab["triple"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("lab = 3", "expected a Lab named lab, got int"),
        (HEAD + DOUBLE + HIDDEN, "expected 5 or more wrong answers, got 0"),
        (HEAD + DOUBLE + WRONG, "its tests give 1 points, expected 2"),
        (HEAD + (DOUBLE + HIDDEN + WRONG) * 2, "is there twice"),
        (HEAD + DOUBLE + HIDDEN + HIDDEN + WRONG, "two tests have the same name"),
        (HEAD + DOUBLE.replace("points=1", "points=1, hidden=True") + HIDDEN + WRONG,
         "expected one function of visible inputs"),
        (HEAD + DOUBLE.replace('"double"', '"a b"') + HIDDEN + WRONG, "'a b' is no name"),
        (HEAD.replace('"2", "3"', '"2"') + DOUBLE + HIDDEN + WRONG, "expected 3 hints, got 2"),
        (HEAD + "n = lab.number('n', 1.0, tolerance=0.1, points=1, **DETAILS)\n"
         "for v in (2, 3, 4, 5, 1.05): n.wrong_value(v, 'no')",
         "the wrong answer 1.05 is right"),
        (HEAD + "n = lab.choice('n', 'a', choices=dict.fromkeys('abcdefg', ''), points=1,"
         " **DETAILS)\nfor v in 'bcdef': n.wrong_value(v, 'no')",
         "every other choice needs its wrong_value"),
    ],
)  # fmt: skip
def test_incomplete_lab_is_refused(tmp_path, source, message):
    with pytest.raises(LabError, match=message):
        load(tmp_path, source)


def test_python_without_asserts_is_refused(tmp_path):
    code = "from pathlib import Path; from mlcourse.grading.bank import load_lab; load_lab(Path())"
    run = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True)
    assert "which leaves out the asserts of tests" in run.stderr


def test_missing_file(tmp_path):
    with pytest.raises(LabError, match="expected a Python file"):
        load_lab(tmp_path / "none.py")


def test_program_may_use_only_what_the_lab_gives():
    lab = Lab("lab00", title="T", chapter="c")

    @lab.question("double", points=1, **DETAILS)
    def double(x):
        return 2 * x

    @double.inputs(points=1)
    def seen(rng):
        return [record(lambda student: [student.double(student.x)])]

    drawn = double.draw(double.visible, seed=0)
    with pytest.raises(LabError, match=r"uses \['x'\], which the lab does not give"):
        lab.outcomes(double, drawn)
    lab.given["x"] = 4
    assert lab.outcomes(double, drawn)[0].value == [8]


def test_recorded_program_runs_as_it_was_written():
    def program(student):
        net = student.Net([1, 2], scale=2.0)
        net.lr = 0.5
        total = 1 - -net.weights[0] / 2
        return [total, net.step(total)]

    case = record(program)
    assert case.steps == (
        ("name", "Net"),
        ("call", 0, ([1, 2],), {"scale": 2.0}),
        ("set", 1, "lr", 0.5),
        ("get", 1, "weights"),
        ("op", "getitem", (Slot(3), 0)),
        ("op", "neg", (Slot(4),)),
        ("op", "truediv", (Slot(5), 2)),
        ("op", "sub", (1, Slot(6))),
        ("get", 1, "step"),
        ("call", 8, (Slot(7),), {}),
    )
    assert case.shown == (7, 9)


@pytest.mark.parametrize("shown", [None, 3, [1.0]])
def test_program_returns_what_is_compared(shown):
    with pytest.raises(TypeError, match="a list of what is to be compared"):
        record(lambda student: shown)


def test_expect_says_what_differs():
    expect(1.0, 1.0)
    with pytest.raises(AssertionError, match="expected 1, got 2"):
        expect(2.0, 1.0)

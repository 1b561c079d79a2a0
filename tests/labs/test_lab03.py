"""Lab 3: the faults of its clinic, the start of its training, and what it says of its losses."""

import functools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.grading.bank import load_lab, source_of
from mlcourse.grading.judge import Judge
from mlcourse.losses import kl, mse
from tests.labs.clinics import cells, is_known_as_given

ROOT = Path(__file__).parents[2]
LAB = load_lab(ROOT / "solutions/lab03_tests.py")
CLINIC = LAB["SigmoidLoss"]
ANSWERS = {wrong.answer.__name__: wrong.answer for wrong in CLINIC.wrongs}


def run(folder, *names):
    """Run cells of the notebook, after those that they need."""
    found = {}
    for name in ("setup", "given", "coarse-digits", "start", *names):
        exec(cells(folder, "lab03")[name], found)
    return found


def complaints(folder, capsys):
    """Run the class and the cells below it; return the numbers of each line that they print."""
    run(folder, "SigmoidLoss", "SigmoidLoss-fit", "SigmoidLoss-see")
    lines = capsys.readouterr().out.splitlines()[-4:]
    return [
        [float(n.replace(",", "")) for n in re.findall(r"[\d,]+\.\d+|\d+(?=%)", x)] for x in lines
    ]


def test_task_tells_what_the_given_class_does(capsys):
    [away], once, twice, [batches, whole] = complaints("labs", capsys)
    assert away < 10
    assert twice == pytest.approx([2 * once[0], 2 * once[1]], rel=1e-3)
    assert batches == pytest.approx(100 / 7, abs=2)
    assert whole == pytest.approx(40, abs=3)


def test_solution_cures_every_complaint(capsys):
    [away], once, twice, [batches, whole] = complaints("solutions", capsys)
    assert away > 60
    assert once == twice
    assert batches > whole + 10


def test_bank_knows_the_class_as_given():
    given = run("labs", "SigmoidLoss")["SigmoidLoss"]
    assert CLINIC.wrongs[0].answer is ANSWERS["LossAsGiven"]
    assert is_known_as_given(LAB, CLINIC, given)


@functools.cache
def judge(seed):
    lab = load_lab(ROOT / "solutions/lab03_tests.py")
    lab.questions = [lab["SigmoidLoss"]]
    return Judge(lab, seed=seed)


@pytest.mark.parametrize(
    ("repaired", "earned"),
    [
        ("LossAsGiven", ""),
        ("LossSlopeCured", "a"),
        ("LossMeanCured", "b"),
        ("LossTargetsCured", "c"),
        ("LossTargetsLeft", "ab"),
        ("LossMeanLeft", "ac"),
        ("LossMeanInForwardAlone", "ac"),
        ("LossMeanInBackwardAlone", "ac"),
        ("LossSlopeLeft", "bc"),
        ("SigmoidLoss", "abc"),
    ],
)
def test_each_complaint_is_worth_a_point_whatever_else_is_wrong(repaired, earned):
    answer = ANSWERS.get(repaired, CLINIC.reference)
    sources = [
        cells("labs", "lab03")["setup"],
        cells("labs", "lab03")["given"],
        source_of(answer, "SigmoidLoss"),
    ]
    made = [{"cell_type": "code", "source": source} for source in sources]
    for seed in range(3):
        [result] = judge(seed).grade(json.dumps({"cells": made}).encode()).answers
        passed = [part.name for part in result.parts if part.hidden and part.earned]
        assert "".join(name.removeprefix("sigmoid_loss_")[0] for name in passed) == earned


def test_start_of_the_training_is_that_of_the_bank():
    found = run("solutions")
    [first, *_] = LAB["train_from_wrong"].draw(LAB["train_from_wrong"].visible, seed=0)
    X, y, _, W, b, *_ = first.case.steps[1][2]
    # The bank rounds pictures and weights, for a smaller file.
    np.testing.assert_allclose(X, found["X_400"], atol=0.051)
    np.testing.assert_array_equal(y, found["y_400"])
    agree = (X @ W + b).argmax(axis=1) == (X @ found["W_wrong"] + found["b_wrong"]).argmax(axis=1)
    assert agree.mean() > 0.9


def test_losses_are_those_of_the_package():
    rng = np.random.default_rng(3)
    A, T, Y = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.dirichlet(np.ones(3), 4)
    for mine, theirs in (
        (run("labs", "l2")["l2_divergence"](A, T), mse(A, T)),
        (LAB["kl_from_logits"].reference(A, Y), kl(A, Y)),
    ):
        for got, right in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(got, right, rtol=1e-12)


def test_converted_rate_makes_the_same_step():
    rng = np.random.default_rng(3)
    A, T = rng.normal(size=(32, 10)), rng.normal(size=(32, 10))
    _, dA = mse(A, T)
    np.testing.assert_allclose(LAB["converted_rate"].answer * dA, 0.1 * (A - T) / 32)


def test_square_root_jumps_about_its_minimum():
    found = run("labs", "descend", "shapes")
    square, root, bounded = map(found["descend"], found["slopes"].values())
    assert square[-1] < 1e-9
    assert root.max() < 4
    assert root[200:].min() < 0.1 < 0.3 < root[200:].max()
    assert bounded[-1] > 3.99

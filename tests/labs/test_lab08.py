"""Lab 8: what its clinic and its texts say is so, and each complaint is worth a point."""

import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.grading.bank import load_lab
from mlcourse.optim import AdamW, Parameters, Rprop
from tests.labs.clinics import cells, complaints_cured, is_known_as_given, run

ROOT = Path(__file__).parents[2]
BANK = ROOT / "solutions/lab08_tests.py"


def complaints(folder, capsys):
    """Return the numbers that the cell below the clinic prints."""
    run(folder, "lab08", "adamw_path", "adamw_path-see")
    return re.findall(r"(?<=: )[\d.]+|(?<=decay )[\d.]+", capsys.readouterr().out)


def test_task_tells_what_the_given_function_does(capsys):
    assert complaints("labs", capsys) == ["0.24", "0.10", "0.0100", "0.0100"]
    task = cells("labs", "lab08")["adamw_path-task"]
    assert "The second is 0.24 times as long" in task
    assert "the first step is 0.10 times as long" in task
    assert "It takes 0.0100 off, and with a $\\lambda$ ten times as large still 0.0100" in task


def test_solution_cures_every_complaint(capsys):
    assert complaints("solutions", capsys) == ["1.00", "1.00", "0.0010", "0.0100"]
    assert "A and B read 1.00, and C reads 0.0010 and 0.0100" in " ".join(
        cells("labs", "lab08")["adamw_path-see-text"].split()
    )


def test_bank_knows_the_function_as_given():
    given = run("labs", "lab08", "adamw_path")["adamw_path"]
    lab = load_lab(BANK)
    assert is_known_as_given(lab, lab["adamw_path"], given)


@pytest.mark.parametrize(
    ("repaired", "earned"),
    [
        ("adamw_as_given", ""),
        ("adamw_a_cured", "a"),
        ("adamw_b_cured", "b"),
        ("adamw_c_cured", "c"),
        ("adamw_a_left", "bc"),
        ("adamw_b_left", "ac"),
        ("adamw_c_left", "ab"),
        ("adamw_path", "abc"),
    ],
)
def test_each_complaint_is_worth_a_point_whatever_else_is_wrong(repaired, earned):
    lab = load_lab(BANK)
    for seed in range(20):
        assert complaints_cured(lab, lab["adamw_path"], repaired, seed) == earned


def test_repaired_path_is_that_of_the_books_adamw():
    rng = np.random.default_rng(0)
    theta, gradients = rng.normal(size=5), rng.normal(size=(20, 5))
    point, path = Parameters(theta), []
    optimizer = AdamW(point, lr=0.03, weight_decay=0.2)
    for g in gradients:
        point.grad[:] = g
        optimizer.step()
        path.append(point.theta.copy())
    ours = run("solutions", "lab08", "adamw_path")["adamw_path"](theta, gradients, 0.03, 0.2)
    np.testing.assert_allclose(ours, path, rtol=1e-10)


def test_rprop_is_that_of_the_book():
    rng = np.random.default_rng(0)
    theta = rng.normal(size=6)
    point = Parameters(theta)
    book, ours = Rprop(point), run("solutions", "lab08", "Rprop")["Rprop"](theta)
    for g in rng.normal(size=(50, 6)):
        point.grad[:] = g
        book.step()
        ours.step(g)
        np.testing.assert_allclose(ours.theta, point.theta, rtol=1e-10)
        np.testing.assert_allclose(ours.delta, book.state["delta"], rtol=1e-10)


def test_expected_step_is_the_mean_of_drawn_batches():
    rng = np.random.default_rng(0)
    G = rng.normal(size=(9, 4)) + 0.5
    g_B = G[rng.integers(9, size=(200_000, 3))].mean(axis=1)
    measured = -0.1 * np.mean(g_B / np.sqrt(np.mean(g_B**2, axis=0)), axis=0)
    predicted = load_lab(BANK)["expected_step"].reference(G, 3, 0.1)
    np.testing.assert_allclose(measured, predicted, atol=1e-3)


def test_adagrad_arrives_when_the_answer_says():
    ways = np.cumsum(0.1 / np.sqrt(np.arange(1, 20_000)))
    assert np.argmax(ways >= 10) + 1 == load_lab(BANK)["adagrad_steps"].answer
    assert np.argmax(ways >= 5) + 1 == 662
    assert round(ways[999], 1) == 6.2


def test_notebook_and_bank_lend_the_same_gradients_and_refuse_alike():
    given, lab = run("labs", "lab08", "given"), load_lab(BANK)
    rng = np.random.default_rng(0)
    X, y, W = rng.normal(size=(6, 3)), rng.integers(4, size=6), rng.normal(size=(3, 4))
    lenders = given["lend"], lab.given["lend"]
    ours, theirs = (lend(X, y, 4, 2, np.random.default_rng(1)) for lend in lenders)
    for _ in range(2):
        np.testing.assert_allclose(ours(W), theirs(W))
    for gradient in (ours, theirs):
        with pytest.raises(ValueError, match="all 2 gradients are spent"):
            gradient(W)

"""Lab 7: what its texts say about the clinic and the tables is so, each complaint a point."""

import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.grading.bank import load_lab
from mlcourse.optim import SGD, Parameters
from tests.labs.clinics import cells, complaints_cured, is_known_as_given, run

ROOT = Path(__file__).parents[2]
BANK = ROOT / "solutions/lab07_tests.py"


def complaints(folder, capsys):
    """Return what the cell below the clinic prints, shortened."""
    run(folder, "lab07", "momentum_path", "momentum_path-see")
    return re.findall(r"(\d+\.\d\d|True|False|\d+ of 100)\b", capsys.readouterr().out)[:4]


def test_task_tells_what_the_given_program_does(capsys):
    assert complaints("labs", capsys) == ["1.00", "True", "1.00", "1 of 100"]


def test_solution_cures_every_complaint(capsys):
    found = complaints("solutions", capsys)
    assert found == ["0.50", "False", "0.10", "100 of 100"]
    text = cells("labs", "lab07")["momentum_path-see-text"]
    assert "A reads 0.50 and False, B reads 0.10, and C ends after 100 of 100" in text


def test_bank_knows_the_program_as_given():
    given = run("labs", "lab07", "momentum_path")["momentum_path"]
    lab = load_lab(BANK)
    assert is_known_as_given(lab, lab["momentum_path"], given)


@pytest.mark.parametrize(
    ("repaired", "earned"),
    [
        ("path_as_given", ""),
        ("path_a_cured", "a"),
        ("path_b_cured", "b"),
        ("path_c_cured", "c"),
        ("path_a_left", "bc"),
        ("path_b_left", "ac"),
        ("path_c_left", "ab"),
        ("momentum_path", "abc"),
    ],
)
def test_each_complaint_is_worth_a_point_whatever_else_is_wrong(repaired, earned):
    lab = load_lab(BANK)
    for seed in range(20):
        assert complaints_cured(lab, lab["momentum_path"], repaired, seed) == earned


def test_patience_outlasts_a_plateau_only_if_the_start_is_not_too_near_the_ridge(capsys):
    run("solutions", "lab07", "momentum_path", "momentum_path-see", "momentum_path-plateau")
    rows = capsys.readouterr().out.splitlines()[-3:]
    far, near, nearest = (list(map(int, row.split()[3:])) for row in rows)
    assert far == [100] * 4
    assert near[0] < 100 == near[1]
    assert max(nearest) < 100


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_is_that_of_the_package(nesterov):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(3, 2))
    lab = load_lab(BANK)
    ours = lab["Momentum"].reference(start, 0.1, alpha=0.8, nesterov=nesterov)
    point = Parameters(start.ravel().copy())
    theirs = SGD(point, lr=0.1, momentum=0.8, nesterov=nesterov)
    for lr in (0.1, 0.1, 0.03, 0.3, 0.3):
        g = rng.normal(size=(3, 2))
        ours.lr = theirs.lr = lr
        point.grad[:] = g.ravel()
        ours.step(g)
        theirs.step()
    np.testing.assert_allclose(ours.theta.ravel(), point.theta)


def test_number_of_the_saddle_is_that_of_a_run():
    y, steps = 1e-6, 0
    while y <= 1:
        y, steps = y + 0.1 * y / 2, steps + 1
    assert load_lab(BANK)["steps_to_escape"].answer == steps


def test_a_thousand_times_nearer_to_the_ridge_costs_142_steps(capsys):
    run("labs", "lab07", "steps_to_escape-see")
    plain = list(map(int, capsys.readouterr().out.splitlines()[1].split(":")[1].split()))
    assert set(np.diff(plain)) <= {141, 142}
    assert "142 steps more" in cells("labs", "lab07")["steps_to_escape-see-after"]


def test_averaging_leaves_the_variance_of_the_place(capsys):
    run("solutions", "lab07", "descent_plan", "descent_plan-see", "noise_left-see")
    one, _, place = re.findall(r"\d\.\d+", capsys.readouterr().out.split("one step")[1])
    assert abs(float(one) - 1 / 19) < 0.005
    assert abs(float(place) - 1) < 0.15
    assert load_lab(BANK)["noise_left"].answer == "c"


def test_notebook_and_bank_lend_the_same_function_and_refuse_alike():
    given, lab = run("labs", "lab07", "lent", "answers"), load_lab(BANK)
    rng = np.random.default_rng(0)
    X, y, W = rng.normal(size=(6, 3)), rng.integers(10, size=6), rng.normal(size=(3, 10))
    functions = [lent(X, y, 1) for lent in (given["lent"], lab.given["lent"])]
    (E, dW), (E_bank, dW_bank) = (f(W) for f in functions)
    assert E_bank == E
    np.testing.assert_array_equal(dW, dW_bank)
    np.testing.assert_array_equal(given["answers"](W, X), lab.given["answers"](W, X))
    for f in functions:
        with pytest.raises(ValueError, match="budget of 1 calls is spent"):
            f(W)


def test_gradient_that_is_lent_matches_central_differences():
    rng = np.random.default_rng(1)
    X, y, W = rng.normal(size=(6, 3)), rng.integers(10, size=6), rng.normal(size=(3, 10))
    f, V = load_lab(BANK).given["lent"](X, y, 3), rng.normal(size=(3, 10))
    slope = (f(W + 1e-5 * V)[0] - f(W - 1e-5 * V)[0]) / 2e-5
    np.testing.assert_allclose(slope, (f(W)[1] * V).sum(), rtol=1e-7)

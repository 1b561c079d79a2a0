"""Lab 5: what its clinic and its table say is so, and each complaint is worth a point."""

import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.grading.bank import load_lab
from tests.labs.clinics import cells, complaints_cured, is_known_as_given, run

ROOT = Path(__file__).parents[2]
BANK = ROOT / "solutions/lab05_tests.py"


def complaints(folder, capsys):
    """Return the last number of each line that the cell below the clinic prints."""
    run(folder, "lab05", "pictures", "given", "train_softmax", "train_softmax-see")
    lines = capsys.readouterr().out.splitlines()[-4:]
    return [re.findall(r"[\d.]+", line.replace(" of 20", ""))[-1] for line in lines]


def test_task_tells_what_the_given_loop_does(capsys):
    assert complaints("labs", capsys) == ["20", "0.50", "55", "0.57"]
    texts = cells("labs", "lab05")
    assert "55 times as far" in texts["train_softmax-task"]
    assert "it read 0.57" in texts["train_softmax-see-text"]


def test_solution_cures_every_complaint(capsys):
    assert complaints("solutions", capsys) == ["0", "1.00", "10", "2.06"]


def test_bank_knows_the_loop_as_given():
    given = run("labs", "lab05", "given", "train_softmax")["train_softmax"]
    lab = load_lab(BANK)
    assert is_known_as_given(lab, lab["train_softmax"], given)


@pytest.mark.parametrize(
    ("repaired", "earned"),
    [
        ("train_as_given", ""),
        ("train_a_cured", "a"),
        ("train_b_cured", "b"),
        ("train_c_cured", "c"),
        ("train_a_left", "bc"),
        ("train_b_left", "ac"),
        ("train_c_left", "ab"),
        ("train_softmax", "abc"),
    ],
)
def test_each_complaint_is_worth_a_point_whatever_else_is_wrong(repaired, earned):
    lab = load_lab(BANK)
    for seed in range(20):
        assert complaints_cured(lab, lab["train_softmax"], repaired, seed) == earned


def test_table_of_throughput_carries_the_right_statement_alone():
    throughput = run("labs", "lab05", "throughput")["throughput"]
    assert all(low <= median <= high for low, median, high in throughput.values())
    powers = (16, 32, 64, 128, 256, 512)
    leads = []
    for B in powers:
        neighbours = throughput[B - 1], throughput[B + 1]
        leads.append(throughput[B][1] / max(median for _, median, _ in neighbours) - 1)
        assert throughput[B][0] < max(high for _, _, high in neighbours)  # the repeats overlap
    assert 0 <= min(leads) < max(leads) < 0.04  # d, and neither a nor f
    assert sum(lead > 0 for lead in leads) == 5  # not b
    assert 2 < throughput[512][1] / throughput[16][1] < 3  # not c
    assert load_lab(BANK)["powers_of_two"].answer == "d"


def test_notebook_and_bank_give_the_same_gradients_and_refuse_alike():
    given, lab = run("labs", "lab05", "given"), load_lab(BANK)
    rng = np.random.default_rng(0)
    X, y, W = rng.normal(size=(6, 3)), rng.integers(4, size=6), rng.normal(size=(3, 4))
    rows = np.array([5, 0, 2])
    ours, theirs = (metered(X, y, 7) for metered in (given["metered"], lab.given["metered"]))
    for _ in range(2):
        np.testing.assert_allclose(ours(W, rows), theirs(W, rows))
    for gradient in (ours, theirs):
        with pytest.raises(ValueError, match="budget of 7 samples is spent"):
            gradient(W, rows)

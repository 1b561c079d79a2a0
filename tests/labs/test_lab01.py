"""Lab 1's clinic: the class that students get has the three faults that its task tells of."""

import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.data import mini_mnist
from mlcourse.grading.bank import load_lab
from tests.labs.clinics import cells, complaints_cured, is_known_as_given

ROOT = Path(__file__).parents[2]
BANK = ROOT / "solutions/lab01_tests.py"


def complaints(folder, capsys):
    """Run the class, then the cell below it; return (loss, accuracy) of each line it prints."""
    digits = mini_mnist().val
    logits = np.random.default_rng(0).normal(size=(1500, 10))
    names = {"np": np, "y_val": digits.y, "Z_untrained": logits}
    for name in ("Scores", "Scores-see"):
        exec(cells(folder, "lab01")[name], names)
    lines = capsys.readouterr().out.splitlines()
    return [tuple(re.search(r"loss -?(\S+), accuracy (\S+)", line).groups()) for line in lines]


def test_task_tells_what_the_given_class_does(capsys):
    perfect, one_by_one, cut, at_once = complaints("labs", capsys)
    assert float(perfect[0]) == pytest.approx(23, abs=0.5)
    assert perfect[1] == "10.0%"
    assert one_by_one[0] == "0.0000"
    assert cut[0] != at_once[0]
    assert cut[1] != at_once[1]


def test_solution_cures_every_complaint(capsys):
    perfect, one_by_one, cut, at_once = complaints("solutions", capsys)
    assert perfect == ("0.0000", "100.0%")
    assert one_by_one == cut == at_once


def test_bank_knows_the_class_as_given():
    names = {"np": np}
    exec(cells("labs", "lab01")["Scores"], names)
    lab = load_lab(BANK)
    assert is_known_as_given(lab, lab["Scores"], names["Scores"])


@pytest.mark.parametrize(
    ("repaired", "earned"),
    [
        ("ScoresAsGiven", ""),
        ("ScoresLabelsHalfCured", ""),
        ("ScoresLabelsCured", "a"),
        ("ScoresAxisCured", "b"),
        ("ScoresMeansCured", "c"),
        ("ScoresLabelsLeft", "bc"),
        ("ScoresAxisLeft", "ac"),
        ("ScoresMeansLeft", "ab"),
        ("Scores", "abc"),
    ],
)
def test_each_complaint_is_worth_a_point_whatever_else_is_wrong(repaired, earned):
    lab = load_lab(BANK)
    for seed in range(20):
        assert complaints_cured(lab, lab["Scores"], repaired, seed) == earned

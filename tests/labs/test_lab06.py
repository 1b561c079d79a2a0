"""Lab 6: what its texts say about a blind table and about the clinic is so."""

import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.grading.bank import load_lab
from tests.labs.clinics import is_known_as_given, run

ROOT = Path(__file__).parents[2]
BANK = ROOT / "solutions/lab06_tests.py"


def right_in_the_clinic(known):
    """Return the mean accuracy over the hundred data sets of the cell below the clinic."""
    right = []
    for seed in range(100):
        X, y, groups = known["patients"](np.random.default_rng(seed))
        right.append(np.mean(known["predict_unseen"](X, y, groups, k=5, m=10) == y))
    return np.mean(right)


def test_table_repeats_blind_labels_and_reads_every_other_digit(capsys):
    run("labs", "lab06", "setup", "knn-works", "random_labels-see")
    taught, new = map(int, re.findall(r"(\d+)%", capsys.readouterr().out.splitlines()[-1]))
    assert taught == 100
    assert 43 < new < 57


def test_clinic_as_given_reports_over_80_percent_and_repaired_a_half():
    assert right_in_the_clinic(run("labs", "lab06", "predict_unseen", "predict_unseen-see")) > 0.83
    repaired = right_in_the_clinic(
        run("solutions", "lab06", "predict_unseen", "predict_unseen-see")
    )
    assert abs(repaired - 0.5) < 0.04


@pytest.mark.parametrize(
    ("leaks", "low", "high"),
    [
        ("predict_leaks_choice", 0.75, 1),
        ("predict_leaks_copies", 0.6, 0.8),
        ("predict_leaks_scale", 0.46, 0.54),
    ],
)
def test_two_leaks_matter_and_the_third_does_not(leaks, low, high):
    known = run("labs", "lab06", "predict_unseen", "predict_unseen-see")
    wrongs = [wrong.answer for wrong in load_lab(BANK)["predict_unseen"].wrongs]
    [known["predict_unseen"]] = [answer for answer in wrongs if answer.__name__ == leaks]
    assert low < right_in_the_clinic(known) < high


def test_bank_knows_the_program_as_given():
    given = run("labs", "lab06", "predict_unseen")["predict_unseen"]
    lab = load_lab(BANK)
    assert is_known_as_given(lab, lab["predict_unseen"], given)

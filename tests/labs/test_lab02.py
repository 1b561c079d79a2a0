"""Lab 2's clinic: the class that students get has the three faults that its task tells of."""

import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.data import mini_mnist
from mlcourse.grading.bank import load_lab
from tests.labs.clinics import cells, complaints_cured, is_known_as_given

ROOT = Path(__file__).parents[2]
BANK = ROOT / "solutions/lab02_tests.py"
FAULTS = {
    "A": ("rng.normal(0, 2 / (D + M), (D, M))", "rng.normal(0, np.sqrt(2 / (D + M)), (D, M))"),
    "B": ("return self.A[-1]", "return self.Z[-1]"),
    "C": ("1 - self.Z[i - 1] ** 2", "1 - self.A[i] ** 2"),
}


def complaints(cured, capsys):
    """Run the class with some faults repaired; return which complaints are left, and the loss."""
    source = cells("labs", "lab02")["TanhNet"]
    for letter in cured:
        assert source.count(FAULTS[letter][0]) == 1
        source = source.replace(*FAULTS[letter])
    digits = mini_mnist()
    names = {"digits": digits, "X_val": digits.val.X.astype(np.float64)}
    given = cells("solutions", "lab02")
    for cell in ("setup", "loss_and_dZ"):
        exec(given[cell], names)
    exec(source, names)
    for cell in ("TanhNet-see", "TanhNet-train"):
        exec(given[cell], names)
    a, b, c, loss = capsys.readouterr().out.splitlines()
    first, last = map(float, re.findall(r"\de[+-]\d+", a))
    promised, came = map(float, re.findall(r"-?\d\.\de[+-]\d+", c))
    left = {"A": last < first / 100, "B": "10.0 times" not in b, "C": promised != came}
    return "".join(letter for letter, still in left.items() if still), loss.split()[-1]


@pytest.mark.parametrize("cured", ["", "A", "B", "C", "AB", "AC", "BC", "ABC"])
def test_each_complaint_has_one_cause(cured, capsys):
    left, loss = complaints(cured, capsys)
    assert left == "".join(sorted({"A", "B", "C"} - set(cured)))
    if "A" not in cured:
        assert loss == "2.30"  # as the task says
    assert (cured == "ABC") == (float(loss) < 0.1)


def test_bank_knows_the_class_as_given():
    names = {}
    given = cells("labs", "lab02")
    exec(given["setup"], names)
    exec(given["TanhNet"], names)
    lab = load_lab(BANK)
    assert is_known_as_given(lab, lab["TanhNet"], names["TanhNet"])


@pytest.mark.parametrize(
    ("repaired", "earned"),
    [
        ("TanhNetAsGiven", ""),
        ("TanhNetWeightsCured", "a"),
        ("TanhNetLogitsCured", "b"),
        ("TanhNetSlopesCured", "c"),
        ("TanhNetWeightsLeft", "bc"),
        ("TanhNetLogitsLeft", "ac"),
        ("TanhNetSlopesLeft", "ab"),
        ("TanhNet", "abc"),
    ],
)
def test_each_complaint_is_worth_a_point_whatever_else_is_wrong(repaired, earned):
    lab = load_lab(BANK)
    for seed in range(20):
        assert complaints_cured(lab, lab["TanhNet"], repaired, seed) == earned

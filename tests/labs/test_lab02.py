"""Lab 2's clinic: the class that students get has the three faults that its task tells of."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.data import mini_mnist
from mlcourse.grading.bank import load_lab
from mlcourse.labs.compare import same

ROOT = Path(__file__).parents[2]
BANK = ROOT / "solutions/lab02_tests.py"
FAULTS = {
    "A": ("rng.normal(0, 2 / (D + M), (D, M))", "rng.normal(0, np.sqrt(2 / (D + M)), (D, M))"),
    "B": ("return self.A[-1]", "return self.Z[-1]"),
    "C": ("1 - self.Z[i - 1] ** 2", "1 - self.A[i] ** 2"),
}


def cells(folder):
    path = ROOT / folder / "lab02-activations.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


def complaints(cured, capsys):
    """Run the class with some faults repaired; return which complaints are left, and the loss."""
    source = cells("labs")["TanhNet"]
    for letter in cured:
        assert source.count(FAULTS[letter][0]) == 1
        source = source.replace(*FAULTS[letter])
    digits = mini_mnist()
    names = {"digits": digits, "X_val": digits.val.X.astype(np.float64)}
    given = cells("solutions")
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
    given = cells("labs")
    exec(given["setup"], names)
    exec(given["TanhNet"], names)
    lab = load_lab(BANK)
    question = lab["TanhNet"]
    drawn = question.draw(question.visible, seed=0)
    found = lab.outcomes(question, drawn, names["TanhNet"])
    known = lab.outcomes(question, drawn, question.wrongs[0].answer)
    assert all(map(same, found, known))


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
    question = lab["TanhNet"]
    answers = {wrong.answer.__name__: wrong.answer for wrong in question.wrongs}
    answer = answers.get(repaired, question.reference)
    for seed in range(20):
        passed = ""
        for part in question.parts:
            drawn = question.draw(part, seed)
            found, right = lab.outcomes(question, drawn, answer), lab.outcomes(question, drawn)
            if part.hidden and all(
                same(f, r, question.rtol, question.atol) for f, r in zip(found, right, strict=True)
            ):
                passed += part.name.removeprefix("clinic_")[0]
        assert passed == earned

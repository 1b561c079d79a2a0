"""Lab 4: its clinic trains as given, as its text says, and each fault left is known."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mlcourse.grading.bank import load_lab
from mlcourse.labs.compare import same
from tests.labs.clinics import cells, is_known_as_given

BANK = Path(__file__).parents[2] / "solutions/lab04_tests.py"
NAMES = ("numerical_gradient", "verdict", "skip_backward", "skip_backward-see")
FAULTS = {
    "mean": ("dA2 = 2 * (A2 - T) / len(X)", "dA2 = 2 * (A2 - T)"),
    "slope": ("dZ2 = dA2 * A2 * (1 - A2)", "dZ2 = dA2"),
    "fork": ("dA1 += dZ2 @ W2.T", "dA1 = dZ2 @ W2.T"),
}


def run(clinic):
    """Run the solved lab's cells of the clinic, with this clinic; return the names they define."""
    known = {"np": np}
    for name in NAMES:
        exec(clinic if name == "skip_backward" else cells("solutions", "lab04")[name], known)
    return known


def repaired(*left):
    """Return the source of the clinic with some faults left in it."""
    source = cells("solutions", "lab04")["skip_backward"]
    source = source.split("### STUDENTS SEE")[0].replace("### BEGIN SOLUTION", "")
    for fault in left:
        right, wrong = FAULTS[fault]
        assert source.count(right) == 1
        source = source.replace(right, wrong)
    return source


def test_text_tells_what_the_given_clinic_does(capsys):
    known = run(cells("labs", "lab04")["skip_backward"])
    printed = capsys.readouterr().out
    first, *_, last = re.findall(r"loss ([\d.]+)", printed)
    text = cells("labs", "lab04")["skip_backward-see-text"]
    assert f"from {first} to {last}" in text
    assert printed.count("differ by") == 2

    right = {"np": np}
    exec(repaired(), right)
    start = [known[name] for name in ("V1", "V2", "inputs", "targets")]
    faulty, true = (
        np.concatenate([dW.ravel() for dW in way_back(*start)[1:]])
        for way_back in (known["skip_backward"], right["skip_backward"])
    )
    assert np.linalg.norm(faulty) > 100 * np.linalg.norm(true)
    assert "more than 100 times as long" in text


def test_solution_agrees_with_its_measurement(capsys):
    run(repaired())
    assert capsys.readouterr().out.count(" agree") == 2


def test_bank_knows_the_clinic_as_given():
    given = run(cells("labs", "lab04")["skip_backward"])["skip_backward"]
    lab = load_lab(BANK)
    assert is_known_as_given(lab, lab["skip_backward"], given)


@pytest.mark.parametrize("left", [p for p in product((False, True), repeat=3) if any(p)])
def test_bank_knows_every_choice_of_faults_left(left):
    faults = [name for name, there in zip(FAULTS, left, strict=True) if there]
    lab = load_lab(BANK)
    question = lab["skip_backward"]
    answers = {wrong.answer.__name__: wrong.answer for wrong in question.wrongs}
    drawn = question.draw(question.visible, seed=0)
    found = lab.outcomes(question, drawn, run(repaired(*faults))["skip_backward"])
    known = lab.outcomes(question, drawn, answers["_".join(["skip", *faults])])
    assert all(map(same, found, known))

"""Lab 1's clinic: the class that students get has the three faults that its task tells of."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from mlcourse.data import mini_mnist
from mlcourse.grading.bank import load_lab
from mlcourse.labs.compare import same

ROOT = Path(__file__).parents[2]
BANK = ROOT / "solutions/lab01_tests.py"


def cells(folder):
    notebook = json.loads((ROOT / folder / "lab01-batched-mlp.ipynb").read_text(encoding="utf-8"))
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


def complaints(folder, capsys):
    """Run the class, then the cell below it; return (loss, accuracy) of each line it prints."""
    digits = mini_mnist().val
    logits = np.random.default_rng(0).normal(size=(1500, 10))
    names = {"np": np, "y_val": digits.y, "Z_untrained": logits}
    for name in ("Scores", "Scores-see"):
        exec(cells(folder)[name], names)
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
    exec(cells("labs")["Scores"], names)
    lab = load_lab(BANK)
    question = lab["Scores"]
    drawn = question.draw(question.visible, seed=0)
    given = lab.outcomes(question, drawn, names["Scores"])
    known = lab.outcomes(question, drawn, question.wrongs[0].answer)
    assert all(map(same, given, known))


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
    question = lab["Scores"]
    answers = {wrong.answer.__name__: wrong.answer for wrong in question.wrongs}
    answer = answers.get(repaired, question.reference)
    for seed in range(20):
        passed = ""
        for part in question.parts:
            drawn = question.draw(part, seed)
            found, right = lab.outcomes(question, drawn, answer), lab.outcomes(question, drawn)
            if part.hidden and all(map(same, found, right)):
                passed += part.name.removeprefix("scores_")[0]
        assert passed == earned

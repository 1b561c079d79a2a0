"""What the tests of the labs' clinics share."""

import json
from pathlib import Path

import numpy as np

from mlcourse.data import mini_mnist
from mlcourse.labs.compare import same

ROOT = Path(__file__).parents[2]


def notebook(folder, lab):
    """Return a lab's notebook: as students get it, or solved."""
    [path] = (ROOT / folder).glob(f"{lab}-*.ipynb")
    return json.loads(path.read_text(encoding="utf-8"))


def cells(folder, lab):
    """Return the sources of a lab's cells, by their ids."""
    return {cell["id"]: "".join(cell["source"]) for cell in notebook(folder, lab)["cells"]}


def run(folder, lab, *names):
    """Run some cells of a lab that reads digits; return the names that they define."""
    known = {"np": np, "digits": mini_mnist()}
    for name in names:
        exec(cells(folder, lab)[name], known)
    return known


def is_known_as_given(lab, question, given):
    """Tell whether what students get does the same as the bank's first wrong answer."""
    drawn = question.draw(question.visible, seed=0)
    found = lab.outcomes(question, drawn, given)
    return all(map(same, found, lab.outcomes(question, drawn, question.wrongs[0].answer)))


def complaints_cured(lab, question, repaired, seed):
    """Return the letters of the complaints that an answer cures.

    The answer is the reference, or a wrong one, by its name; the hidden parts are named after the
    complaints, such as clinic_a_weights.
    """
    answers = {wrong.answer.__name__: wrong.answer for wrong in question.wrongs}
    answer = answers.get(repaired, question.reference)
    cured = ""
    for part in question.parts:
        drawn = question.draw(part, seed)
        pairs = zip(
            lab.outcomes(question, drawn, answer), lab.outcomes(question, drawn), strict=True
        )
        if part.hidden and all(same(*pair, question.rtol, question.atol) for pair in pairs):
            cured += part.name.split("_")[1]
    return cured

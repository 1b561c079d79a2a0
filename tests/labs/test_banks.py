"""The tests of the tests: what each lab's questions give to right, wrong and missing answers."""

import functools
import json
from pathlib import Path

import pytest

from mlcourse.grading.bank import load_lab, source_of
from mlcourse.grading.judge import Judge
from mlcourse.grading.questions import CodeQuestion, ManualQuestion

ROOT = Path(__file__).parents[2]
LABS = {path.stem[:5]: load_lab(path) for path in sorted(ROOT.glob("solutions/lab??_tests.py"))}
WRONGS = [
    pytest.param(name, question.name, number, id=f"{name}-{question.name}-{number}")
    for name, lab in LABS.items()
    for question in lab.questions
    for number in range(len(question.wrongs))
]


def notebook(folder, name):
    [path] = ROOT.glob(f"{folder}/{name}-*.ipynb")
    return json.loads(path.read_text(encoding="utf-8"))


def answers_and(name, source):
    """Return a lab's solution without its experiments, and with one more cell, as bytes."""
    names = {question.name for question in LABS[name].questions}
    cells = [cell for cell in notebook("solutions", name)["cells"] if cell["cell_type"] == "code"]
    first = next(i for i, cell in enumerate(cells) if cell["id"] in names)
    names |= LABS[name].given.keys()
    kept = [cell for i, cell in enumerate(cells) if i < first or cell["id"] in names]
    last = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "id": "last"}
    return json.dumps({"nbformat": 4, "cells": [*kept, last]}).encode()


@functools.cache
def judge(name, question):
    """Return the judge of one question, which has less to do."""
    lab = load_lab(ROOT / "solutions" / f"{name}_tests.py")
    lab.questions = [q for q in lab.questions if q.name == question]
    return Judge(lab)


@pytest.mark.parametrize("name", LABS)
def test_solution_gets_all_points(name):
    content = json.dumps(notebook("solutions", name)).encode()
    result = Judge(LABS[name]).grade(content)
    assert [cell.error for cell in result.cells if cell.status != "ok"] == []
    for answer in result.answers:
        if answer.kind == "manual":
            assert answer.earned is None
            assert answer.text or answer.pictures
        else:
            assert answer.earned == answer.points, answer


@pytest.mark.parametrize("name", LABS)
def test_solution_does_not_depend_on_the_seed(name):
    lab = LABS[name]
    for seed in range(20):
        judge = Judge(lab, seed=seed)
        for question in lab.questions:
            if isinstance(question, CodeQuestion) and question.accuracy is None:
                for part in question.parts:
                    if part.draw is not None:
                        _, outcomes = judge._expected(question, part)
                        assert {o.kind for o in outcomes} == {"value"}


@pytest.mark.parametrize("name", LABS)
def test_untouched_lab_gets_nothing(name):
    result = Judge(LABS[name]).grade(json.dumps(notebook("labs", name)).encode())
    assert result.status == "graded"
    assert {answer.question: answer.earned for answer in result.answers if answer.earned} == {}
    # Clinics begin with code that is wrong in a known way.
    clinics = ("function", "class")
    assert not any(answer.misconception for answer in result.answers if answer.kind not in clinics)


@pytest.mark.parametrize(("name", "question", "number"), WRONGS)
def test_wrong_answer_loses_points_and_is_explained(name, question, number):
    asked = LABS[name][question]
    wrong = asked.wrongs[number]
    if isinstance(asked, CodeQuestion):
        source = source_of(wrong.answer, question)
    else:
        source = f"{question} = {wrong.answer!r}"
    [answer] = judge(name, question).grade(answers_and(name, source)).answers
    assert answer.earned < answer.points
    assert answer.misconception == wrong.message


@pytest.mark.parametrize("name", LABS)
def test_remembered_outputs_get_the_visible_points_at_most(name):
    """A function that knows the visible outputs by heart and nothing else."""
    lab = LABS[name]
    memory = ["import numpy as np"]
    for question in lab.questions:
        if isinstance(question, CodeQuestion) and question.kind == "function":
            memory.append(_by_heart(lab, question))
    content = answers_and(name, "\n\n".join(memory))
    for answer in Judge(lab).grade(content).answers:
        if answer.kind == "function":
            visible = sum(part.points for part in answer.parts if not part.hidden)
            assert 0 < visible <= answer.points / 2
            assert answer.earned <= visible, answer


def _by_heart(lab, question):
    drawn = question.draw(question.visible, Judge(lab).seed)
    outcomes = lab.outcomes(question, drawn)
    pairs = [
        (repr(one.case.steps[1][2]), outcome.value[0])
        for one, outcome in zip(drawn, outcomes, strict=True)
    ]
    return (
        f"def {question.name}(*args):\n"
        "    from numpy import array, float32, float64, int64\n"
        "    nan, inf = np.nan, np.inf\n"
        f"    for known, result in zip({[key for key, _ in pairs]!r}, {[v for _, v in pairs]!r}):\n"
        "        if repr(args) == known:\n"
        "            return result\n"
        "    return None\n"
    )


@pytest.mark.parametrize(
    ("name", "question"),
    [(name, q.name) for name, lab in LABS.items() for q in lab.questions if getattr(q, "uses", ())],
)
def test_mistake_in_an_earlier_question_counts_once(name, question):
    broken = [f"def {used}(*args): return None" for used in LABS[name][question].uses]
    result = Judge(LABS[name]).grade(answers_and(name, "\n".join(broken)))
    [answer] = [answer for answer in result.answers if answer.question == question]
    assert answer.earned == answer.points
    assert answer.with_right == LABS[name][question].uses


@pytest.mark.parametrize("name", LABS)
def test_every_question_has_a_task_and_a_place(name):
    lab = LABS[name]
    cells = notebook("solutions", name)["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    for question in lab.questions:
        assert any(f"{{{{{question.name}}}}}" in text for text in texts), question.name
        assert isinstance(question, ManualQuestion) or len(question.wrongs) >= 5

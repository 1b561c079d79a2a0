"""The tests of the tests: what each lab's questions give to right, wrong and missing answers."""

import json

import pytest

from mlcourse.grading.judge import Judge
from mlcourse.grading.questions import CodeQuestion, ManualQuestion
from tests.labs.clinics import notebook
from tests.labs.graded import JUDGES, LABS, answers_and


@pytest.mark.parametrize("name", LABS)
def test_solution_gets_all_points(name):
    content = json.dumps(notebook("solutions", name)).encode()
    result = JUDGES[name].grade(content)
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
    result = JUDGES[name].grade(json.dumps(notebook("labs", name)).encode())
    assert result.status == "graded"
    assert {answer.question: answer.earned for answer in result.answers if answer.earned} == {}
    # Clinics begin with code that is wrong in a known way.
    clinics = ("function", "class")
    assert not any(answer.misconception for answer in result.answers if answer.kind not in clinics)


@pytest.mark.parametrize("name", LABS)
def test_remembered_outputs_get_the_visible_points_at_most(name):
    """A function that knows the visible outputs by heart and nothing else."""
    lab = LABS[name]
    memory = ["import numpy as np"]
    for question in lab.questions:
        if isinstance(question, CodeQuestion) and question.kind == "function":
            memory.append(_by_heart(name, question))
    content = answers_and(name, "\n\n".join(memory))
    for answer in JUDGES[name].grade(content).answers:
        if answer.kind == "function":
            visible = sum(part.points for part in answer.parts if not part.hidden)
            assert 0 < visible <= answer.points / 2
            assert answer.earned <= visible, answer


def _by_heart(name, question):
    drawn = question.draw(question.visible, JUDGES[name].seed)
    outcomes = LABS[name].outcomes(question, drawn)
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
    result = JUDGES[name].grade(answers_and(name, "\n".join(broken)))
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

"""Every wrong answer that a lab knows loses points and gets the message meant for it."""

import copy
import functools

import pytest

from mlcourse.grading.bank import source_of
from mlcourse.grading.questions import CodeQuestion
from tests.labs.graded import JUDGES, LABS, answers_and

WRONGS = [
    pytest.param(name, question.name, number, id=f"{name}-{question.name}-{number}")
    for name, lab in LABS.items()
    for question in lab.questions
    for number in range(len(question.wrongs))
]


@functools.cache
def judge(name, question):
    """Return the judge of one question, which has less to do."""
    one = copy.copy(JUDGES[name])
    one.lab = copy.copy(one.lab)
    one.lab.questions = [LABS[name][question]]
    return one


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

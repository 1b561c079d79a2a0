"""Answers without a thought get no points, whatever the properties are that they happen to have."""

import json

import pytest

from mlcourse.grading.questions import CodeQuestion
from tests.labs.graded import JUDGES

# What every function returns. Zeros agree with their own differences, NaN differs from itself, and
# a column of a million rows fills all memory where a test compares it with a row.
RETURNS = [
    "None",
    "args[0] if args else None",
    "args[-1] if args else None",
    "np.zeros_like(args[0]) if args else 0.0",
    "np.full(np.shape(args[0]), np.nan) if args else np.nan",
    "np.nan",
    "tuple(np.zeros_like(a) for a in args)",
    "(0.0, *(np.zeros_like(a) for a in args))",
    "(0.0, {key: 0 * value for key, value in args[0].items()})",
    "np.zeros((10**6, 1), np.uint8)",
    "np.zeros(len(args[-2]), int)",
]
CLASS = """
class Anything(float):
    def __call__(self, *args, **kwargs):
        return {returns}

class {name}:
    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()
"""


@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
@pytest.mark.parametrize("returns", RETURNS)
def test_lazy_answers_get_no_points(judge, returns):
    cells = ["import numpy as np"]
    for question in judge.lab.questions:
        if isinstance(question, CodeQuestion):
            function = f"def {question.name}(*args, **kwargs):\n    return {returns}"
            made = CLASS.format(name=question.name, returns=returns)
            cells.append(made if question.kind == "class" else function)
    content = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    result = judge.grade(json.dumps(content).encode())
    assert result.status == "graded"
    found = [(a.question, part.name) for a in result.answers for part in a.parts if part.earned]
    assert found == []

"""Write what a student's ``check`` needs: inputs, right results, and those of known wrong answers.

Floats are rounded to nine digits, so that another processor gives the same bytes. Inputs are
rounded before anything is computed from them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from ..labs.compare import Outcome
from ..labs.plain import pack
from ..labs.questions import FORMAT
from ..labs.steps import pack_case, unpack_case
from .bank import Lab
from .questions import (
    CodeQuestion,
    Drawn,
    LabError,
    ManualQuestion,
    Question,
    ValueQuestion,
    Wrong,
)
from .session import STAND_INS

_SEED = 0
# Far below the tolerance, what is left of a difference says nothing but which processor it was.
_NOISE = 1e-3


def check_file(lab: Lab) -> str:
    """Return the check file of a lab as JSON: a line for each case and each wrong answer.

    Raises
    ------
    LabError
        If an input or a result is something that a file cannot hold.
    """
    tree = {
        "format": FORMAT,
        "lab": lab.name,
        "title": lab.title,
        "chapter": lab.chapter,
        "modules": [*lab.modules, *STAND_INS],
        "questions": [_question(lab, question) for question in lab.questions],
    }
    return _written(tree, levels=4) + "\n"


def _question(lab: Lab, question: Question) -> dict[str, Any]:
    tree = {
        "name": question.name,
        "title": question.title,
        "kind": question.kind,
        "points": question.points,
        "minutes": question.minutes,
        "section": list(question.section),
        "hints": list(question.hints),
    }
    if isinstance(question, CodeQuestion):
        return tree | _code(lab, question)
    if isinstance(question, ValueQuestion):
        return tree | _value(question)
    if isinstance(question, ManualQuestion):
        tree |= {"form": question.form, "rubric": [list(mark) for mark in question.rubric]}
    return tree


def _value(question: ValueQuestion) -> dict[str, Any]:
    """Return a number or a choice: fingerprints only."""
    tree: dict[str, Any] = {"answer": question.fingerprint(question.answer)}
    if question.choices:
        tree["choices"] = dict(question.choices)
    else:
        tree["tolerance"] = question.tolerance
    tree["wrong"] = [
        {"message": wrong.message, "answer": question.fingerprint(wrong.answer)}
        for wrong in question.wrongs
    ]
    return tree


def _code(lab: Lab, question: CodeQuestion) -> dict[str, Any]:
    """Return the visible cases of a function or class, with what comes out of each answer."""
    where = f"{lab.name}, question {question.name}"
    cases = []
    drawn = []
    for one in question.draw(question.visible, _SEED):
        case = _rounded(_plain(pack_case, one.case, f"{where}: its visible inputs hold"), 0)
        drawn.append(Drawn(unpack_case(case), one.labels))
        cases.append({"case": case})

    def outcomes(wrong: Wrong | None) -> list[dict[str, Any]]:
        who = f"the wrong answer {wrong.message!r}" if wrong else "the reference"
        found = lab.outcomes(question, drawn, wrong and wrong.answer)
        return [_outcome(one, question.atol * _NOISE, f"{where}: {who} gives") for one in found]

    if question.accuracy is None:
        for case, right in zip(cases, outcomes(None), strict=True):
            case["right"] = right
    else:
        for case, one in zip(cases, drawn, strict=True):
            case["labels"] = [int(label) for label in one.labels]
    return {
        "visible_points": question.visible.points,
        "in_place": question.in_place,
        **({} if question.accuracy is None else {"accuracy": question.accuracy}),
        "rtol": question.rtol,
        "atol": question.atol,
        "cases": cases,
        "wrong": [
            {"message": wrong.message, "outcomes": outcomes(wrong)} for wrong in question.wrongs
        ],
    }


def _outcome(outcome: Outcome, noise: float, what: str) -> dict[str, Any]:
    if outcome.kind == "value":
        return {"kind": "value", "value": _rounded(_plain(pack, outcome.value, what), noise)}
    return {"kind": outcome.kind, "detail": outcome.detail}


def _plain(packer: Callable[[Any], Any], value: Any, what: str) -> Any:
    try:
        return packer(value)
    except (TypeError, ValueError) as error:
        raise LabError(
            f"{what} {error}, which no file can hold; use arrays, numbers, text, lists, tuples or"
            " dictionaries"
        ) from error


def _rounded(tree: Any, noise: float) -> Any:
    """Return a tree with nine digits in each float, and zero where there is only noise.

    Examples
    --------
    >>> _rounded({"array": [0.1 + 0.2, -1e-17, 1 / 3], "dtype": "float64"}, 1e-11)
    {'array': [0.3, 0.0, 0.333333333], 'dtype': 'float64'}
    """
    if isinstance(tree, dict):
        return {key: _rounded(value, noise) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_rounded(value, noise) for value in tree]
    if isinstance(tree, float) and math.isfinite(tree):
        return 0.0 if abs(tree) < noise else float(f"{tree:.9g}")
    return tree


def _written(tree: Any, levels: int, indent: str = "") -> str:
    """Return JSON that breaks lines in the upper levels and keeps what is below in one line.

    Examples
    --------
    >>> print(_written({"cases": [[1, 2], [3, 4]], "n": 2}, levels=2))
    {
     "cases": [
      [1, 2],
      [3, 4]
     ],
     "n": 2
    }
    """
    if levels == 0 or not isinstance(tree, dict | list) or not tree:
        return json.dumps(tree, ensure_ascii=False, allow_nan=False)
    inner = indent + " "
    if isinstance(tree, dict):
        opening, closing = "{", "}"
        items = [
            f"{json.dumps(key)}: {_written(value, levels - 1, inner)}"
            for key, value in tree.items()
        ]
    else:
        opening, closing = "[", "]"
        items = [_written(value, levels - 1, inner) for value in tree]
    lines = f",\n{inner}".join(items)
    return f"{opening}\n{inner}{lines}\n{indent}{closing}"

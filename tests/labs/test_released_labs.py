"""The labs as students get them: up to date, without solutions, and fit to start in."""

import ast
import copy
import inspect
import json
import re
import textwrap
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from mlcourse.grading.bank import load_lab
from mlcourse.grading.questions import CodeQuestion, ManualQuestion
from mlcourse.grading.release import release

ROOT = Path(__file__).parents[2]
SOLUTIONS = sorted(ROOT.glob("solutions/*.ipynb"))


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def sources(notebook):
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


def test_labs_are_up_to_date(tmp_path):
    (tmp_path / "solutions").symlink_to(ROOT / "solutions")
    (tmp_path / "chapters").symlink_to(ROOT / "chapters")
    fresh = release(tmp_path)
    made = {path.relative_to(tmp_path) for path in fresh}
    there = {path.relative_to(ROOT) for path in (ROOT / "labs").rglob("*.*")}
    assert {path for path in there if ".ipynb_checkpoints" not in path.parts} == made
    for path in made:
        new, old = tmp_path / path, ROOT / path
        if path.suffix == ".json":  # the last digit may be another on another processor
            assert agrees(steady(old), steady(new)), f"{path} is out of date: run make release"
        else:
            assert old.read_bytes() == new.read_bytes(), f"{path} is out of date: run make release"


def steady(path):
    """Return a check file without the labels of wrong trainings, whose rounding decides them."""
    tree = read(path)
    for question in tree["questions"]:
        if question["kind"] == "training":
            for wrong in question["wrong"]:
                wrong["outcomes"] = [
                    (outcome["kind"], len(outcome["value"][0]["array"]))
                    if outcome["kind"] == "value"
                    else outcome
                    for outcome in wrong["outcomes"]
                ]
    return tree


def agrees(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(agrees(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(agrees, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return bool(np.isclose(a, b, rtol=1e-6, atol=1e-10))
    return a == b


def test_agrees_sees_a_difference():
    tree = {"a": [1.0, {"b": "c"}]}
    assert agrees(tree, copy.deepcopy(tree))
    assert agrees(tree, {"a": [1.0 + 1e-9, {"b": "c"}]})
    assert not agrees(tree, {"a": [1.001, {"b": "c"}]})
    assert not agrees(tree, {"a": [1.0, {"b": "d"}]})


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_no_trace_of_a_solution(path):
    lab = load_lab(path.with_name(f"{path.stem[:5]}_tests.py"))
    student = sources(read(ROOT / "labs" / path.name))
    released = "\n".join(student.values()) + (ROOT / f"labs/checks/{lab.name}.json").read_text(
        "utf-8"
    )
    assert "SOLUTION" not in released
    assert "STUDENTS SEE" not in released
    given = {line.strip() for text in student.values() for line in text.split("\n")}
    secret = set()
    for name, text in sources(read(path)).items():
        if name in student:
            inside = re.findall(r"BEGIN SOLUTION.*?\n(.*?)### (?:END|STUDENTS)", text, re.DOTALL)
            secret |= {line.strip() for block in inside for line in block.split("\n")}
        else:  # for instructors
            secret |= {line.strip() for line in text.split("\n")}
    secret |= {line for question in lab.questions for line in bodies(question)}
    secret = {line for line in secret - given if len(line) > 12 or "=" in line}
    assert secret
    assert [line for line in secret if line in released] == []


def bodies(question):
    """Return the lines of code of the reference and of the known wrong answers."""
    if not isinstance(question, CodeQuestion):
        return []
    lines = []
    for answer in (question.reference, *(wrong.answer for wrong in question.wrongs)):
        source = textwrap.dedent(inspect.getsource(answer))
        [definition] = ast.parse(source).body
        lines += source.split("\n")[definition.body[0].lineno - 1 :]
    return [line.strip() for line in lines]


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_an_untouched_lab_runs_and_says_that_nothing_is_answered(path):
    lab = load_lab(path.with_name(f"{path.stem[:5]}_tests.py"))
    notebook = nbformat.read(ROOT / "labs" / path.name, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": ROOT / "labs"}}
    ).execute()
    checks = {
        each.metadata.nbgrader.grade_id: each
        for each in notebook.cells
        if each.metadata.get("nbgrader", {}).get("locked")
    }
    automatic = [q.name for q in lab.questions if not isinstance(q, ManualQuestion)]
    assert checks.keys() == {f"check-{name}" for name in automatic}
    given = {each.id: each.source for each in notebook.cells}
    for name in automatic:
        # What is to be repaired in a clinic runs, and is wrong.
        open_ = "NotImplementedError" in given[name] or "= ..." in given[name]
        [output] = checks[f"check-{name}"].outputs
        verdict = output.data["text/plain"].split("\n")[0]
        assert ("not answered yet" if open_ else "not right yet") in verdict

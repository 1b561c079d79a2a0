"""Find the answer and check cells of a lab, and mark them for nbgrader.

nbgrader's manual-grading page lists the cells that carry its metadata (schema version 3).
"""

from __future__ import annotations

import ast
from typing import Any

from .questions import LabError, ManualQuestion, Question

Cell = dict[str, Any]


def mark_answers(cells: list[Cell], questions: dict[str, Question], file: str) -> None:
    """Mark the answer cells for nbgrader; each must define its answer, and no other cell may."""
    code = {cell["id"]: cell for cell in cells if cell["cell_type"] == "code"}
    for name, question in questions.items():
        if name not in code:
            raise LabError(
                f"{file}: no answer cell for {name}; give the code cell of its answer the id"
                f' "{name}"'
            )
        metadata, manual = code[name]["metadata"], isinstance(question, ManualQuestion)
        metadata["deletable"] = False
        metadata["nbgrader"] = _nbgrader(name, solution=True, grade=manual)
        if manual:
            metadata["nbgrader"]["points"] = question.points
        plot = isinstance(question, ManualQuestion) and question.form == "plot"
        if not plot and name not in _defined(code[name], file):
            raise LabError(
                f'{file}, cell "{name}": what students get does not define {name}; leave its def or'
                f" class line outside of the markers, or show '# {name} = ...' under STUDENTS SEE"
            )
    for cell in code.values():
        for name in (_defined(cell, file) & questions.keys()) - {cell["id"]}:
            raise LabError(
                f'{file}, cell "{cell["id"]}": defines {name}, the answer of another cell; tag it'
                ' "instructor" to leave it out, or use another name'
            )


def mark_checks(cells: list[Cell], questions: dict[str, Question], file: str) -> None:
    """Mark the cells with check(...) for nbgrader: one for each question, except manual ones."""
    found: dict[str, Cell] = {}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        checked = _checked(cell, file) & questions.keys()
        for name in checked:
            if name in found or len(checked) > 1:
                raise LabError(
                    f'{file}, cell "{cell["id"]}": nbgrader knows one check cell for each'
                    f" question; check {name} once, in a cell of its own"
                )
            found[name] = cell
    for name, question in questions.items():
        if question.kind == "manual":
            continue
        if name not in found:
            raise LabError(f"{file}: no check cell for {name}; add a cell check({name})")
        metadata = found[name]["metadata"]
        metadata |= {"deletable": False, "editable": False}
        metadata["nbgrader"] = _nbgrader(f"check-{name}", grade=True, locked=True)
        metadata["nbgrader"]["points"] = question.points


def _nbgrader(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False
) -> dict[str, Any]:
    flags = {"grade": grade, "solution": solution, "locked": locked, "task": False}
    return {"schema_version": 3, "grade_id": grade_id, **flags}


def _parsed(cell: Cell, file: str) -> ast.Module:
    lines = "".join(cell["source"]).split("\n")
    code = "\n".join("" if line.startswith(("%", "!")) else line for line in lines)
    try:
        return ast.parse(code)
    except SyntaxError as error:
        raise LabError(
            f'{file}, cell "{cell["id"]}": what students get is no Python: {error.msg} in line'
            f" {error.lineno}; look at what is left around the markers"
        ) from error


def _defined(cell: Cell, file: str) -> set[str]:
    """Return the names that a cell defines."""
    names = set()
    for node in _parsed(cell, file).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {
                n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)
            }
    return names


def _checked(cell: Cell, file: str) -> set[str]:
    """Return the names in calls such as check(softmax) and check("untrained_loss")."""
    names = set()
    for node in ast.walk(_parsed(cell, file)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "check" and node.args:
            first = node.args[0]
            names.add(str(first.value) if isinstance(first, ast.Constant) else ast.unparse(first))
    return names

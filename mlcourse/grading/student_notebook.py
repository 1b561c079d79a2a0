"""Turn a solution notebook into the notebook that students get.

An answer cell has the name of its question as cell id and holds the solution between markers::

    def softmax(Z):
        ### BEGIN SOLUTION: subtract each row's maximum, then normalise the exponentials
        ...
        ### END SOLUTION

What stands around the markers stays; the rest becomes ``raise NotImplementedError("...")``.
After a line ``### STUDENTS SEE`` the block says instead, as comments, what students get.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from typing import Any

from ..labs.show import counted
from .bank import Lab
from .nbgrader_cells import Cell, mark_answers, mark_checks
from .pages import chapter
from .questions import LabError, Question

Notebook = dict[str, Any]

_MARKER = re.compile(r"(\s*)#+ *(BEGIN SOLUTION|STUDENTS SEE|END SOLUTION)\b:?(.*)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"^\{\{(\w+)\}\}$", re.MULTILINE)
_WIDTH = 76  # as the chapters' code
_KEPT_METADATA = {"tags", "jupyter"}


def student_notebook(solution: Notebook, lab: Lab, file: str) -> Notebook:
    """Return the notebook for students: no solutions, no outputs, with nbgrader's cell metadata.

    Parameters
    ----------
    solution : dict
        The complete notebook, nbformat 4.5.
    lab : Lab
        Its questions.
    file : str
        The notebook's name, for messages.

    Raises
    ------
    LabError
        If a cell and the questions do not fit together, or a solution would be given away.
    """
    if (solution.get("nbformat"), solution.get("nbformat_minor")) != (4, 5):
        raise LabError(f"{file}: its cells have no ids; open and save it in JupyterLab 4")
    questions = {question.name: question for question in lab.questions}
    blocks: list[list[str]] = []
    cells = []
    for cell in solution["cells"]:
        if "instructor" in cell["metadata"].get("tags", []):
            continue
        where, source = f'{file}, cell "{cell["id"]}"', "".join(cell["source"])
        question = questions.get(cell["id"])
        if cell["cell_type"] == "code":
            source, cut = _without_solutions(source, where)
            if cut and question is None:
                raise LabError(
                    f"{where}: holds a solution, but no question has this name; give the cell the"
                    f" question's name as id: {', '.join(questions)}"
                )
            blocks += cut
        else:
            source = _with_points(source, lab, questions, where)
            if "](attachment:" in source:
                raise LabError(f"{where}: attached pictures get lost; link a file instead")
        cells.append(_released(cell, source))
    _check_placeholders(cells, solution, questions, file)
    mark_answers(cells, questions, file)
    mark_checks(cells, questions, file)
    _refuse_leaks(cells, blocks, file)
    metadata = {
        key: solution["metadata"][key]
        for key in ("kernelspec", "language_info")
        if key in solution["metadata"]
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _released(cell: Cell, source: str) -> Cell:
    """Return a cell without outputs, counts, attachments and what editors leave in metadata."""
    metadata = {key: value for key, value in cell["metadata"].items() if key in _KEPT_METADATA}
    new: Cell = {"cell_type": cell["cell_type"], "id": cell["id"], "metadata": metadata}
    new["source"] = source.splitlines(keepends=True)
    if cell["cell_type"] == "code":
        new |= {"execution_count": None, "outputs": []}
    return new


def _without_solutions(source: str, where: str) -> tuple[str, list[list[str]]]:
    """Return the source that students get, and the lines of each solution that was cut out."""
    given: list[str] = []
    blocks: list[list[str]] = []
    begin: re.Match[str] | None = None
    seen: list[str] | None = None  # what the block shows to students, if it says so
    for line in source.split("\n"):
        marker = _MARKER.fullmatch(line)
        kind = marker[2].upper() if marker else ""
        if begin is None and kind == "BEGIN SOLUTION":
            begin, seen = marker, None
            blocks.append([])
        elif begin is None and kind:
            raise LabError(
                f"{where}: {line.strip()!r} follows no BEGIN SOLUTION; put '### BEGIN SOLUTION:"
                " what to do' above the solution"
            )
        elif begin is None:
            given.append(line)
        elif kind == "BEGIN SOLUTION":
            raise LabError(
                f"{where}: one BEGIN SOLUTION inside another; put '### END SOLUTION' between them"
            )
        elif kind == "STUDENTS SEE":
            seen = []
        elif kind == "END SOLUTION":
            given += _in_place_of(begin, seen, where)
            begin = None
        elif seen is None:
            blocks[-1].append(line)
        else:
            seen.append(_uncommented(line, where))
    if begin is not None:
        raise LabError(f"{where}: no END SOLUTION; put '### END SOLUTION' under the solution")
    return "\n".join(given), blocks


def _in_place_of(begin: re.Match[str], seen: list[str] | None, where: str) -> list[str]:
    """Return the lines that stand for a solution."""
    if seen is not None:
        return seen
    indent, message = begin[1], begin[3].strip()
    if not message:
        raise LabError(
            f"{where}: BEGIN SOLUTION says nothing to students; write '### BEGIN SOLUTION: what to"
            " do', or give lines for them under '### STUDENTS SEE'"
        )
    if not indent:
        raise LabError(
            f"{where}: a solution at the left margin would leave a cell that fails; give lines for"
            " students under '### STUDENTS SEE', such as '# answer = ...'"
        )
    line = f"{indent}raise NotImplementedError({_quoted(message)})"
    if len(line) <= _WIDTH:
        return [line]
    parts = textwrap.wrap(message, _WIDTH - len(indent) - 7)
    parts = [f"{part} " for part in parts[:-1]] + parts[-1:]
    return [
        f"{indent}raise NotImplementedError(",
        *(f"{indent}    {_quoted(part)}" for part in parts),
        f"{indent})",
    ]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # Python reads it alike


def _uncommented(line: str, where: str) -> str:
    comment = re.fullmatch(r"(\s*)# ?(.*)", line)
    if comment is None and line.strip():
        raise LabError(
            f"{where}: {line.strip()!r} stands under STUDENTS SEE and is no comment; write"
            f" '# {line.strip()}'"
        )
    return (comment[1] + comment[2]).rstrip() if comment else ""


def points_line(question: Question, lab: Lab) -> str:
    """Return "3 points · about 10 minutes · chapter 1, Softmax"."""
    return (
        f"{counted(question.points, 'point')} · about {counted(question.minutes, 'minute')}"
        f" · {chapter(lab.chapter)}, {question.section[1]}"
    )


def _with_points(source: str, lab: Lab, questions: dict[str, Question], where: str) -> str:
    """Fill in the placeholders of a text."""

    def line(placeholder: re.Match[str]) -> str:
        if placeholder[1] not in questions:
            raise LabError(
                f"{where}: {placeholder[0]} names no question; there are {', '.join(questions)}"
            )
        return f"*{points_line(questions[placeholder[1]], lab)}*"

    return _PLACEHOLDER.sub(line, source)


def _check_placeholders(
    cells: list[Cell], solution: Notebook, questions: dict[str, Question], file: str
) -> None:
    """Require one line with points and minutes for each question."""
    shown = {cell["id"] for cell in cells}
    found = Counter(
        name
        for cell in solution["cells"]
        if cell["cell_type"] == "markdown" and cell["id"] in shown
        for name in _PLACEHOLDER.findall("".join(cell["source"]))
    )
    for name in questions:
        if found[name] != 1:
            raise LabError(
                f"{file}: {{{{{name}}}}} stands there {found[name]} times; give it once, as a line"
                " of its own in the task, where points and minutes belong"
            )


def _refuse_leaks(cells: list[Cell], blocks: list[list[str]], file: str) -> None:
    """Refuse to release a cell that shows a solution as a whole."""
    for block in filter(None, map(_bare, blocks)):
        for cell in cells:
            lines = _bare("".join(cell["source"]).split("\n"))
            if any(lines[i : i + len(block)] == block for i in range(len(lines))):
                raise LabError(
                    f'{file}, cell "{cell["id"]}": gives away the solution {block[0]!r}; tag the'
                    ' cell "instructor" to leave it out, or write it in another way'
                )


def _bare(lines: list[str]) -> list[str]:
    """Return lines without indentation, empty lines and comments."""
    bare = [line.strip() for line in lines]
    return [line for line in bare if line and not line.startswith("#")]

"""What ``make release`` writes for students: complete, without solutions, the same each time."""

import json
import re

import nbformat
import pytest

from mlcourse.grading.bank import LabError
from mlcourse.grading.release import release

TESTS = """
import numpy as np
from mlcourse.grading.bank import Lab, record

lab = Lab("lab01", title="Small", chapter="chapters/01-small.ipynb")
DETAILS = dict(minutes=4, section=("sec-a", "A section"), hints=("one", "two", "three"), title="T")

@lab.question("double", points=2, **DETAILS)
def reference(x):
    return 2 * x

@reference.inputs(points=1)
def visible(rng):
    return [(np.array([0.1 + 0.2, 1 / 3]),), (rng.normal(size=3),), (np.array([np.inf, 1e-300]),)]

@reference.inputs(points=1, hidden=True)
def fresh(rng):
    return [(rng.normal(size=3),)]

for k in (3, 4, 5, 6):
    reference.wrong(f"times {k}")(lambda x, k=k: k * x)

@reference.wrong("adds up")
def adds_up(x):
    return x.sum() * 1e-14

loss = lab.number("loss", 2.3026, tolerance=0.01, points=0.5, **DETAILS)
for value in (1, 2, 3, 4, 5):
    loss.wrong_value(value, f"{value} it is not")

lab.manual("why", form="text", rubric=[(1, "names it"), (2, "explains it")], **DETAILS)
"""

MESSAGE = "multiply by two, and take care that what you do leaves x as it was before"
DOUBLE = f'''\
def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION: {MESSAGE}
    secret = 2 * x

    return secret
    ### END SOLUTION
'''
LOSS = """\
### BEGIN SOLUTION
loss = np.log(10)
### STUDENTS SEE
# # ln C
# loss = ...
### END SOLUTION
"""
LOSS_WITH_MESSAGE = """\
### BEGIN SOLUTION: count the classes
loss = np.log(10)
### END SOLUTION
"""
WHY = """\
### BEGIN SOLUTION
why = "Because of the noise."
### STUDENTS SEE
# why = ...
### END SOLUTION
"""


def cell(kind, name, source, **metadata):
    lines = source.splitlines(keepends=True)
    new = {"cell_type": kind, "id": name, "metadata": metadata, "source": lines}
    if kind == "code":
        output = {"name": "stdout", "output_type": "stream", "text": ["seen\n"]}
        new |= {"execution_count": 3, "outputs": [output]}
    return new


def cells():
    return [
        cell("markdown", "intro", "# Small"),
        cell("code", "setup", "import numpy as np", tags=["hide-input"], collapsed=True),
        cell("markdown", "task-double", "Double $x$.\n\n{{double}}"),
        cell("code", "double", DOUBLE),
        cell("code", "try-double", "check(double)"),
        cell("markdown", "remark", "It is `secret = 2 * x`.", tags=["instructor"]),
        cell("markdown", "task-loss", "{{loss}}\n\nPredict."),
        cell("code", "loss", LOSS),
        cell("code", "try-loss", 'check("loss")'),
        cell("markdown", "task-why", "{{why}}"),
        cell("code", "why", WHY),
    ]


def write(root, cells, tests=TESTS, name="lab01-small"):
    metadata = {"kernelspec": {"display_name": "Python 3", "name": "python3"}, "widgets": {"x": 1}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (root / "solutions").mkdir(exist_ok=True)
    (root / f"solutions/{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (root / f"solutions/{name[:5]}_tests.py").write_text(tests, encoding="utf-8")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def sources(notebook):
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


@pytest.fixture
def small(tmp_path):
    write(tmp_path, cells())
    release(tmp_path)
    return tmp_path


def test_students_see_what_to_do(small):
    shown = sources(read(small / "labs/lab01-small.ipynb"))
    assert shown["double"] == (
        'def double(x):\n    """Return twice x."""\n'
        "    raise NotImplementedError(\n"
        '        "multiply by two, and take care that what you do leaves x as it "\n'
        '        "was before"\n'
        "    )\n"
    )
    assert shown["loss"] == "# ln C\nloss = ...\n"
    assert (
        shown["task-double"] == "Double $x$.\n\n*2 points · about 4 minutes · chapter 1, A section*"
    )
    assert shown["task-loss"].startswith("*0.5 points · ")
    assert "remark" not in shown


def test_outputs_and_editors_traces_are_cleared(small):
    notebook = read(small / "labs/lab01-small.ipynb")
    assert notebook["metadata"].keys() == {"kernelspec"}
    for each in notebook["cells"]:
        assert each.get("outputs", []) == []
        assert each.get("execution_count") is None
        assert each["metadata"].keys() <= {"tags", "deletable", "editable", "nbgrader"}
    assert notebook["cells"][1]["metadata"] == {"tags": ["hide-input"]}


def test_cells_are_marked_for_nbgrader(small):
    marked = {
        each["metadata"]["nbgrader"]["grade_id"]: each["metadata"]["nbgrader"]
        for each in read(small / "labs/lab01-small.ipynb")["cells"]
        if "nbgrader" in each["metadata"]
    }
    flags = {name: (m["grade"], m["solution"], m["locked"]) for name, m in marked.items()}
    assert flags == {
        "double": (False, True, False),
        "check-double": (True, False, True),
        "loss": (False, True, False),
        "check-loss": (True, False, True),
        "why": (True, True, False),
    }
    points = {name: m["points"] for name, m in marked.items() if m["grade"]}
    assert points == {"check-double": 2, "check-loss": 0.5, "why": 3}


def test_check_file_has_inputs_and_outcomes(small):
    double, loss, why = read(small / "labs/checks/lab01.json")["questions"]
    first, _, last = double["cases"]
    arguments = first["case"]["steps"][1][2]
    assert arguments == {"tuple": [{"array": [0.3, 0.333333333], "dtype": "float64"}]}
    assert first["right"]["value"] == [{"array": [0.6, 0.666666666], "dtype": "float64"}]
    assert last["right"]["value"] == [{"array": ["inf", 0.0], "dtype": "float64"}]
    assert double["visible_points"] == 1
    assert [wrong["message"] for wrong in double["wrong"]][-1] == "adds up"
    assert double["wrong"][-1]["outcomes"][0]["value"] == [{"scalar": 0.0, "dtype": "float64"}]
    assert "2.3" not in json.dumps(loss)
    assert why["rubric"] == [[1, "names it"], [2, "explains it"]]


def test_the_bytes_are_the_same_each_time_and_written_as_nbformat_does(small):
    before = {path: path.read_bytes() for path in (small / "labs").rglob("*.*")}
    release(small)
    assert {path: path.read_bytes() for path in (small / "labs").rglob("*.*")} == before
    text = before[small / "labs/lab01-small.ipynb"].decode()
    assert nbformat.writes(nbformat.reads(text, as_version=4)) + "\n" == text


def test_what_release_made_goes_with_its_lab_and_nothing_else_does(small):
    mine = small / "labs/lab01-my-copy.ipynb"
    mine.write_text("{}")
    write(small, cells(), name="lab01-renamed")
    (small / "solutions/lab01-small.ipynb").unlink()
    release(small)
    assert sorted(path.name for path in (small / "labs").iterdir()) == [
        "checks", "index.md", "lab01-my-copy.ipynb", "lab01-renamed.ipynb",
    ]  # fmt: skip
    for path in (small / "solutions").iterdir():
        path.unlink()
    release(small)
    assert sorted(path.name for path in (small / "labs").rglob("*.*")) == ["index.md", mine.name]


def edited(name, old, new):
    def edit(cells):
        [found] = [cell for cell in cells if cell["id"] == name]
        text = "".join(found["source"])
        assert old in text
        found["source"] = text.replace(old, new)

    return edit


def without(name):
    return lambda cells: cells.remove(next(cell for cell in cells if cell["id"] == name))


def with_cell(source, kind="code"):
    return lambda cells: cells.append(cell(kind, "more", source))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (edited("double", "### END SOLUTION", ""), '"double": no END SOLUTION; put'),
        (edited("double", "secret =", "### BEGIN SOLUTION: x\n    secret ="), "one BEGIN SOLUTION"),
        (edited("double", "### BEGIN SOLUTION", "# do"), "follows no BEGIN SOLUTION"),
        (
            edited("double", DOUBLE[45:130], "###BEGIN SOLUTION\n    a ="),
            "says nothing to students",
        ),
        (edited("loss", "### STUDENTS SEE\n", ""), "says nothing to students"),
        (edited("loss", LOSS, LOSS_WITH_MESSAGE), "at the left margin"),
        (edited("loss", "# loss = ...", "loss = ..."), "is no comment; write '# loss = ...'"),
        (edited("loss", "# loss = ...", "# answer = ..."), "does not define loss"),
        (edited("loss", "# loss = ...", "# loss = ("), "no Python"),
        (without("double"), "no answer cell for double"),
        (without("try-double"), "no check cell for double; add a cell check(double)"),
        (without("task-why"), "{{why}} stands there 0 times"),
        (edited("task-loss", "{{loss}}", "{{loss}}\n{{lost}}"), "{{lost}} names no question"),
        (edited("task-why", "{{why}}", "{{why}}\n{{loss}}"), "{{loss}} stands there 2 times"),
        (
            with_cell("if a:\n ### BEGIN SOLUTION: b\n ### END SOLUTION"),
            "no question has this name",
        ),
        (with_cell("def double(x):\n    return x + x"), "defines double, the answer of another"),
        (with_cell("if True:\n  secret = 2 * x\n  return secret\n", "markdown"), "gives away"),
        (with_cell("check(double)"), "check double once, in a cell of its own"),
        (with_cell("![](attachment:a.png)", "markdown"), "link a file instead"),
    ],
)
def test_mistakes_in_a_notebook_are_named(tmp_path, edit, message):
    changed = cells()
    edit(changed)
    write(tmp_path, changed)
    with pytest.raises(LabError) as caught:
        release(tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).startswith("solutions/lab01-small.ipynb")
    assert not (tmp_path / "labs").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("points=2,", "points=3,", "lab01, question double: its tests give 2 points, expected 3"),
        ('"two", ', "", "lab01, question double: expected 3 hints, got 2"),
        ("(3, 4, 5, 6)", "(3, 4, 5)", "expected 5 or more wrong answers, got 4"),
        ('Lab("lab01"', 'Lab("lab02"', 'lab01_tests.py: the lab says "lab02"; write "lab01"'),
        ("return 2 * x", "return object()", "the reference gives a object, which no file can hold"),
        ("* 1e-14", "* 1j", "the wrong answer 'adds up' gives an array of complex128"),
        ("(rng.normal(size=3),), (", "(object(),), (", "its visible inputs hold a object"),
    ],
)
def test_mistakes_in_the_questions_are_named(tmp_path, old, new, message):
    assert old in TESTS
    write(tmp_path, cells(), tests=TESTS.replace(old, new))
    with pytest.raises(LabError, match=re.escape(message)):
        release(tmp_path)


def test_names_are_unique_over_the_labs(small):
    write(small, cells(), tests=TESTS.replace("lab01", "lab02"), name="lab02-other")
    with pytest.raises(LabError, match="question double: lab01 has a question of this name"):
        release(small)


def test_a_lab_is_a_notebook_and_its_tests(small):
    (small / "solutions/lab01-small.ipynb").rename(small / "solutions/lab1.ipynb")
    with pytest.raises(LabError, match=r"solutions/lab1.ipynb: expected labNN-topic.ipynb beside"):
        release(small)
    (small / "solutions/lab1.ipynb").unlink()
    with pytest.raises(LabError, match=r"expected one notebook lab01-topic.ipynb beside it, found"):
        release(small)

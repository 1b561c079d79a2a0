"""``check``, ``hint`` and ``progress`` in a real kernel, with a small lab of their own."""

import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from mlcourse.labs.compare import Outcome
from mlcourse.labs.judging import judge
from mlcourse.labs.questions import Question, Task
from mlcourse.labs.show import MARKS, Code, List, Note, Table
from mlcourse.labs.source import foreign_module
from mlcourse.labs.steps import Case

ROOT = Path(__file__).parents[2]


def test_a_right_answer(notebook, answers):
    cell = notebook(answers["softmax"], "check(softmax)")
    assert cell.text == (
        "✓ softmax: both visible inputs are right\n"
        "  The grader tries others, for 2 of the 3 points.\n"
        "  Lab 1: 1 of 6 questions pass."
    )


def test_a_known_mistake_is_named_with_an_input_that_shows_it(notebook, answers):
    cell = notebook(answers["over_the_batch"], "softmax = over_the_batch; check(softmax)")
    assert cell.text.splitlines() == [
        "✗ softmax: not right yet on visible input 1 of 2",
        "  normalises over the batch instead of over the classes",
        "    softmax(Z) with Z = [[1, 2, 3], [0, 0, 0]]",
        "  element [0, 0]: expected 0.0900306, got 0.731059 (6 of 6 elements differ)",
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return Z.sum(axis=1)", "expected shape (2, 3), got (2,)"),
        ("return 'no'", "expected an array of shape (2, 3), got the str 'no'"),
        ("return Z + 1", "element [0, 0]: expected 0.0900306, got 2 (6 of 6 elements differ)"),
        ("pass", "softmax returns nothing; is `return` missing?"),
        ("Z -= Z.max(); return Z", "changes its input Z; work on a copy"),
        ("return Z / 0", "element [0, 0]: expected 0.0900306, got inf"),
        ("raise NotImplementedError('divide each row')", "not answered yet\n  divide each row"),
        (
            "raise NotImplementedError('divide')\n    return Z / Z.sum(axis=1)",
            "divide\n  The line `raise NotImplementedError` still stands in it.",
        ),
        (
            "Z = Z + 1\n    raise NotImplementedError('divide')",
            "divide\n  The line `raise NotImplementedError` still stands in it.",
        ),
        ("return helper(Z)", "waits for helper, which is not answered yet"),
        ("raise SystemExit", "raises SystemExit on visible input 1 of 2"),
        ("return Z.sum(axes=1)", "softmax, line 2\n        return Z.sum(axes=1)\n    TypeError: "),
        ("return np.linalg.inv(Z)", "softmax, line 2\n        return np.linalg.inv(Z)\n    numpy"),
        ("raise ValueError('x' * 10_000)", "ValueError: xxx"),
        ("return softmax(Z)", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_what_a_function_does_instead(notebook, body, said):
    cell = notebook(
        "def helper(Z):\n    raise NotImplementedError",
        f"def softmax(Z):\n    {body}",
        "check(softmax)",
    )
    assert said in cell.text
    assert "normalises" not in cell.text
    assert len(cell.text) < 1000


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("untrained_loss = ...", "○ untrained_loss: not answered yet\n  About it"),
        ("untrained_loss = np.log(10)", "✓ untrained_loss: right\n"),
        ("untrained_loss = np.log2(10)", "✗ untrained_loss: not right yet\n  that is log2(10)"),
        ("untrained_loss = 7", "✗ untrained_loss: not right yet"),
        ("untrained_loss = '2.3'", "✗ untrained_loss: expected a number, got '2.3'"),
        (
            "untrained_loss = np.zeros(2)",
            "✗ untrained_loss: expected a number, got array([0., 0.])",
        ),
        ("", "○ untrained_loss: not there yet; run its cell. Did you rename it?"),
    ],
)
def test_a_number_is_compared_without_saying_what_it_is(notebook, code, said):
    cell = notebook(code, 'check("untrained_loss")')
    assert said in cell.text
    assert "2.30" not in cell.text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("C", "✓ diagnosis: right"),
        ("a", "not right yet\n  the rate is small"),
        ("b", "✗ diagnosis: not right yet"),
        ("d", 'give one of the letters "a", "b", "c"'),
    ],
)
def test_a_choice(notebook, value, said):
    assert said in notebook(f"diagnosis = {value!r}", 'check("diagnosis")').text


CRITERIA = "Points are given for:\n  - names the cause (1 point)\n  - says <why> (2 points)"


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("'It <b>is</b> so.'", "→ why: 3 words; a person reads your text\n  "),
        ("'So.'", "→ why: 1 word; a person reads your text\n  "),
        ("' '", "○ why: not answered yet\n  About why\n  "),
        ("...", "○ why: not answered yet\n  About why\n  "),
        ("3", "✗ why: expected a text in quotes, got 3\n  "),
    ],
)
def test_a_text_is_counted_and_read_by_a_person(notebook, why, said):
    cell = notebook(f"why = {why}", 'check("why")')
    assert cell.text == said + CRITERIA
    assert "<li>says &lt;why&gt; (2 points)</li>" in cell.html


SAVE = "Run the cell and save the notebook: the saved picture is what is marked."


@pytest.mark.parametrize(
    ("curve", "said"),
    [
        ("...", "○ curve: not answered yet\n  About curve\n  "),
        ("''", "○ curve: not answered yet\n  About curve\n  "),
        ("plt.subplots()[1]", "✗ curve: not a figure yet: write `curve, ax = plt.subplots()`\n  "),
        ("plt.subplots()[0]", f"→ curve: a figure; a person looks at it\n  {SAVE}\n  "),
    ],
)
def test_a_plot_is_a_figure_that_a_person_looks_at(notebook, curve, said):
    cell = notebook("import matplotlib.pyplot as plt", f"curve = {curve}", 'check("curve")')
    assert cell.text == said + CRITERIA


def test_classes_and_changes_in_place(notebook, answers):
    setup = answers["Counter"] + answers["shift"]
    assert "✓ Counter: the visible run is right" in notebook(setup, "check(Counter)").text
    assert "✓ shift: the visible input is right" in notebook("check(shift)").text
    cell = notebook("Counter.add = lambda self, k: None", "check(Counter)")
    assert cell.text.startswith("✗ Counter: not right yet\n")
    assert "a = Counter(2.0)\n    a.add(3.0)\n    a.value\n  expected 5, got 2" in cell.text
    cell = notebook("class Counter:\n    def __init__(self, start): pass", "check(Counter)")
    assert "needs Counter.add, which is not there" in cell.text


def test_yield_in_the_place_of_return(notebook):
    cell = notebook("def softmax(Z):\n    yield Z", "check(softmax)")
    assert "the result is a generator, because of `yield`; use `return`" in cell.text


def test_a_method_that_returns_nothing():
    steps = (("name", "Mean"), ("call", 0, (), {}), ("get", 1, "value"), ("call", 2, (), {}))
    tasks = (Task(Case(steps, (3,)), Outcome("value", [2.0]), ()),)
    question = Question("Mean", "A mean", "class", 1, 1, ("", ""), cases=tasks)

    class Mean:
        def value(self):
            pass

    assert judge(question, Mean, {"Mean": Mean}, [__name__]).body == [
        Code("a = Mean()\na.value()"),
        "value returns nothing; is `return` missing?",
    ]


def test_a_training_run_shows_what_it_reached(notebook, answers):
    cell = notebook(answers["train"], "check(train)")
    assert "✓ train: right, 90 % of the labels; 90 % are asked for" in cell.text
    cell = notebook("def train(X, y): return np.zeros(10, int)", "check(train)")
    assert "✗ train: not right yet" in cell.text
    assert "80 % of the labels are right; 90 % are asked for" in cell.text


def test_what_is_given_is_checked_whatever_its_name_stands_for(notebook, answers):
    cell = notebook(answers["softmax"], "mine, softmax = softmax, 0", "check(mine)")
    assert cell.text.startswith("✓ softmax: both visible inputs are right")


def test_progress_runs_nothing(notebook, answers):
    loop = "def shift(theta, step):\n    while True: pass"
    values = "untrained_loss = 3; diagnosis = 'c'; why = 'so'; curve = ...; Counter = int"
    cell = notebook(answers["softmax"], loop, "check(softmax)", values, "progress()")
    assert cell.text == (
        "○ Lab 1, A small lab: 2 of 6 questions pass, and 1 is read by your instructor\n"
        "  Question        State                      Points  Minutes left\n"
        "  softmax         ✓ right                    3       0\n"
        "  shift           ○ run check(shift)         3       10\n"
        "  Counter         ○ run check(Counter)       3       10\n"
        "  train           ○ not there yet            3       10\n"
        "  untrained_loss  ✗ not right yet            3       10\n"
        "  diagnosis       ✓ right                    3       0\n"
        "  why             → read by your instructor  3       0\n"
        "  curve           ○ not answered yet         3       10\n"
        "  About 50 minutes are left."
    )
    cell = notebook(answers["train"], "check(train)", "print(progress('lab01'))")
    assert re.search(r"^  train +✓ right ", cell.printed, re.MULTILINE)
    cell = notebook("def train(X, y): return 0", "print(progress())")
    assert re.search(r"^  train +○ run check\(train\) ", cell.printed, re.MULTILINE)


def test_a_lab_that_is_done(notebook, answers):
    setup = "".join(answers[name] for name in ("softmax", "shift", "Counter", "train"))
    values = (
        "untrained_loss = 2.3; diagnosis = 'c'; why = 'so'\nclass Figure: pass\ncurve = Figure()"
    )
    checks = "[check(each) for each in (softmax, shift, Counter, train)]; None"
    cell = notebook(setup, values, checks, "progress()")
    title = "✓ Lab 1, A small lab: 6 of 6 questions pass, and 2 are read by your instructor\n"
    assert cell.text.startswith(title)
    assert cell.text.endswith("\n  Nothing is left that can be checked.")
    assert "Lab 1 has no question left; for one that is right, name it" in notebook("hint()").text


def test_a_changed_answer_passes_no_more(notebook, answers):
    cell = notebook(answers["softmax"], "check(softmax)", "softmax = None", 'check("diagnosis")')
    assert cell.text.startswith("○ diagnosis")
    cell = notebook("diagnosis = 'c'", 'check("diagnosis")')
    assert cell.text.endswith("Lab 1: 1 of 6 questions pass.")


def test_three_hints_then_the_chapter(notebook):
    cells = [notebook("hint('softmax')").text for _ in range(4)]
    assert cells[0] == "→ softmax: hint 1 of 3\n  think"
    assert cells[2] == "→ softmax: hint 3 of 3\n  think hardest"
    assert "no more hints" in cells[3]
    assert "“The section on softmax” again, in chapters/01-small.ipynb" in cells[3]


def test_a_hint_for_what_comes_next(notebook, answers):
    cell = notebook(answers["softmax"], "diagnosis = 'c'", "check(softmax)", "hint()")
    assert cell.text == "→ shift: hint 1 of 3\n  think"
    assert notebook("hint()").text == "→ shift: hint 2 of 3\n  think more"


USAGE = """write check(softmax), or check("softmax") with the name in quotes"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("check('sofmax')", "there is no question sofmax; did you mean softmax? Lab 1 asks for"),
        ("check()", USAGE),
        ("check(np.exp, np.zeros(2))", USAGE),
        ("hint(np.exp, np.zeros(2))", USAGE),
        ("hint()", 'Name the lab: progress("lab01")'),
        ("progress(1, 2)", USAGE),
        ("progress(np.zeros(2))", "there is no lab array([0., 0.]). Found: lab01."),
        (
            "check(np.zeros(2))",
            'give a function or class, or the name in quotes, such as "softmax"',
        ),
        ("untrained_loss = diagnosis = ...; check(untrained_loss)", "or the name in quotes"),
        ("hint('<b>')", "give a function or class, or the name in quotes"),
        ("progress()", 'Name the lab: progress("lab01")'),
        ("progress('lab99')", "there is no lab 'lab99'. Found: lab01."),
    ],
)
def test_what_is_meant_is_asked_back(notebook, code, said):
    assert said in notebook(code).text


def test_what_an_answer_prints_is_let_through_up_to_a_limit(notebook):
    talking = "def softmax(Z):\n    print('Z is', Z.shape)\n    print('x' * 10_000)\n    return Z"
    cell = notebook(talking, "check(softmax)")
    assert cell.printed.startswith("Z is (2, 3)\nxxx")
    assert cell.printed.endswith("… what else it prints is left out\n")
    assert len(cell.printed) < 5000
    assert notebook("progress()").printed == ""


def test_nothing_of_the_notebook_is_changed(notebook):
    drawing = "def softmax(Z):\n    np.random.seed(0); Z = np.random.rand(2, 3); return Z"
    look = "state = np.random.get_state()[1].copy(), np.geterr(), sys.stdout, set(globals())"
    compare = (
        "print(all(state[0] == np.random.get_state()[1]), state[1] == np.geterr(),"
        " state[2] is sys.stdout, set(globals()) - state[3])"
    )
    cell = notebook(drawing, look, "note = check(softmax), progress()", compare)
    assert cell.printed.startswith("True True True {")
    assert set(re.findall(r"'(\w+)'", cell.printed)) <= {
        "state",
        "note",
        "_i",
        "_ii",
        "_iii",
    } | set(re.findall(r"_i?\d+", cell.printed))


def test_an_endless_loop_can_be_interrupted(notebook, kernel):
    cell = notebook(
        "def softmax(Z):\n    print('started', flush=True)\n    while True:\n        pass"
    )

    def interrupt(message):
        cell.take(message)
        if message["msg_type"] == "stream":
            kernel[0].interrupt_kernel()

    kernel[1].execute_interactive("check(softmax)", output_hook=interrupt, timeout=60)
    assert cell.error == ""
    said = r"■ softmax: interrupted in softmax, line [234] of its cell; does the loop end\?"
    assert re.fullmatch(said, cell.text)
    assert notebook("print(sys.stdout.__class__.__name__)").printed == "OutStream\n"
    assert re.search(r"softmax +■ interrupted ", notebook("progress()").text)
    cell = notebook("def softmax(Z): pass", "progress()")
    assert re.search(r"softmax +○ run check\(softmax\) ", cell.text)


def test_a_cell_that_did_not_run_is_not_what_is_checked(notebook, answers):
    broken = "def softmax(Z):\n    return np.exp(Z\n"
    cell = notebook(answers["softmax"], broken, "None", "check(softmax)")
    assert cell.text.splitlines()[:2] == [
        "✓ softmax: both visible inputs are right",
        "  The last cell that defines softmax did not run: SyntaxError, '(' was never closed, "
        "line 2. This is the check of the older one.",
    ]
    cell = notebook("untrained_loss = 7", "untrained_loss = 7 8", "check('untrained_loss')")
    assert "The last cell that defines untrained_loss did not run: SyntaxError" in cell.text
    cell = notebook(answers["softmax"], "softmax_2 = (", "softmax(", "check(softmax)")
    assert "did not run" not in cell.text
    cell = notebook("%%time\n" + answers["softmax"], "!true", "check(softmax)")
    assert "did not run" not in cell.text


# jsonschema stands for whatever is installed here and is not there when a lab is graded.
@pytest.mark.parametrize(
    ("code", "module"),
    [
        ("import jsonschema\ndef softmax(Z): return jsonschema.validate(Z)", "jsonschema"),
        ("from jsonschema import validate as softmax", "jsonschema.validators"),
        ("from jsonschema import validate\nsoftmax = lambda Z: [validate(z) for z in Z]", "json"),
        ("def softmax(Z):\n    from jsonschema.validators import validate", "jsonschema.val"),
        ("import jsonschema as j\ndef f(): j\ndef softmax(Z): return f()", "jsonschema"),
        ("import jsonschema\nclass Counter:\n def add(self): jsonschema", "jsonschema"),
        ("import jsonschema\nclass Counter:\n @property\n def add(self): jsonschema", "jsonschema"),
        ("import jsonschema\nclass Counter(jsonschema.FormatChecker): pass", "jsonschema"),
        ("from mlcourse.functional import softmax", "mlcourse.functional"),
    ],
)
def test_what_is_not_there_when_the_lab_is_graded(notebook, code, module):
    name = "Counter" if "Counter" in code else "softmax"
    cell = notebook(code, f"check({name})")
    assert cell.text.startswith(f"✗ {name}: uses {module}")
    assert cell.text.endswith(", which is not there when the lab is graded; use NumPy")


def test_what_is_there_when_the_lab_is_graded(notebook):
    code = """
import math, jsonschema
import numpy.linalg as la
import matplotlib.pyplot as plt
from mlcourse import plots
from mlcourse.data import mini_mnist
from functools import lru_cache

@lru_cache
def again(k):
    return softmax(k) if k else math.exp(0) * la.norm([1]), mini_mnist, plots, plt, print

def softmax(Z):
    import mlcourse.data, collections.abc
    jsonschema = again(0)
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True)
"""
    assert notebook(code, "check(softmax)").text.startswith("✓ softmax")


def test_a_universal_function_knows_only_its_name(monkeypatch):
    special = types.ModuleType("scipy.special")
    expit = np.frompyfunc(abs, 1, 1)
    vars(special)[expit.__name__] = expit
    monkeypatch.setitem(sys.modules, "scipy.special", special)
    assert foreign_module(expit, {}, ()) == "scipy.special"
    assert foreign_module(np.exp, {}, ()) is None


def test_html_is_escaped_and_takes_the_colours_of_the_theme(notebook):
    cell = notebook(
        "def softmax(Z):\n    raise ValueError('<script>alert(1)</script>')", "check(softmax)"
    )
    assert "&lt;script&gt;" in cell.html
    assert "<script" not in cell.html
    assert "background" not in cell.html
    assert cell.html.count("color:") == 1  # of the mark


def test_everything_is_escaped():
    evil = "<i>"
    note = Note("note", evil, evil, [evil, Code(evil), List([evil]), Table([evil], [[evil]])])
    assert "<i>" not in note._repr_html_()
    assert note._repr_html_().count("&lt;i&gt;") == 7


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


# JupyterLab, VS Code and Colab, light and dark.
@pytest.mark.parametrize("background", ["#ffffff", "#111111", "#1e1e1e", "#383838"])
def test_marks_stand_out_on_every_theme(background):
    for _, colour in MARKS.values():
        low, high = sorted([luminance(colour), luminance(background)])
        assert (high + 0.05) / (low + 0.05) >= 3


def test_a_damaged_file_does_not_hide_the_others(notebook, folder):
    damaged = folder / "checks/lab02.json"
    damaged.write_text(
        '{"format": 1, "lab": "lab02", "title": "", "chapter": "", "modules": [], "questions": []}'
    )
    try:
        assert "lab02.json" not in notebook("check('adam')").text
        damaged.write_text('{"format": 1, "questions": [{}]}')
        assert "not there yet" in notebook("check('softmax')").text
        cell = notebook("check('adam')")
        assert re.search("no question adam.* lab02.json in .* is damaged", cell.text)
        damaged.write_text('{"format": 2}')
        assert "newer version" in notebook("check('adam')").text
    finally:
        damaged.unlink()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no check files found"),
        ('{"format": 1, "lab', "lab07.json in .* is damaged .* Download it again"),
        ("[]", "is damaged"),
        ('{"format": 2}', "was made for a newer version of mlcourse"),
    ],
)
def test_check_files_that_cannot_be_read(tmp_path, content, said):
    if content is not None:
        (tmp_path / "checks").mkdir()
        (tmp_path / "checks/lab07.json").write_text(content)
    # A copy of the package has no course beside it.
    shutil.copytree(ROOT / "mlcourse/labs", tmp_path / "site/mlcourse/labs")
    code = "from mlcourse.labs import check; print(check('softmax'))"
    env = {"PYTHONPATH": "site"}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert re.search(said, run.stdout)

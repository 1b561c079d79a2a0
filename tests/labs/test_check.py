"""``check``, ``hint`` and ``progress`` in a real kernel, with a small lab of their own."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlcourse.labs.show import MARKS, Code, Note, Table

ROOT = Path(__file__).parents[2]


def test_a_right_answer(notebook, answers):
    cell = notebook(answers["softmax"], "check(softmax)")
    assert cell.text == (
        "✓ softmax: both visible inputs are right\n"
        "  The grader tries others, for 2 of the 3 points.\n"
        "  Lab 1: 1 of 6 questions pass, and 2 are read by your instructor."
    )


def test_a_known_mistake_is_named_with_an_input_that_shows_it(notebook, answers):
    cell = notebook(answers["over_the_batch"], "softmax = over_the_batch; check(softmax)")
    assert cell.text.splitlines()[:4] == [
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
        ("pass", "expected an array of shape (2, 3), got None"),
        ("Z -= Z.max(); return Z", "changes its input Z; work on a copy"),
        ("return Z / 0", "element [0, 0]: expected 0.0900306, got inf"),
        ("raise NotImplementedError('divide each row')", "not answered yet\n  divide each row"),
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
        ("untrained_loss = 7", "✗ untrained_loss: not right yet\n  Lab 1"),
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
        ("b", "not right yet\n  Lab"),
        ("d", 'give one of the letters "a", "b", "c"'),
    ],
)
def test_a_choice(notebook, value, said):
    assert said in notebook(f"diagnosis = {value!r}", 'check("diagnosis")').text


def test_a_text_is_counted_and_read_by_a_person(notebook):
    cell = notebook("why = 'It <b>is</b> so.'", 'check("why")')
    assert "→ why: 3 words; a person reads them. Points are given for:\n    1 · names" in cell.text
    assert "2 · says &lt;why&gt;" in cell.html
    assert "○ why: not answered yet" in notebook("why = ' '", "check('why')").text
    assert "→ curve: a person looks at your plot." in notebook("check('curve')").text


def test_classes_and_changes_in_place(notebook, answers):
    setup = answers["Counter"] + answers["shift"]
    assert "✓ Counter: the visible run is right" in notebook(setup, "check(Counter)").text
    assert "✓ shift: the visible input is right" in notebook("check(shift)").text
    cell = notebook("Counter.add = lambda self, k: None", "check(Counter)")
    assert cell.text.startswith("✗ Counter: not right yet\n")
    assert "a = Counter(2.0)\n    a.add(3.0)\n    a.value\n  expected 5, got 2" in cell.text
    cell = notebook("class Counter:\n    def __init__(self, start): pass", "check(Counter)")
    assert "needs Counter.add, which is not there" in cell.text


def test_a_training_run_shows_what_it_reached(notebook, answers):
    cell = notebook(answers["train"], "check(train)")
    assert "✓ train: right, 90 % of the labels; 90 % are asked for" in cell.text
    cell = notebook("def train(X, y): return np.zeros(10, int)", "check(train)")
    assert "✗ train: not right yet" in cell.text
    assert "80 % of the labels are right; 90 % are asked for" in cell.text


def test_what_is_given_is_checked_whatever_its_name_stands_for(notebook, answers):
    cell = notebook(answers["softmax"], "mine, softmax = softmax, 0", "check(mine)")
    assert cell.text.startswith("✓ softmax: both visible inputs are right")


def test_progress_repeats_no_training(notebook, answers):
    setup = [answers["softmax"], "runs = 0\ndef train(X, y):\n    global runs; runs += 1; return 0"]
    cell = notebook(*setup, "untrained_loss = 3; why = 'so'", "progress()")
    assert cell.text == (
        "○ Lab 1, A small lab: 1 of 6 questions pass, and 2 are read by your instructor\n"
        "  Question        State                    Points  Minutes left\n"
        "  softmax         ✓ right                  3       0\n"
        "  shift           ○ not there yet          3       10\n"
        "  Counter         ○ not there yet          3       10\n"
        "  train           ○ run check(train)       3       10\n"
        "  untrained_loss  ✗ not right yet          3       10\n"
        "  diagnosis       ○ not there yet          3       10\n"
        "  why             read by your instructor  3       0\n"
        "  curve           read by your instructor  3       0\n"
        "  About 50 minutes are left."
    )
    cell = notebook("check(train)", "print(runs, progress('lab01'), runs)")
    assert re.search(r"^1 .* train +✗ not right yet .* 1$", cell.printed, re.DOTALL)


def test_a_changed_answer_passes_no_more(notebook, answers):
    cell = notebook(answers["softmax"], "check(softmax)", "softmax = None", 'check("diagnosis")')
    assert cell.text.startswith("○ diagnosis")
    cell = notebook("diagnosis = 'c'", 'check("diagnosis")')
    assert "Lab 1: 1 of 6 questions pass" in cell.text


def test_three_hints_then_the_chapter(notebook):
    cells = [notebook("hint('softmax')").text for _ in range(4)]
    assert cells[0] == "→ softmax: hint 1 of 3\n  think"
    assert cells[2] == "→ softmax: hint 3 of 3\n  think hardest"
    assert "no more hints" in cells[3]
    assert "“The section on softmax” again, in chapters/01-small.ipynb" in cells[3]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("check('sofmax')", "there is no question sofmax; did you mean softmax? The labs ask for"),
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
    cell = notebook("def softmax(Z):\n    print('started', flush=True)\n    while True: pass")

    def interrupt(message):
        cell.take(message)
        if message["msg_type"] == "stream":
            kernel[0].interrupt_kernel()

    kernel[1].execute_interactive("check(softmax)", output_hook=interrupt, timeout=60)
    assert cell.error == "KeyboardInterrupt"
    assert notebook("print(sys.stdout.__class__.__name__)").printed == "OutStream\n"


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
    note = Note("note", evil, evil, [evil, Code(evil), Table([evil], [[evil]])])
    assert "<i>" not in note._repr_html_()
    assert note._repr_html_().count("&lt;i&gt;") == 6


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
    damaged.write_text('{"format": 1, "lab": "lab02", "title": "", "chapter": "", "questions": []}')
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

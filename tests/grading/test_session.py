"""Real workers in real sandboxes: honest code is answered, hostile code costs itself alone."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mlcourse.grading.session import Limits, Session, StudentError
from mlcourse.labs.steps import Case, Slot

CELLS = [
    """
import os, sys
import numpy as np

learning_rate = 0.1
calls = 0

def double(x):
    return 2 * x

def in_place(x, y):
    y += 1
    return y

def draw(rng):
    return rng.normal(size=2)

def apply(f, x):
    return f(x) + 1

def kept():
    frame = sys._getframe()
    while "self" not in frame.f_locals:
        frame = frame.f_back
    return len(frame.f_locals["self"]._kept)

def fail(x):
    raise KeyError("no such key")

class Counter:
    def __init__(self, value):
        self.value = np.array(value, dtype=float)
        self.view = self.value[:1]

    def add(self, other, times=1):
        self.value += times * getattr(other, "value", other)

    def copy(self):
        return Counter(self.value)
""",
    "print('hello')\nthis is no Python",
    "1 / 0",
]


@pytest.fixture(scope="module")
def student():
    with Session(CELLS) as session:
        yield session


def error_of(function, *args, **kwargs):
    with pytest.raises(StudentError) as caught:
        function(*args, **kwargs)
    return caught.value


def test_a_bad_cell_does_not_stop_the_others(student):
    good, syntax, division = student.run()
    assert (good.status, good.error, good.output) == ("ok", "", "")
    assert syntax.status == "raised"
    assert syntax.error.startswith("SyntaxError: invalid syntax")
    assert division.error == "ZeroDivisionError: division by zero (cell 3, line 1)"
    assert {"double", "Counter", "np"} <= student.names
    assert not {"display", "__builtins__"} & student.names


def test_a_call_gives_what_the_function_returns(student):
    X = np.arange(6, dtype=np.float32).reshape(2, 3)
    Y = student.call("double", X.T)
    assert Y.dtype == np.float32
    np.testing.assert_array_equal(Y, 2 * X.T)
    assert student.call("double", x=[1]) == [1, 1]
    assert student.call("double", np.zeros((0, 3))).shape == (0, 3)
    assert student.value("learning_rate") == 0.1


def test_a_student_draws_from_a_copy_of_the_generator(student):
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(
        student.call("draw", rng), np.random.default_rng(5).normal(size=2)
    )
    assert rng.random() == np.random.default_rng(5).random()


def test_functions_are_asked_back(student):
    assert student.call("apply", lambda x: 10 * x, 4) == 41
    assert student.call("apply", np.exp, 0.0) == 2
    error = error_of(student.call, "apply", lambda x: x.nothing, 4)
    assert error.kind == "raised"
    assert "the function cannot take this: AttributeError" in str(error)


def test_an_input_must_not_change_unless_the_student_owns_it(student):
    x, y = np.zeros(2), np.zeros(2)
    error = error_of(student.call, "in_place", x, y)
    assert error.kind == "mutated"
    assert str(error) == "in_place changes its input (argument 2); it must work on a copy"
    assert y.tolist() == [0, 0]
    assert student.case(Case.call("in_place", x, y), owned=True)[0].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("doubel", "missing", "doubel is not defined; did you rename it to double?"),
        ("softmax", "missing", "softmax is not defined; did you rename it?"),
        ("fail", "raised", "fail raised KeyError: 'no such key' (cell 1, line 28)"),
    ],
)
def test_an_error_says_what_happened(student, name, kind, message):
    error = error_of(student.call, name, 1)
    assert (error.kind, str(error)) == (kind, message)
    assert error.type == ("KeyError" if kind == "raised" else "")


def test_what_a_function_answers_may_be_too_much(student):
    error = error_of(student.call, "apply", lambda x: x * 100, "x" * 100_000)
    assert error.kind == "protocol"
    assert "more than 4,000,000 characters" in str(error)
    assert student.call("double", 2) == 4


def test_live_objects_keep_their_state(student):
    counter = student.new("Counter", [1.0, 2.0])
    counter.call("add", 1.0, times=2)
    assert counter.get("value").tolist() == [3, 4]
    counter.set("value", np.array([7.0, 8.0]))
    assert counter.get("view").tolist() == [7]  # written into, as views expect
    other = counter.make("copy")
    other.call("add", counter)
    assert other.get("value").tolist() == [14, 16]
    assert counter.get("value").tolist() == [7, 8]
    error = error_of(counter.call, "subtract")
    assert (error.kind, str(error)) == ("missing", "Counter.subtract does not exist")


def test_objects_that_nobody_needs_are_forgotten(student):
    counters = [student.new("Counter", [1.0]) for _ in range(3)]
    before = student.call("kept")
    del counters[1:]
    assert student.call("kept") == before - 2
    assert counters[0].get("value") == [1]


def test_a_program_of_several_objects(student):
    steps = (
        ("name", "Counter"),
        ("call", 0, ([1.0],), {}),
        ("get", 1, "value"),
        ("get", 1, "add"),
        ("call", 3, (Slot(1),), {}),
        ("get", 1, "value"),
    )
    before, after = student.case(Case(steps, (2, 5)))
    assert (before.tolist(), after.tolist()) == ([1], [2])


def test_what_is_asked_for_badly_is_the_teachers_error(student):
    with pytest.raises(TypeError, match="a set"):
        student.call("double", {1, 2})
    assert student.call("double", 2) == 4


def test_a_worker_broken_by_another_call_is_replaced():
    cell = """
import os
broken = False
def poison():
    global broken
    broken = True
def innocent():
    if broken: os._exit(1)
    return 1
"""
    with Session([cell]) as student:
        student.call("poison")
        assert student.call("innocent") == 1
        assert student.starts == 2


def test_a_call_that_kills_is_tried_once_more_and_no_oftener():
    with Session(["import os\ndef good(): return 1\ndef bad(): os._exit(3)"]) as student:
        for starts in (2, 3, 4):
            assert student.call("good") == 1
            error = error_of(student.call, "bad")
            assert error.kind == "died"
            assert str(error) == "bad: the code ended Python itself (exit code 3)"
            assert student.starts == starts


def test_a_slow_training_is_not_run_twice():
    with Session(["def train():\n  while True: pass\ndef good(): return 1"]) as student:
        student.call("good")
        with student.allow(0.2):
            error = error_of(student.call, "train")
        assert str(error) == "train took longer than 0.2 seconds"
        assert student.starts == 1
        assert student.call("good") == 1


def test_objects_are_lost_with_their_worker():
    with Session([*CELLS, "def bad(): os._exit(0)"]) as student:
        counter = student.new("Counter", [1.0])
        assert error_of(student.call, "bad").kind == "died"
        for use in (lambda: counter.get("value"), lambda: student.call("double", counter)):
            error = error_of(use)
            assert error.kind == "died"
            assert str(error) == "the object that Counter made was lost when the code crashed"
        assert student.new("Counter", [2.0]).get("value") == [2]
        assert error_of(counter.get, "value").kind == "died"


def test_deadly_cells_run_once():
    cells = ["import os\na = 1", "os._exit(0)", "b = 2", "while True: pass", "c = a + b"]
    with Session(cells, limits=Limits(cell=0.5)) as student:
        reports = student.run()
        assert [report.status for report in reports] == ["ok", "died", "ok", "timeout", "ok"]
        assert reports[3].error == "took longer than 0.5 seconds"
        assert student.value("c") == 3
        assert student.starts == 3


def test_the_time_for_everything_ends():
    cells = ["while True: pass", "x = 1"]
    with Session(cells, limits=Limits(total=0.3)) as student:
        first, second = student.run()
        whole = "the time for the whole submission, 0.3 seconds, was over"
        assert first.error == f"was not done when {whole}"
        assert second.error.startswith("not run")
        assert error_of(student.value, "x").kind == "timeout"


def test_the_time_for_everything_ends_for_workers_that_die_too():
    with Session(["import os; os._exit(0)"] * 200, limits=Limits(total=0.5)) as student:
        reports = student.run()
        assert reports[0].status == "died"
        assert reports[-1].status == "timeout"
        assert student.starts < 100


def test_output_is_kept_capped_and_clean():
    cells = ["print('\\x1b[31mred\\u202e', flush=True); import os; os.write(2, b'\\xff')"]
    cells.append("for i in range(100_000): print('line', i)")
    with Session(cells, limits=Limits(output=2000)) as student:
        red, many = student.run()
    assert red.output == "[31mred\n�"
    assert many.output.startswith("line 0\nline 1\n")
    assert many.output.endswith("\n(the rest of the output was cut off)")
    assert len(many.output) < 2100


def files():
    folder = Path("/proc/self/fd")
    # The listing itself opens a file, which is gone when it ends.
    return {fd.name: os.readlink(fd) for fd in list(folder.iterdir()) if fd.is_symlink()}


def children():
    here = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return set(here.read_text().split())


def test_nothing_is_left_behind():
    """No file, no zombie, and no thread that the student's code started."""
    cell = """
import os, threading, time
def go_on():
    threading.Thread(target=time.sleep, args=(1000,)).start()
def double(x): return 2 * x
def bad(x): os._exit(0)
"""
    others = children()  # of tests that are not done
    with Session([cell]) as student:
        student.call("go_on")
        [bwrap] = children() - others
        inside = Path(f"/proc/{bwrap}/task/{bwrap}/children").read_text().split()
    assert inside
    before = files()
    for _ in range(5):
        with Session([cell]) as student:
            student.call("double", np.ones(3))
            error_of(student.call, "bad", np.ones(3))
            with pytest.raises(TypeError):
                student.call("double", (np.ones(3), {1}))
    assert files() == before
    assert children() == others
    until = time.monotonic() + 30
    while Path(f"/proc/{inside[0]}").exists():  # the first process of the sandbox, and so all
        assert time.monotonic() < until
        time.sleep(0.02)


def test_sessions_in_threads_share_nothing():
    cell = """
import os, stat
def look():
    found = []
    for fd in range(256):
        try: found.append(stat.S_IFMT(os.fstat(fd).st_mode))
        except OSError: pass
    return found, os.listdir('/tmp'), dict(os.environ)
open('/tmp/mine', 'w').close()
"""
    seen = []

    def one():
        with Session([cell]) as student:
            student.run()
            barrier.wait(30)
            seen.append(student.call("look"))
            barrier.wait(30)

    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    for kinds, in_tmp, environment in seen:
        # Input, output twice, and the socket.
        assert [kind >> 12 for kind in kinds] == [2, 1, 1, 12]
        assert in_tmp == ["mine"]
        assert environment["HOME"] == "/tmp"
        assert not {"PATH", "USER", "PYTHONPATH", "CI"} & environment.keys()


def test_without_a_sandbox_limits_remain():
    with Session(CELLS, isolation="process") as student:
        assert student.call("double", np.ones(2)).tolist() == [2, 2]
    with pytest.raises(ValueError, match="isolation"):
        Session([], isolation="none")


@pytest.mark.parametrize(
    "change",
    [
        "layers.pop()",
        "layers[0].append(1)",
        "layers[0][0] = layers[0][0] + 1",
        "sizes['a'] = 2",
        "sizes.clear()",
    ],
)
def test_a_changed_list_or_dict_is_a_changed_input(change):
    source = f"def f(layers, sizes):\n    {change}\n    return 1"
    with Session([source]) as student:
        case = Case.call("f", [[np.ones(2)]], {"a": 1})
        with pytest.raises(StudentError, match="changes its input"):
            student.case(case)
        assert student.case(case, owned=True) == [1]

"""Programs as data: they run as the Python that they stand for, and read like it."""

import json

import numpy as np
import pytest

from mlcourse.labs.compare import Outcome
from mlcourse.labs.describe import describe, difference
from mlcourse.labs.steps import Case, Missing, Slot, pack_case, run, unpack_case


class Node:
    def __init__(self, data):
        self.data, self.grad = data, 0.0

    def __mul__(self, other):
        return Node(self.data * other.data)

    def backward(self):
        self.grad = 1.0

    @property
    def broken(self):
        return self.nothing.at_all


NAMES = {"Node": Node, "theta": np.zeros(2)}
PROGRAM = Case(
    (
        ("name", "Node"),
        ("call", 0, (2.0,), {}),
        ("op", "mul", (Slot(1), Slot(1))),
        ("get", 2, "data"),
        ("get", 2, "backward"),
        ("call", 4, (), {}),
        ("get", 2, "grad"),
        ("set", 2, "data", 7.0),
        ("get", 2, "data"),
    ),
    (8, 3, 6),
)


# What is shown and may change later is taken down where it stands.
PROGRAM_READS = """\
a = Node(2.0)
b = a * a
c = b.data
b.backward()
d = b.grad
b.data = 7.0
b.data, c, d"""


def lookup(name):
    if name not in NAMES:
        raise Missing(name)
    return NAMES[name]


def test_a_program_runs_as_its_python():
    assert run(PROGRAM.steps, lookup, PROGRAM.shown) == [7.0, 4.0, 1.0]


def test_what_is_shown_is_what_was_there_then():
    steps = [
        ("name", "theta"),
        ("get", 0, "fill"),
        ("call", 1, (5.0,), {}),
        ("name", "theta"),
    ]
    NAMES["theta"] = np.zeros(2)
    before, after = run(steps, lookup, [0, 3])
    assert before.tolist() == [0, 0]
    assert after.tolist() == [5, 5]


def test_slots_are_found_deep_in_arguments():
    names = {"first": lambda parts, key: parts["a"][1] + key}
    steps = [
        ("name", "n"),
        ("name", "first"),
        ("call", 1, ({"a": [0, Slot(0)]},), {"key": Slot(0)}),
    ]
    assert run(steps, {**names, "n": 3}.get, [2]) == [6]


def test_an_array_of_equal_shape_is_written_into():
    """Views of it must see the new values."""
    node = Node(np.zeros(3))
    view = node.data[1:]
    steps = [("name", "node"), ("set", 0, "data", np.ones(3))]
    run(steps, {"node": node}.get, [])
    assert view.tolist() == [1, 1]
    run([*steps[:1], ("set", 0, "data", np.ones(2))], {"node": node}.get, [])
    assert node.data.shape == (2,)


def test_what_is_missing_has_a_name():
    with pytest.raises(Missing, match="Tensor"):
        run([("name", "Tensor")], lookup, [0])
    with pytest.raises(Missing, match=r"Node\.backwards"):
        run([*PROGRAM.steps[:2], ("get", 1, "backwards")], lookup, [2])
    with pytest.raises(AttributeError, match="nothing"):  # it is there, and wrong
        run([*PROGRAM.steps[:2], ("get", 1, "broken")], lookup, [2])


@pytest.mark.parametrize("step", [("op", "eval", ("1",)), ("exec", "1"), ("name",), ()])
def test_there_are_no_other_steps(step):
    with pytest.raises(ValueError, match="an unknown step"):
        run([step], lookup, [])


def test_a_case_comes_back_from_json():
    case = Case.call("f", (1, [Slot(0)]), np.exp, x=None)
    assert unpack_case(json.loads(json.dumps(pack_case(case)))) == case
    assert unpack_case(json.loads(json.dumps(pack_case(PROGRAM)))) == PROGRAM


@pytest.mark.parametrize(
    ("case", "text"),
    [
        (PROGRAM, PROGRAM_READS),
        (Case.value("lr"), "lr"),
        (Case.call("f", 1, [True, None], x="a"), "f(1, [True, None], x='a')"),
        (Case.call("f", np.float32(0.5), (2,), {}), "f(0.5, (2,), {})"),
        (Case.call("f", np.exp, rng=np.random.default_rng(0)), "f(exp, rng=rng)"),
        (Case.call("f", np.arange(3)), "f([0, 1, 2])"),
        (Case.call("f", np.array([np.nan, 1 / 3])), "f([nan, 0.333333])"),
        (Case.call("f", np.zeros((4, 4), np.float32)), "f(float32 array of shape (4, 4))"),
        (Case.call("f", "x" * 200), f"f('{'x' * 79} …)"),
        (
            Case((("name", "N"), ("call", 0, (1,), {}), ("op", "mul", (Slot(1), Slot(1)))), ()),
            "a = N(1)\na * a",
        ),
        (
            Case(
                (
                    ("name", "N"),
                    ("call", 0, (1,), {}),
                    ("op", "mul", (Slot(1), 2)),
                    ("op", "neg", (Slot(2),)),
                    ("op", "getitem", (Slot(3), 0)),
                ),
                (4,),
            ),
            "a = N(1)\n(-(a * 2))[0]",
        ),
    ],
)
def test_a_case_reads_like_python(case, text):
    assert describe(case) == text


def test_arrays_are_shown_under_the_names_of_arguments():
    case = Case.call("loss", np.array([[1.0, 2.5]]), np.zeros((50, 2)), 0.1)
    shown = "loss(Z, y, 0.1) with Z = [[1, 2.5]], y = float64 array of shape (50, 2)"
    assert describe(case, ["Z", "y", "eps"]) == shown


def test_a_long_program_is_described():
    steps = [("name", "N"), *(("call", 0, (i,), {}) for i in range(40))]
    steps.append(("call", 0, tuple(Slot(i) for i in range(1, 41)), {}))
    assert "v40 = N(39)" in describe(Case(tuple(steps), (41,)))


def test_the_value_that_differs_is_named():
    steps = (("name", "N"), ("call", 0, (1,), {}), ("get", 1, "grad"), ("get", 1, "data"))
    right = Outcome("value", [2.0, 3.0])
    for case, got, text in [
        (Case(steps, (2, 3)), [2.0, 4.0], "a.data: expected 3, got 4"),
        (Case(steps, (2, 3)), [2.0, 3.0], None),
        (Case(steps, (2, 3)), [2.0], "expected 2 items, got 1"),
    ]:
        assert difference(case, Outcome("value", got), right) == text
    assert difference(Case(steps, (2,)), Outcome("value", [1.0]), Outcome("value", [2.0])) == (
        "expected 2, got 1"
    )


def test_a_long_argument_stands_under_its_name():
    case = Case.call("f", {"W1": [1.0, 2.0], "b1": [3.0, 4.0]}, 0.5)
    text = "f(parameters, 0.5) with parameters = {'W1': [1.0, 2.0], 'b1': [3.0, 4.0]}"
    assert describe(case, ["parameters", "lr"]) == text

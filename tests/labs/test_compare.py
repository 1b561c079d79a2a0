"""What counts as right, what is said otherwise, and which known mistake is recognised."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlcourse.labs.compare import (
    Outcome,
    accuracy_of,
    agree,
    alike,
    digest,
    digest_matches,
    misconception,
    raised,
    same,
)

RIGHT = [
    (1, 1.0),
    (np.float64(2.5), 2.5),
    (np.array(3), 3),
    (math.nan, math.nan),
    (np.array(complex(0, math.nan)), np.array(complex(0, math.nan))),
    (1 + 2j, np.complex64(1 + 2j)),
    (math.inf, math.inf),
    (10**400, 10**400),
    ([1, 2.0], (1, 2)),
    (True, np.True_),
    ("b", "b"),
    (None, None),
    ({"W": np.zeros(2)}, {"W": np.zeros(2)}),
    (np.zeros((0, 3)), np.zeros((0, 3))),
    (np.float32([1, 2]), np.array([1 + 5e-6, 2])),
    (np.array([1, 2], dtype=np.int32), np.array([1, 2])),
    (np.array([np.nan, -np.inf]), np.array([np.nan, -np.inf])),
]
WRONG = [
    (2, 3, "expected 3, got 2"),
    (True, 1, "expected a number, got True"),
    (1, True, "expected True, got the int 1"),
    ("2", 2, "expected a number, got the str '2'"),
    (10**400, 1.0, "expected 1, got a number with more than 60 digits"),
    (1.0, 10**400, "expected a number with more than 60 digits, got 1"),
    (math.nan, 1.0, "expected 1, got nan"),
    (1 + 1e-4, 1.0, "expected 1, got 1.0001"),
    (1.0, 1 + 2j, "expected (1+2j), got 1"),
    (None, np.zeros(2), "expected an array of shape (2,), got None"),
    ([0.0, 0.0], np.zeros(2), "expected an array of shape (2,), got a list of 2"),
    (np.zeros((2, 1)), np.zeros(2), "expected shape (2,), got (2, 1)"),
    (np.zeros(2, dtype=int), np.zeros(2), "expected floats (float64), got int64"),
    (np.zeros(2), np.zeros(2, dtype=int), "expected integers (int64), got float64"),
    (np.array([1.0, np.inf]), np.array([1.0, 5.0]), "element [1]: expected 5, got inf"),
    (np.zeros(2), np.ones(2), "element [0]: expected 1, got 0 (2 of 2 elements differ)"),
    ((1, 2, 3), (1, 2), "expected 2 items, got 3"),
    (5, (1, 2), "expected a tuple of 2, got the int 5"),
    ([1, [2, 4]], [1, [2, 3]], "item 1: item 1: expected 3, got 4"),
    ({"b": 1}, {"W": 1}, "key 'W' is missing"),
    ({"W": 1, "b": 2}, {"W": 1}, "key 'b' should not be there"),
    ({"W": 2}, {"W": 1}, "key 'W': expected 1, got 2"),
    ("x" * 100, "y", f"expected the str 'y', got the str '{'x' * 56}..."),
]


@pytest.mark.parametrize(("got", "expected"), RIGHT)
def test_right_answers_agree(got, expected):
    assert agree(got, expected) is None


@pytest.mark.parametrize(("got", "expected", "message"), WRONG)
def test_message_names_the_first_difference(got, expected, message):
    assert agree(got, expected) == message


def test_numbers_are_shown_with_the_digits_that_differ():
    assert agree(1.0000001, 1.0, rtol=0, atol=0) == "expected 1, got 1.0000001"


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.floats().map(np.float64)
    | st.text()
    | arrays.arrays(
        st.sampled_from(["f8", "f4", "i8", "u1", "?", "c16", "U3"]), arrays.array_shapes(min_dims=0)
    ),
    lambda items: st.lists(items) | st.tuples(items) | st.dictionaries(st.text(), items),
)


@settings(max_examples=300, derandomize=True)
@given(plain, plain)
def test_comparison_never_fails_and_everything_agrees_with_itself(got, expected):
    difference = agree(got, expected)
    assert difference is None or isinstance(difference, str)
    assert agree(got, got) is None


def test_numbers_beyond_every_float():
    assert agree(10**400, 10**400) is None
    for expected in (10**401, 1.5, np.float64(1.5), np.int64(3)):
        assert "got a number with more than 60 digits" in agree(10**400, expected)


def value(*shown):
    return Outcome("value", list(shown))


def test_outcomes_are_the_same():
    assert same(value(1.0), value(1.0 + 1e-9))
    assert not same(value(1.0), value(2.0))
    assert same(Outcome("raised", detail="ValueError"), Outcome("raised", detail="ValueError"))
    assert not same(Outcome("raised", detail="ValueError"), Outcome("raised", detail="TypeError"))
    assert not same(value(1.0), Outcome("mutated"))
    assert same(Outcome("mutated", detail="0"), Outcome("mutated"))


def test_predictions_are_alike():
    labels = np.arange(100)
    one_off = np.where(labels == 3, 0, labels)
    assert alike(value(labels), value(one_off))
    assert not alike(value(labels), value(labels[::-1]))
    assert not alike(value(labels), value(3))
    spent = raised("ValueError", "the budget is spent")
    assert alike(spent, raised("ValueError", "the budget is spent"))
    assert not alike(spent, raised("ValueError", "shapes do not fit"))


def test_accuracy():
    assert accuracy_of(value(np.array([1, 0])), [1, 1]) == 0.5
    assert accuracy_of(value(np.array([1.0, 0.0])), [1, 1]) == "expected integers, got float64"
    assert "a label for each row" in accuracy_of(value(np.array([[1], [1]])), [1, 1])


SUMS = ("sums", [value(6.0), value(2.0)])
FIRST = ("takes the first", [value(1.0), value(2.0)])


@pytest.mark.parametrize(
    ("outcomes", "right", "message"),
    [
        ([value(6.0), value(2.0)], [False, True], "sums"),
        ([value(1.0), value(2.0)], [False, True], "takes the first"),
        ([value(2.0), value(2.0)], [True, True], None),  # right: agreeing there names no mistake
        ([value(9.0), value(2.0)], [False, True], None),
        ([value(6.0), value(7.0)], [False, False], None),  # another mistake than that one alone
        ([value(6.0), None], [False, False], "sums"),
        ([Outcome("timeout"), None], [False, False], None),
    ],
)
def test_misconception_is_the_wrong_answer_that_does_the_same(outcomes, right, message):
    assert misconception(outcomes, right, [SUMS, FIRST]) == message


def test_exceptions_are_the_same_mistake_by_their_text():
    def raised(text):
        return Outcome("raised", detail=text)

    wrongs = [("one layer too many", [raised("ValueError: shapes")])]
    assert misconception([raised("ValueError: shapes")], [False], wrongs) == "one layer too many"
    assert misconception([raised("ValueError: unpack")], [False], wrongs) is None
    deep = [("calls itself", [raised("RecursionError: maximum depth in comparison")])]
    assert misconception([raised("RecursionError: maximum depth")], [False], deep)


@pytest.mark.parametrize("off", [0.0, 0.0098, -0.0098])
def test_number_within_its_tolerance(off):
    right = digest("x", 2.3026, 0.01)
    assert digest_matches("x", 2.3026 + off, 0.01, right)


@pytest.mark.parametrize(
    "answer", [2.3026 + 0.0102, 2.29, math.nan, math.inf, 10**400, "2.3026", True, None, [2.3026]]
)
def test_number_that_is_not_right(answer):
    assert not digest_matches("x", answer, 0.01, digest("x", 2.3026, 0.01))


def test_choice_ignores_case_and_spaces():
    right = digest("x", "b", None)
    assert digest_matches("x", " B\n", None, right)
    assert not digest_matches("x", "a", None, right)
    assert not digest_matches("x", 2, None, right)
    assert digest("y", "b", None) != right  # one question's fingerprint says nothing of another's

"""Checks accept what they should and nothing else; tests/unit/test_errors.py has the messages."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlcourse.checks import (
    check_batch,
    check_dtype,
    check_floats,
    check_labels,
    check_range,
    check_rng,
    check_shape,
)

SHAPE = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)


@given(shape=SHAPE, data=st.data())
def test_a_shape_matches_itself_and_names_stand_for_any_size(shape, data):
    expected = tuple(data.draw(st.sampled_from([size, "N"])) for size in shape)
    check_shape("x", np.empty(shape), expected)


@given(shape=SHAPE, expected=SHAPE)
def test_any_other_shape_is_refused(shape, expected):
    if shape == expected:
        check_shape("x", np.empty(shape), expected)
    else:
        with pytest.raises(ValueError, match="x: expected shape"):
            check_shape("x", np.empty(shape), expected)


def test_one_dimension_is_written_as_python_writes_it():
    with pytest.raises(ValueError, match=r"^y: expected shape \(3,\), got \(3, 1\); a hint$"):
        check_shape("y", np.empty((3, 1)), (3,), "a hint")


@pytest.mark.parametrize("x", [np.zeros(1, np.float64), np.zeros(1, np.int32), [0.0], 0.0, None])
def test_only_the_very_dtype_will_do(x):
    check_dtype("x", np.zeros(1, np.float32), np.dtype(np.float32))
    with pytest.raises(TypeError, match="x: expected float32, got "):
        check_dtype("x", x, np.dtype(np.float32))


@pytest.mark.parametrize("x", [np.zeros(1, int), np.zeros(1, bool), np.array(["a"]), [0.0], 1.0])
def test_floats_are_arrays_of_floats(x):
    check_floats("x", np.zeros(1, np.float32))
    with pytest.raises(TypeError, match="x: expected an array of floating-point numbers, got "):
        check_floats("x", x)


@pytest.mark.parametrize("rng", [0, None, np.random, np.random.RandomState(0)])
def test_randomness_is_a_generator(rng):
    check_rng("rng", np.random.default_rng(0))
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got a \w+; pass"):
        check_rng("rng", rng)


@pytest.mark.parametrize("x", [np.zeros((0, 3)), []])
def test_a_batch_has_samples(x):
    check_batch("X", np.zeros((1, 0)))
    with pytest.raises(ValueError, match="X: expected at least one sample, got shape"):
        check_batch("X", x)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int64, np.uint64])
def test_labels_of_every_integer_type(dtype):
    y = np.array([0, 9, 5], dtype)
    check_labels(y, 10, 3)
    with pytest.raises(ValueError, match=r"labels y: expected 0\.\.8, got 0\.\.9"):
        check_labels(y, 9, 3)
    with pytest.raises(ValueError, match=r"labels y: expected shape \(4,\), got \(3,\)"):
        check_labels(y, 10, 4)


@pytest.mark.parametrize(
    ("y", "got"),
    [
        (np.array([True, False]), "bool"),
        (np.array([0.0, 1.0]), "float64"),
        (np.array(["0", "1"]), "<U1"),
        (np.array([0, 1], object), "object"),
        ([0, 1], "a list"),
    ],
)
def test_labels_are_integers(y, got):
    with pytest.raises(TypeError, match=f"labels y: expected an array of integers, got {got}"):
        check_labels(y, 2, 2)


def test_negative_labels_do_not_count_from_the_end():
    with pytest.raises(ValueError, match=r"labels y: expected 0\.\.9, got -1\.\.3"):
        check_labels(np.array([3, -1]), 10, 2)


@given(value=st.floats(allow_nan=False), closed=st.sampled_from(["()", "(]", "[)", "[]"]))
def test_a_range_includes_the_ends_that_its_brackets_draw(value, closed):
    inside = (0 < value < 1) or (value == 0 and closed[0] == "[") or (value == 1 and "]" in closed)
    if inside:
        assert check_range("x", value, 0, 1, closed=closed) == value
    else:
        with pytest.raises(ValueError, match="x must be in "):
            check_range("x", value, 0, 1, closed=closed)


@pytest.mark.parametrize(
    ("value", "closed", "message"),
    [
        (-1, "[)", "x must be at least 0, got -1"),
        (0, "()", "x must be greater than 0, got 0"),
        (math.inf, "[)", "x must be at least 0 and finite, got inf"),
        (math.nan, "[)", "x must be at least 0, got nan"),
    ],
)
def test_a_range_without_an_upper_end(value, closed, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_range("x", value, 0, closed=closed)


def test_the_value_comes_back_as_a_float_of_python():
    assert type(check_range("x", np.float64(0.5), 0, 1)) is float
    assert type(check_range("x", 1, 0)) is float

"""Values go to the other side and come back as they were; bytes of any other kind are refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlcourse.grading.wire import HEAD, TooLarge, frame, pack_array, parse, unpack_array
from mlcourse.labs.plain import MAX_KEYS, pack, unpack

DTYPES = ["b1", "i1", "u8", "i4", "f2", "f4", "f8", "c8", "U3"]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays.arrays(
        dtype,
        arrays.array_shapes(min_dims=0, min_side=0),
        # NumPy's text ends before zeros, and half a character is none.
        elements=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)
        if dtype[0] == "U"
        else None,
    )
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text("abc"), inner)
    ),
)


def there_and_back(value):
    """Send a value as bytes and read it on the other side."""
    blobs = []
    data = frame({"ok": pack(value, lambda part: pack_array(part, blobs))}, blobs)
    text, body = HEAD.unpack(data[: HEAD.size])
    data = data[HEAD.size :]
    assert len(data) == text + body
    message, blobs = parse(data[:text], data[text:])
    return unpack(message["ok"], lambda tree: unpack_array(tree, blobs))


@given(PLAIN)
def test_plain_data_come_back(value):
    assert repr(there_and_back(value)) == repr(value)


@given(PLAIN)
def test_plain_data_come_back_from_json(value):
    assert repr(unpack(json.loads(json.dumps(pack(value), allow_nan=False)))) == repr(value)


@given(ARRAYS)
def test_arrays_come_back(array):
    for back in (
        there_and_back([array])[0],
        unpack(json.loads(json.dumps(pack(array), allow_nan=False)))
        if array.dtype.kind != "c"
        else array,
    ):
        assert back.dtype.kind == array.dtype.kind
        assert back.dtype == array.dtype or array.dtype.kind == "U"
        np.testing.assert_array_equal(back, array)
        assert back.flags.writeable


@pytest.mark.parametrize(
    "value", [np.float32(1.5), np.int64(-3), np.bool_(True), np.float64("nan")]
)
def test_numbers_of_numpy_keep_their_type(value):
    for back in (there_and_back(value), unpack(pack(value))):
        assert type(back) is type(value)
        np.testing.assert_equal(back, value)


def test_generators_come_back_in_their_state():
    rng = np.random.default_rng(7)
    rng.random(3)
    copy = unpack(json.loads(json.dumps(pack(rng))))
    assert copy is not rng
    assert copy.random() == rng.random()


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.array(["2020-01-01"], "M8[D]"),
        np.zeros(2, [("a", float)]),
        np.zeros(2, np.longdouble),
        np.zeros(2, "S3"),
    ],
    ids=lambda array: str(array.dtype),
)
def test_other_arrays_are_not_sent(array):
    with pytest.raises(TypeError, match="an array of"):
        pack_array(array, [])


def test_what_holds_itself_is_not_sent():
    value = []
    value.append(value)
    with pytest.raises(ValueError, match="nested too deeply"):
        pack(value)


DEEP = 1
for _ in range(60):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "tree",
    [
        {"array": [0, "|O", [1]]},
        {"array": [0, "<f8", [2]]},
        {"array": [0, "<f8", [-1]]},
        {"array": [0, "<f8", [0, 2**40]]},
        {"array": [0, "<f8", [True]]},
        {"array": [0, "<f8", [1] * 65]},
        {"array": [9, "<f8", [1]]},
        {"array": [-1, "<f8", [1]]},
        {"array": ["0", "<f8", [1]]},
        {"array": [0, ["<f8"], [1]]},
        {"array": [0, "<U2", [1]]},  # the bytes of a float are no letters
        {"scalar": [0, "<f8", [1]]},
        {"rng": {"bit_generator": "PCG64"}},
        {"numpy": "load"},
        {"kept": "#0"},
        {"tuple": 1},
        {"dict": [1]},
        {"dict": [[[], 1]]},
        {"dict": [[i, 1] for i in range(MAX_KEYS + 1)]},
        {"float": "1"},
        {},
        DEEP,
    ],
    ids=lambda tree: json.dumps(tree)[:40],
)
def test_nonsense_is_refused(tree):
    blobs = [np.array([-1.5e300]).tobytes()]
    with pytest.raises(ValueError, match=r"\b(an?|text)\b"):
        unpack(tree, lambda part: unpack_array(part, blobs))


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (b"", b""),
        (b"\xff", b""),
        (b"[]", b""),
        (b"{}", b""),
        (b'{"blobs": 1}', b""),
        (b'{"blobs": [true]}', b"x"),
        (b'{"blobs": [-1, 2]}', b"x"),
        (b'{"blobs": [2]}', b"x"),
        (b"[" * 100_000, b""),
        (b'{"blobs": [], "ok": ' + b"9" * 5000 + b"}", b""),
    ],
)
def test_broken_frames_are_refused(text, body):
    with pytest.raises(ValueError):  # noqa: PT011 - any text will do, of Python's own too
        parse(text, body)


def test_truth_values_are_0_or_1():
    """Other bytes would add up to more than their number."""
    array = unpack_array({"array": [0, "|b1", [2]]}, [b"\xff\x00"])
    assert array.sum() == 1
    assert array.view(np.uint8).tolist() == [1, 0]


def test_functions_of_numpy_come_back():
    for function in (np.exp, np.linalg.norm, np.float32):
        assert unpack(json.loads(json.dumps(pack(function)))) is function
    with pytest.raises(TypeError, match="a function"):
        pack(there_and_back)
    with pytest.raises(ValueError, match="unknown kind"):
        unpack({"numpy": "no_such_function"})


def test_half_a_character_becomes_a_mark():
    assert there_and_back("a\ud800") == "a?"


def test_subclasses_come_back_as_what_they_are():
    class Seven(int):
        def __int__(self):
            return 8

        __index__ = __repr__ = __str__ = __int__

    class Text(str):
        def __str__(self):
            return "other"

    class Two(np.ndarray):
        def tobytes(self, *args):
            return b"no"

    back = there_and_back([Seven(7), Text("text"), np.ones(2).view(Two)])
    assert [type(value) for value in back] == [int, str, np.ndarray]
    assert back[:2] == [7, "text"]
    assert back[2].tolist() == [1, 1]


def test_too_much_json_is_not_sent():
    with pytest.raises(TooLarge, match="characters"):
        frame({"ok": "x" * 5_000_000}, [])

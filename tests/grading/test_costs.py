"""What a hostile submission may cost the grader itself: each of these once hung or filled it.

No time is asserted. Without its limit, each example takes minutes, hours, or all memory.
"""

import json

import numpy as np
import pytest

from mlcourse.grading.notebook import MAX_NOTES, ReadError, read_notebook
from mlcourse.grading.wire import pack_array, unpack_array


def code(source):
    cells = [{"cell_type": "code", "source": source}]
    return json.dumps({"nbformat": 4, "cells": cells}).encode()


@pytest.mark.parametrize(
    "line",
    ['"' + '\\"' * 500_000, "'" + "\\'" * 500_000, '"' * 500_000, "'\\" * 500_000, "(" * 500_000,
     "x = " * 250_000, " " * 500_000 + "x?y", "a," * 250_000 + "= !b", "x." * 250_000 + "??"],
    ids=lambda line: line[:8],
)  # fmt: skip
def test_long_lines_are_looked_at_once(line):
    assert read_notebook(code(f"%magic\n{line}\nx = 1")).cells[0].count("\n") == 2


def test_text_without_an_end_hides_no_magic_on_the_next_line():
    source = "print(\"it's\")\nx = 'a \\\n%d' % 3\ny = \"no end\n%magic\nz = 1"
    assert read_notebook(code(source)).cells == [source.replace("%magic", "pass")]


def test_many_magics_are_not_all_noted():
    notes = read_notebook(code("%\n" * 500_000)).notes
    assert len(notes) == MAX_NOTES + 1
    assert notes[-1] == f"… and {500_000 - MAX_NOTES} more"


def test_many_empty_lists_are_not_read():
    with pytest.raises(ReadError, match="more than 2,000,000 brackets"):
        read_notebook(b'{"cells": [], "x": [' + b"[]," * 15_000_000 + b"0]}")


@pytest.mark.parametrize(
    "content", [b"\x1b]0;title\x07 hi", "\x9b31m \u202e hi".encode("latin-1", "ignore")]
)
def test_a_reason_holds_nothing_that_a_terminal_obeys(content):
    with pytest.raises(ReadError) as caught:
        read_notebook(content)
    assert str(caught.value).isprintable()
    assert "hi" in str(caught.value)


def test_a_note_holds_nothing_that_a_terminal_obeys():
    [note] = read_notebook(code("%\x1b[31m\x07\u202e magic")).notes
    assert note == 'cell 1, line 1: "%?[31m?? magic" was not run'


def test_bytes_of_an_array_are_used_once():
    blobs = []
    tree = pack_array(np.ones(3), blobs)
    assert unpack_array(tree, blobs).tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="size"):
        unpack_array(tree, blobs)


def test_shape_without_end():
    with pytest.raises(ValueError, match="an array that was not sent"):
        unpack_array({"array": [0, "<f8", [2**31 - 1] * 300_000]}, [b""])

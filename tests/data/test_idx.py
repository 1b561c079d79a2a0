import gzip
import hashlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcourse.data import DataError, read_idx

LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4])
ZIPPED = gzip.compress(LABELS, mtime=0)  # the same in every process, as the names of tests must be


@given(shape=st.lists(st.integers(0, 5), min_size=1, max_size=4), zipped=st.booleans())
@settings(max_examples=30)
def test_reads_what_was_written(tmp_path_factory, shape, zipped):
    elements = bytes(i % 256 for i in range(math.prod(shape)))
    header = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(header + elements) if zipped else header + elements)
    array = read_idx(path, hashlib.sha256(header + elements).hexdigest())
    assert array.dtype == np.uint8
    assert array.shape == tuple(shape)
    assert array.tobytes() == elements


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "expected an IDX file, which begins 00 00"),
        (LABELS[:3], "expected an IDX file, which begins 00 00, got 00 00 08"),
        (b"\x01" + LABELS[1:], "which begins 00 00, got 01 00 08 01"),
        (b"<html>404</html>", "expected an IDX file"),
        (LABELS[:2] + b"\x0d" + LABELS[3:], r"type 0x08\), got type 0x0d"),
        (LABELS[:6], r"expected 8 bytes for sizes \[0\], got 6"),
        (LABELS[:-1], r"expected 11 bytes for sizes \[3\], got 10"),
        (LABELS + b"\0", r"expected 11 bytes for sizes \[3\], got 12"),
        (LABELS[:4] + b"\xff" * 4 + LABELS[8:], "expected 4,294,967,303 bytes"),
        (LABELS[:3] + b"\x46" + bytes(300), "expected 1 to 32 dimensions, got 70"),
        (LABELS[:-1] + b"\x09", "expected sha256 "),
        (ZIPPED[:-5], "expected an intact gzip file"),
        (ZIPPED[:-8] + bytes(8), "expected an intact gzip file"),
        (ZIPPED[:12] + b"\xff" * 20, "expected an intact gzip file"),
        (ZIPPED + b"rest", "expected an intact gzip file"),
    ],
)
def test_refuses_damaged_files(tmp_path, raw, message):
    path = tmp_path / "labels"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, hashlib.sha256(LABELS).hexdigest())
    assert str(path) in str(caught.value)


@given(place=st.integers(0, len(LABELS) - 1), change=st.integers(1, 255))
def test_no_changed_byte_escapes(tmp_path_factory, place, change):
    raw = bytearray(LABELS)
    raw[place] ^= change
    path = tmp_path_factory.mktemp("idx") / "labels"
    path.write_bytes(raw)
    with pytest.raises(DataError):
        read_idx(path, hashlib.sha256(LABELS).hexdigest())


def test_names_the_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"nothing: expected an IDX file, got no file"):
        read_idx(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"expected an IDX file, got a folder"):
        read_idx(tmp_path)

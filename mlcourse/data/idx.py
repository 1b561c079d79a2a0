"""The IDX format of the MNIST files, read with every byte accounted for."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
IndexArray = npt.NDArray[np.intp]


class DataError(RuntimeError):
    """A data file is missing, damaged, or cannot be fetched; the message says how to repair it."""


def check_sha256(path: Path, raw: bytes, expected: str) -> None:
    """Raise DataError unless the SHA-256 of ``raw``, the content of ``path``, is the expected one.

    Examples
    --------
    >>> check_sha256(Path("labels"), b"", "0" * 64)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    mlcourse.data.idx.DataError: labels: expected sha256 000...000, got e3b0c...b855 (0 bytes)
    """
    got = hashlib.sha256(raw).hexdigest()
    if got != expected:
        raise DataError(f"{path}: expected sha256 {expected}, got {got} ({len(raw):,} bytes)")


def read_idx(path: str | Path, sha256: str | None = None) -> Bytes:
    """Read an IDX file of unsigned bytes, plain or gzipped.

    The format, all numbers big-endian::

        byte 0, 1    zero
        byte 2       type of the elements; 0x08 means unsigned byte, the only one accepted here
        byte 3       number of dimensions n
        4 n bytes    the n sizes
        the rest     the elements, last index fastest; their number is the product of the sizes

    Parameters
    ----------
    path
        The file. Whether it is gzipped is read off its first two bytes, not off its name.
    sha256
        The expected SHA-256 of the *uncompressed* content, so that any gzip wrapping will do.

    Returns
    -------
    Bytes
        A read-only array of uint8.

    Raises
    ------
    DataError
        If the file is missing, is no intact IDX file of bytes (wrong magic number or element type,
        truncated, oversized, damaged gzip) or has another checksum.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits, "File formats".

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "labels"
    ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    ...     read_idx(file)
    array([5, 0, 4], dtype=uint8)
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except FileNotFoundError:
        raise DataError(f"{path}: expected an IDX file, got no file") from None
    except IsADirectoryError:
        raise DataError(f"{path}: expected an IDX file, got a folder") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: expected an intact gzip file, got {error}") from None

    if len(raw) < 4 or raw[:2] != b"\0\0":
        raise DataError(f"{path}: expected an IDX file, which begins 00 00, got {raw[:4].hex(' ')}")
    if raw[2] != 0x08:
        raise DataError(f"{path}: expected unsigned bytes (type 0x08), got type 0x{raw[2]:02x}")
    if not 1 <= raw[3] <= 32:
        raise DataError(f"{path}: expected 1 to 32 dimensions, got {raw[3]}")
    start = 4 + 4 * raw[3]
    shape = [int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4)]
    size = start + math.prod(shape)
    if len(raw) != size:
        raise DataError(f"{path}: expected {size:,} bytes for sizes {shape}, got {len(raw):,}")
    if sha256 is not None:
        check_sha256(path, raw, sha256)
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)

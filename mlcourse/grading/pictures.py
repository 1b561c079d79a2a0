"""Find the pictures that a notebook shows below the cells that use a name."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import Any

from .notebook import ReadError, read_tree

_MOST = 4  # pictures of one answer
_LARGEST = 2_000_000  # bytes of one
_WIDEST = 4000  # pixels: a small file can hold a picture that fills all memory
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def pictures(content: bytes, name: str) -> list[bytes]:
    """Return at most four PNG pictures below code cells that use ``name`` or have it as their id.

    What is not a picture of reasonable size is left out.

    Examples
    --------
    >>> pictures(b'{"cells": [{"cell_type": "code", "source": "loss_plot()"}]}', "loss_plot")
    []
    """
    try:
        cells = read_tree(content)[0].get("cells")
    except ReadError:
        return []
    found: list[bytes] = []
    uses = re.compile(rf"\b{re.escape(name)}\b")
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            text = "".join(map(str, source)) if isinstance(source, list) else str(source)
            outputs = cell.get("outputs")
            # The cell that the lab gives for it counts whatever the student calls the figure.
            given = cell.get("id") == name
            if (given or uses.search(text)) and isinstance(outputs, list):
                found += [png for output in outputs if (png := _png(output)) is not None]
    return found[:_MOST]


def _png(output: Any) -> bytes | None:
    """Return the picture of an output, if it holds one that can be shown."""
    match output:
        case {"data": {"image/png": str(text)}}:
            pass
        case {"data": {"image/png": [*lines]}}:
            text = "".join(map(str, lines))
        case _:
            return None
    if len(text) > 2 * _LARGEST:
        return None
    try:
        png = base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None
    if len(png) > _LARGEST or not png.startswith(_SIGNATURE) or png[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", png[16:24].ljust(8, b"\0"))
    return png if 0 < width <= _WIDEST and 0 < height <= _WIDEST else None

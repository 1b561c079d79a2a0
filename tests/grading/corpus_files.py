"""Files that are no notebook, hardly one, or one that wants to do harm by being read."""

import io
import json
import zipfile

from tests.grading.corpus import FULL, NO_SOFTMAX, NOTHING, RIGHT, Entry, cell, cells_of, notebook

GOOD = notebook(cells_of(RIGHT))
UMLAUT = json.dumps(json.loads(notebook(cells_of({**RIGHT, "why": "why = 'Läuft'"}))),
                    ensure_ascii=False)  # fmt: skip
OLD = {
    "nbformat": 3, "metadata": {}, "worksheets": [{"cells": [
        {"cell_type": "code", "input": source, "outputs": []} for source in RIGHT.values()
    ]}],
}  # fmt: skip
HTML = "<!DOCTYPE html><html><script>alert(1)</script><body>softmax</body></html>"


def with_source(source):
    return notebook([*cells_of(RIGHT), {"cell_type": "code", "source": source}])


def zipped():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("lab99.ipynb", GOOD)
    return packed.getvalue()


def unreadable(name, content):
    return Entry(name, content, NOTHING, "unreadable")


ENTRIES = [
    unreadable("empty", b""),
    unreadable("blank", b" \n\t\0\0"),
    unreadable("binary", bytes(range(256)) * 40),
    unreadable("cut off", GOOD[: len(GOOD) // 2]),
    unreadable("merge conflict", b"<<<<<<< HEAD\n" + GOOD + b"\n=======\n>>>>>>> main\n"),
    unreadable("merge conflict inside",
               GOOD.replace(b'"nbformat"', b'\n<<<<<<< HEAD\n"nbformat"', 1)),
    unreadable("HTML of a notebook", HTML.encode()),
    unreadable("zip with another name", zipped()),
    unreadable("a list", b"[1, 2, 3]"),
    unreadable("a number", b"3"),
    unreadable("null", b"null"),
    unreadable("nothing but a format", b'{"nbformat": 4}'),
    unreadable("cells are no list", b'{"nbformat": 4, "cells": {"source": "x"}}'),
    unreadable("source is a number", with_source(3)),
    unreadable("source is an object", with_source({"a": 1})),
    unreadable("nested deeply", b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    unreadable("a number of a million digits", b'{"cells": [], "x": ' + b"1" * 10**6 + b"}"),
    unreadable("a million cells", b'{"cells": [' + b'{"cell_type": "code"},' * 10**6 + b"{}]}"),
    unreadable("a huge cell", with_source("x = 1\n" * 500_000)),
    unreadable("half of UTF-16", b"\xff\xfe" + UMLAUT.encode("utf-16-le")[:-1]),
    unreadable("terminal codes", b"\x1b]0;title\x07\x1b[2J \xc2\x9b31m" + GOOD),
    unreadable("an archive of nulls", b"PK\x03\x04" + bytes(10_000)),
    Entry("Latin-1", UMLAUT.encode("latin-1")),
    Entry("UTF-16", UMLAUT.encode("utf-16")),
    Entry("UTF-16 without a mark", UMLAUT.encode("utf-16-be")),
    Entry("byte order mark", b"\xef\xbb\xbf" + GOOD),
    Entry("NaN in metadata", notebook(cells_of(RIGHT), metadata={"x": float("nan")})),
    Entry("nbformat 3", json.dumps(OLD).encode()),
    Entry("nbformat is text", notebook(cells_of(RIGHT), nbformat="four")),
    Entry("cells twice, the last counts", GOOD[:-1] + b', "cells": []}', NOTHING),
    Entry("odd cells", notebook([None, 3, "x", [], {}, {"cell_type": []}, {"cell_type": "raw"},
                                 {"cell_type": "code"}, *cells_of(RIGHT)])),
    Entry("odd lines", notebook([{"cell_type": "code", "source": [3, None, "zero = 0\n", []]},
                                 *cells_of(RIGHT)])),
    Entry("odd outputs", notebook([*cells_of(RIGHT), {**cell("curve"), "outputs": [
        3, {}, {"data": 3}, {"data": {"image/png": [3, None]}}, {"data": {"image/png": "%%%"}}]}])),
    Entry("half a character", notebook([cell("odd = '\ud800'"), *cells_of(RIGHT)])),
    Entry("nulls in a cell", notebook([cell("x = '\0'"), *cells_of(RIGHT)])),
    Entry("nulls in an answer", notebook(cells_of({**RIGHT, "softmax": RIGHT["softmax"] + "\0"})),
          {**FULL, **NO_SOFTMAX}),
    Entry("other ends of lines", notebook(cells_of(
        {name: source.replace("\n", "\r\n") for name, source in RIGHT.items()}))),
    Entry("two thousand cells", notebook([*cells_of(RIGHT), *[cell("")] * 1_990])),
    Entry("quotes without end", notebook([*cells_of(RIGHT), cell("%x\ny = '" + "\\'" * 600_000)])),
    Entry("brackets without end", notebook([*cells_of(RIGHT), cell("x = " + "(" * 100_000)])),
    Entry("crashes compilers", notebook([*cells_of(RIGHT), cell("x = " + "-" * 300_000 + "1")])),
]  # fmt: skip

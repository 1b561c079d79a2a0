"""Submissions arrive in every state: what can be read is read, and the rest is named."""

import json

import pytest

from mlcourse.grading.notebook import ReadError, read_notebook


def notebook(*sources, **more):
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more}


def read(*sources):
    return read_notebook(json.dumps(notebook(*sources)).encode())


def test_only_the_code_is_read():
    content = notebook("x = 1", ["y = 2\n", "z = 3"])
    content["cells"].insert(1, {"cell_type": "markdown", "source": "# x = 2"})
    content["cells"].append({"cell_type": "code", "source": "", "outputs": "no list", "id": 5})
    content["cells"] += [None, 3, {"cell_type": ["code"]}]
    result = read_notebook(json.dumps(content).encode())
    assert result.cells == ["x = 1", "y = 2\nz = 3", ""]
    assert result.notes == []


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("latin-1", "the file is not in UTF-8; it was read as Latin-1"),
        ("utf-16", "the file is in UTF-16; it was read as that"),
        ("utf-16-le", "the file is in UTF-16; it was read as that"),
        ("utf-16-be", "the file is in UTF-16; it was read as that"),
    ],
)
def test_encodings(encoding, note):
    text = json.dumps(notebook("s = 'é'"), ensure_ascii=False)
    result = read_notebook(text.encode(encoding))
    assert result.cells == ["s = 'é'"]
    assert result.notes == [note] * bool(note)


def test_old_notebooks_are_read():
    cells = [{"cell_type": "code", "input": ["x = 1"]}, {"cell_type": "markdown", "source": "x"}]
    content = {"nbformat": 3, "worksheets": [{"cells": cells}, {"cells": cells}, None]}
    assert read_notebook(json.dumps(content).encode()).cells == ["x = 1", "x = 1"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b" \n\0\0", "the file is empty"),
        (b"PK\x03\x04zip", "the file is a zip archive"),
        (b"import numpy as np\n", 'not a notebook: it starts with "import numpy as np"'),
        (b"[1, 2]", "the file is JSON, but not a notebook"),
        (b"{}", "it has no list of cells"),
        (b'{"cells": {}}', "it has no list of cells"),
        (b'{"cells": [{"cell_type": "code", "source": 5}]}', "a code cell whose source is not"),
        (json.dumps(notebook("x = 1"), indent=1).encode()[:-40], r"the file is cut off in line \d"),
        (b'{"cells": [}', "the file is damaged in line 1"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"cells": ' + b"1" * 5000 + b"}", "not a notebook"),
        (b"\xff\xfe\x00\xd8{", "UTF-16, but is damaged"),
        (b" " * 50_000_001, "empty|too large"),
        (json.dumps(notebook(*["x"] * 2001)).encode(), "2001 code cells"),
        (json.dumps(notebook("x" * 2_000_001)).encode(), "2,000,000 characters"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_what_cannot_be_read_is_named(content, why):
    with pytest.raises(ReadError, match=why):
        read_notebook(content)


def test_half_a_character_does_no_harm():
    content = b'{"cells": [{"cell_type": "code", "source": "x = \'\\ud800\'"}]}'
    assert read_notebook(content).cells == ["x = '?'"]


@pytest.mark.parametrize(
    ("source", "becomes", "aside"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1", 1),
        ("if x:\n    !pip install y\nz = 1", "if x:\n    pass\nz = 1", 1),
        ("files = !ls\nx = 1", "pass\nx = 1", 1),
        ("!pip install a \\\n  b \\\n  c\nx = 1", "pass\n\n\nx = 1", 1),
        ("  if x:\n    y = 2\n  !ls", "if x:\n  y = 2\npass", 1),
        ("out = %sql select\nx = 1", "pass\nx = 1", 1),
        ("?np.dot\nnp.dot??", "pass\npass", 2),
        ("%time x = 1", "x = 1", 0),
        ("y = %timeit f(2)", "y = f(2)", 0),
        ("%timeit -n 5 f(2)", "pass", 1),
        ("%%time\nx = 1", "\nx = 1", 1),
        ("\n%%capture out\nx = 1", "\n\nx = 1", 1),
        ("%%bash\nrm -rf /", "", 1),
        ("%%html\n<b>", "", 1),
        ("x = 7\n% 3", "x = 7\npass", 1),
        ("x = (7\n% 3)", "x = (7\n% 3)", 0),
        ("x = 7 \\\n% 3", "x = 7 \\\n% 3", 0),
        ('s = """\n%d and !\n"""\n!ls', 's = """\n%d and !\n"""\npass', 1),
        ("s = '''\n%d\n'''  # it's\nx = 5 % 3", "s = '''\n%d\n'''  # it's\nx = 5 % 3", 0),
        ("print('%d%%' % 3)\nx != 1", "print('%d%%' % 3)\nx != 1", 0),
        ("s = 'a?'\nb = a if a else c", "s = 'a?'\nb = a if a else c", 0),
        ("s = '(' # (\n%who", "s = '(' # (\npass", 1),
    ],
)
def test_magics_are_put_aside_and_lines_stay(source, becomes, aside):
    result = read(source)
    assert result.cells == [becomes]
    assert len(result.notes) == aside


def test_notes_are_short():
    [note] = read("x = 1\n!" + "y" * 900).notes
    assert note == 'cell 1, line 2: "!' + "y" * 79 + '" was not run'


def test_hostile_source_takes_no_time():
    """Text that some patterns would try for ever on; a test that hangs has failed."""
    for text in ("a, " * 300_000 + "!", ("a" * 999 + " ,\n") * 1000 + "%", '"' * 10**6 + "?"):
        assert len(read(text).cells) == 1

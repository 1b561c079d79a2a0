"""Generate the folder ``labs/`` for students from ``solutions/``: the same bytes each time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ..labs.show import counted
from .bank import Lab, load_lab
from .check_file import check_file
from .gradebook import write
from .pages import chapter
from .questions import LabError
from .student_notebook import Notebook, student_notebook

_NAME = re.compile(r"(lab\d\d)-[a-z0-9-]+")
# The page lists what was released, and so says what an earlier release left behind.
_RELEASED = re.compile(r"<((lab\d\d)-[a-z0-9-]+)\.ipynb>")


@dataclass(frozen=True)
class Source:
    """A solution notebook and its questions."""

    path: Path
    lab: Lab

    @property
    def title(self) -> str:
        """Such as "Lab 1. A batched MLP"."""
        return f"Lab {int(self.lab.name[3:])}. {self.lab.title}"


def release(root: Path) -> list[Path]:
    """Write the notebooks for students, the files for their ``check``, and the page of all labs.

    Nothing is written unless every lab can be released.

    Parameters
    ----------
    root : Path
        The folder that holds ``solutions/`` and gets ``labs/``.

    Returns
    -------
    list of Path
        The files of ``labs/``, those that are as they were before among them.

    Raises
    ------
    LabError
        If a lab cannot be released; the message names file and cell and says what to do.
    """
    sources = read_sources(root / "solutions")
    labs = root / "labs"
    texts = {labs / "index.md": _page(sources, root)}
    for source in sources:
        notebook = student_notebook(_read(source.path), source.lab, f"solutions/{source.path.name}")
        texts[labs / source.path.name] = _notebook_text(notebook)
        texts[labs / "checks" / f"{source.lab.name}.json"] = check_file(source.lab)
    earlier = _released(labs) - texts.keys()
    for path, text in texts.items():
        _write(path, text)
    for path in earlier:
        path.unlink(missing_ok=True)
    return list(texts)


def read_sources(solutions: Path) -> list[Source]:
    """Return the labs of a folder: for each notebook ``labNN-topic.ipynb`` its ``labNN_tests.py``.

    Raises
    ------
    LabError
        If one lacks the other, or two labs have a question of the same name.
    """
    sources: list[Source] = []
    lab_of: dict[str, str] = {}
    for path in sorted(solutions.glob("*.ipynb")):
        name = _NAME.fullmatch(path.stem)
        tests = path.with_name(f"{path.stem[:5]}_tests.py")
        if name is None or not tests.is_file():
            raise LabError(
                f"solutions/{path.name}: expected labNN-topic.ipynb beside labNN_tests.py; rename"
                " the notebook, or write its questions"
            )
        lab = load_lab(tests)
        if lab.name != name[1]:
            raise LabError(f'solutions/{tests.name}: the lab says "{lab.name}"; write "{name[1]}"')
        for question in lab.questions:
            if question.name in lab_of:
                raise LabError(
                    f"solutions/{tests.name}, question {question.name}: {lab_of[question.name]} has"
                    " a question of this name, and names are unique over all labs; rename it"
                )
            lab_of[question.name] = lab.name
        sources.append(Source(path, lab))
    names = [source.lab.name for source in sources]
    for tests in sorted(solutions.glob("lab??_tests.py")):
        if names.count(tests.stem[:5]) != 1:
            raise LabError(
                f"solutions/{tests.name}: expected one notebook {tests.stem[:5]}-topic.ipynb beside"
                f" it, found {names.count(tests.stem[:5])}"
            )
    return sources


def _read(path: Path) -> Notebook:
    try:
        notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LabError(f"solutions/{path.name}: no notebook ({error}); restore it") from error
    return notebook


def _notebook_text(notebook: Notebook) -> str:
    """Write a notebook as nbformat does."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _write(path: Path, text: str) -> None:
    """Replace a file as a whole, so that an interrupted release leaves the old one."""
    if path.is_file() and path.read_bytes() == text.encode():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, text)


def _released(labs: Path) -> set[Path]:
    """Return the files that the last release made, as its page lists them."""
    page = labs / "index.md"
    listed = _RELEASED.findall(page.read_text(encoding="utf-8")) if page.is_file() else []
    return {
        path
        for stem, name in listed
        for path in (labs / f"{stem}.ipynb", labs / "checks" / f"{name}.json")
    }


def _page(sources: list[Source], root: Path) -> str:
    return _PAGE.replace("LABS", "\n".join(_item(source, root) for source in sources))


def _item(source: Source, root: Path) -> str:
    lab = source.lab
    after = chapter(lab.chapter)
    if (root / lab.chapter).is_file():
        after = f"[{after}](../{lab.chapter})"
    questions, points = counted(len(lab.questions), "question"), counted(lab.points, "point")
    return (
        f"- {{download}}`{source.title} <{source.path.name}>`, after {after}: {questions},"
        f" {points}, about {counted(lab.minutes, 'minute')}.\n"
        f"  For `check`: {{download}}`{lab.name}.json <checks/{lab.name}.json>`"
    )


_PAGE = """\
<!-- Written by `make release`. -->
# Labs

A lab follows a chapter: you write the code yourself, and `check(...)` tells you at once what is
right and, where it is wrong, which mistake it looks like. `hint(...)` gives three hints to each
question, each stronger than the one before; `progress()` shows what is left.

LABS

## How to open a lab

In the folder of the course all labs are in `labs`. Elsewhere, install the course's package and keep
the notebook together with its file for `check`: it belongs into a folder `checks` beside the
notebook. No lab needs a network.

- **JupyterLab.** Run `make lab` in the folder of the course and open the notebook in `labs`.
- **VS Code.** Run `make setup` once. Open the folder of the course, then the notebook, and choose
  the Python of `.venv` as its kernel.
- **Colab.** Run `pip wheel --no-deps .` in the folder of the course: it makes a file
  `mlcourse-….whl`. Upload the notebook with *File → Upload notebook*. Open *Files* at the left,
  upload the `.whl`, make a folder `checks`, and drop the lab's file for `check` into it. In a new
  cell at the top, run `%pip install --no-deps mlcourse-*.whl`.

Save the notebook before you hand it in. Your code is run again, so what cells printed does not
count; pictures do, so run the cells that draw them.
"""

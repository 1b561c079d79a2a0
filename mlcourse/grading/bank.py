"""Write the questions of a lab: right answers, tests, known wrong answers.

A file ``solutions/labNN_tests.py`` makes a ``Lab`` named ``lab`` and adds questions to it. It is
run by the grader and by pytest, and never reaches a student; ``release`` turns its visible inputs
into data for the student's own ``check``.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..labs.compare import Outcome, agree
from ..labs.local import attempt
from .questions import CodeQuestion, Drawn, LabError, ManualQuestion, Question, ValueQuestion
from .record import record

__all__ = [
    "CodeQuestion", "Lab", "LabError", "ManualQuestion", "Question", "ValueQuestion",
    "expect", "load_lab", "record",
]  # fmt: skip


def expect(got: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-8) -> None:
    """Raise AssertionError with the first difference unless ``got`` is right.

    Examples
    --------
    >>> expect(2.0, 3.0)
    Traceback (most recent call last):
    ...
    AssertionError: expected 3, got 2
    """
    if (difference := agree(got, expected, rtol, atol)) is not None:
        raise AssertionError(difference)


class Lab:
    r"""The questions of a lab, in order.

    Parameters
    ----------
    name : str
        Such as "lab01".
    title : str
        What it is about.
    chapter : str
        The notebook of the chapter that it belongs to.
    modules : sequence of str
        What the student's code may import besides NumPy and the standard library.

    Examples
    --------
    >>> lab = Lab("lab00", title="Warm up", chapter="chapters/00-none.ipynb")
    >>> @lab.question("double", points=2, minutes=1, section=("sec-double", "Doubling"),
    ...               hints=("a", "b", "c"), title="Twice as much")
    ... def reference(x):
    ...     return 2 * x
    >>> @reference.inputs(points=1)
    ... def small(rng):
    ...     return [(1.0,), (2.0,)]
    >>> @reference.wrong("squares: right for 2 alone")
    ... def squares(x):
    ...     return x * x
    >>> [drawn.case.steps[1][2] for drawn in reference.draw(reference.visible, seed=0)]
    [(1.0,), (2.0,)]
    """

    def __init__(self, name: str, *, title: str, chapter: str, modules: Sequence[str] = ()) -> None:
        self.name, self.title, self.chapter = name, title, chapter
        self.modules = tuple(modules)
        self.questions: list[Question] = []
        self.given: dict[str, Any] = {}
        self.digest = ""  # of the file it was read from

    def question(self, name: str, **details: Any) -> Callable[[Any], CodeQuestion]:
        """Add a question whose answer is the decorated function or class; see CodeQuestion."""

        def add(reference: Any) -> CodeQuestion:
            question = CodeQuestion(name=name, reference=reference, **details)
            self.questions.append(question)
            return question

        return add

    def number(
        self, name: str, answer: float, *, tolerance: float, **details: Any
    ) -> ValueQuestion:
        """Add a question whose answer is a number; see ValueQuestion."""
        question = ValueQuestion(name=name, answer=answer, tolerance=tolerance, **details)
        self.questions.append(question)
        return question

    def choice(
        self, name: str, answer: str, *, choices: Mapping[str, str], **details: Any
    ) -> ValueQuestion:
        """Add a question whose answer is the letter of a statement; see ValueQuestion."""
        question = ValueQuestion(name=name, answer=answer, choices=choices, **details)
        self.questions.append(question)
        return question

    def manual(
        self, name: str, *, form: str, rubric: Sequence[tuple[float, str]], **details: Any
    ) -> ManualQuestion:
        """Add a question that a person marks; see ManualQuestion."""
        points = sum(mark for mark, _ in rubric)
        question = ManualQuestion(name=name, points=points, form=form, rubric=rubric, **details)
        self.questions.append(question)
        return question

    def give(self, thing: Any) -> Any:
        """Add a function or class that the notebook gives to students: a decorator."""
        self.given[thing.__name__] = thing
        return thing

    @property
    def points(self) -> float:
        """Points of all questions."""
        return sum(question.points for question in self.questions)

    @property
    def minutes(self) -> int:
        """Expected working time of all questions."""
        return sum(question.minutes for question in self.questions)

    def __getitem__(self, name: str) -> Question:
        for question in self.questions:
            if question.name == name:
                return question
        raise KeyError(name)

    def names(self, question: CodeQuestion, answer: Any = None) -> dict[str, Any]:
        """Return what a notebook would define in which ``answer`` stands for a question.

        All other names are right; without an answer, this one is, too.
        """
        right = {q.name: q.reference for q in self.questions if isinstance(q, CodeQuestion)}
        values = {q.name: q.answer for q in self.questions if isinstance(q, ValueQuestion)}
        mine = question.reference if answer is None else answer
        return {**values, **self.given, **right, question.name: mine}

    def outcomes(
        self, question: CodeQuestion, drawn: Sequence[Drawn], answer: Any = None
    ) -> list[Outcome]:
        """Return what the reference, or a known wrong answer, does in these cases."""
        names = self.names(question, answer)

        used = {step[1] for d in drawn for step in d.case.steps if step[0] == "name"}
        if unknown := used - names.keys():
            raise LabError(
                f"{question.name}: it uses {sorted(unknown)}, which the lab does not give"
            )
        return [attempt(d.case, names.__getitem__, in_place=question.in_place)[0] for d in drawn]

    def source(self, name: str) -> str:
        """Return the source of a question's right answer, under the question's name."""
        question = self[name]
        assert isinstance(question, CodeQuestion)
        return source_of(question.reference, name)

    def check(self) -> None:
        """Raise LabError unless the lab is complete and consistent."""
        seen: set[str] = set()
        for q in self.questions:
            if not q.name.isidentifier() or q.name in seen:
                raise LabError(f"{self.name}: {q.name!r} is no name, or is there twice")
            seen.add(q.name)
            where = f"{self.name}, question {q.name}"
            if len(q.hints) != 3:
                raise LabError(f"{where}: expected 3 hints, got {len(q.hints)}")
            if not isinstance(q, ManualQuestion) and len(q.wrongs) < 5:
                raise LabError(f"{where}: expected 5 or more wrong answers, got {len(q.wrongs)}")
            if isinstance(q, CodeQuestion):
                _check_parts(where, q)
                earlier = {r.name for r in self.questions[: self.questions.index(q)]}
                if unknown := set(q.uses) - earlier:
                    raise LabError(f"{where}: it uses {sorted(unknown)}, no earlier questions")
            if isinstance(q, ValueQuestion):
                for wrong in q.wrongs:
                    if q.is_right(wrong.answer):
                        raise LabError(f"{where}: the wrong answer {wrong.answer!r} is right")
                if q.choices and set(q.choices) != {q.answer, *(w.answer for w in q.wrongs)}:
                    raise LabError(f"{where}: every other choice needs its wrong_value")


def _check_parts(where: str, question: CodeQuestion) -> None:
    names = [part.name for part in question.parts]
    if len(set(names)) != len(names):
        raise LabError(f"{where}: two tests have the same name: {names}")
    hidden = [part.hidden for part in question.parts]
    if hidden.count(False) != 1 or hidden[0] or question.visible.draw is None:
        raise LabError(f"{where}: expected one function of visible inputs, before what is hidden")
    total = sum(part.points for part in question.parts)
    if total != question.points:
        raise LabError(f"{where}: its tests give {total:g} points, expected {question.points:g}")


def source_of(answer: Any, name: str) -> str:
    """Return the source of a function or class of a lab's file, under another name.

    Right and wrong answers stand alone but for ``np``, so that this can run as a notebook's cell.
    """
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(answer))).body
    assert isinstance(tree, ast.FunctionDef | ast.ClassDef)
    tree.decorator_list, tree.name = [], name
    return ast.unparse(tree)


def load_lab(path: Path) -> Lab:
    """Read the file of a lab's questions, and check it.

    Raises
    ------
    LabError
        If it defines no lab, or one that is not complete.
    """
    if not __debug__:
        raise LabError("Python runs with -O, which leaves out the asserts of tests; run it without")
    spec = importlib.util.spec_from_file_location(f"_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise LabError(f"{path}: expected a Python file with the tests of a lab")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # or inspect finds no source of its classes
    spec.loader.exec_module(module)
    lab = getattr(module, "lab", None)
    if not isinstance(lab, Lab):
        raise LabError(f"{path}: expected a Lab named lab, got {type(lab).__name__}")
    lab.check()
    lab.digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return lab

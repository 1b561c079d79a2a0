"""Grade one notebook: ask the student's code in its worker, and judge the answers here.

Inputs, right answers, comparison and points never leave this process. What comes back from the
worker is plain data, and every way in which a call can fail costs the part that it belongs to.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..labs.compare import Outcome, misconception, same
from ..labs.steps import Case
from .bank import Lab
from .notebook import MAX_NOTES, ReadError, read_notebook
from .parts import attempt_case, fault_of, judge_cases, part_result, too_few
from .pictures import pictures
from .process import Isolation
from .questions import CodeQuestion, Drawn, ManualQuestion, Part, ValueQuestion
from .result import Answer, Cell, PartResult, Result
from .sandbox import Limits, SandboxError
from .session import Session, StudentError
from .titles import defines, title

_TEXT = 20_000  # characters of a text answer
_NO_PICTURE = (
    "The notebook has code for this plot but no saved picture of it: run its cell and save."
)


class Student:
    """What a test may do with the student's code; every value that it gets is plain data."""

    def __init__(self, session: Session, question: CodeQuestion) -> None:
        self._session, self._question = session, question
        self.call, self.value, self.new = session.call, session.value, session.new

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the question's function and return its value, or make an object of its class."""
        name = self._question.name
        if self._question.kind == "class":
            return self._session.new(name, *args, **kwargs)
        return self.case(Case.call(name, *args, **kwargs))[0]

    def case(self, case: Case) -> list[Any]:
        """Run a program and return what it shows."""
        return self._session.case(case, owned=self._question.in_place)


def _is_endless(results: Sequence[PartResult]) -> bool:
    """Tell whether two parts took too long, the visible one among them: others would, too."""
    late = [result.status == "timeout" for result in results]
    return sum(late) > 1 and late[0]


@dataclass(frozen=True)
class _Asked:
    """A part that was asked: its result, and what became of each case and whether that is right."""

    result: PartResult
    outcomes: Sequence[Outcome | None] = ()
    right: Sequence[bool] = ()


class Judge:
    """Grades submissions of one lab; several threads may use it at once.

    Parameters
    ----------
    lab : Lab
        From ``load_lab``.
    seed : int, optional
        Seed of the hidden inputs; by default it follows from the lab's file, so that a second
        grading gives the same result.
    limits : Limits
        What a submission may use.
    isolation : {"sandbox", "process"}
        See ``Session``.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        seed: int | None = None,
        limits: Limits | None = None,
        isolation: Isolation = "sandbox",
    ) -> None:
        self.lab, self.limits, self.isolation = lab, limits or Limits(), isolation
        self.seed = int(lab.digest[:8] or "0", 16) if seed is None else seed
        # References and wrong answers do the same for each submission: they run once.
        self._drawn: dict[tuple[str, str], tuple[list[Drawn], list[Outcome]]] = {}
        self._wrongs: dict[str, list[tuple[str, list[Outcome]]]] = {}

    def grade(self, content: bytes) -> Result:
        """Return the result of a notebook given as bytes; whatever they hold, it does not raise.

        Raises
        ------
        SandboxError
            If no sandbox works on this machine, which is not the submission's fault.
        """
        began = time.monotonic()
        try:
            notebook = read_notebook(content)
        except ReadError as error:
            return self.refuse("unreadable", str(error), content)
        until = began + self.limits.total
        with self._session(notebook.cells, self.limits.total) as session:
            reports = session.run()
            answers = self._answers(session, content)
        answers = tuple(self._helped(a, answers, notebook.cells, until) for a in answers)
        cells = tuple(
            Cell(report.status, report.error, title(source), defines(source))
            for report, source in zip(reports, notebook.cells, strict=True)
        )
        notes = (
            notebook.notes
            + [
                f"cell {number}: {cell.error}"
                for number, cell in enumerate(cells, start=1)
                if cell.status == "ok" and cell.error
            ][:MAX_NOTES]
        )
        return self._result(
            "graded", "", answers, cells, tuple(notes), content, time.monotonic() - began
        )

    def refuse(self, status: str, why: str, content: bytes = b"") -> Result:
        """Return the result of a submission that cannot be graded, with the reason."""
        answers = tuple(
            Answer(q.name, q.title, q.kind, q.points, 0.0, q.section) for q in self.lab.questions
        )
        return self._result(status, why, answers, (), (), content, 0.0)

    def _result(
        self,
        status: str,
        why: str,
        answers: tuple[Answer, ...],
        cells: tuple[Cell, ...],
        notes: tuple[str, ...],
        content: bytes,
        seconds: float,
    ) -> Result:
        submission = hashlib.sha256(content).hexdigest()
        return Result(
            status, why, answers, cells, notes, submission, self.lab.digest, self.seed,
            self.isolation, round(seconds, 3),
        )  # fmt: skip

    def _session(self, cells: Sequence[str], seconds: float) -> Session:
        packages = ("numpy", *self.lab.modules)
        limits = replace(self.limits, total=seconds)
        return Session(cells, limits=limits, isolation=self.isolation, packages=packages)

    def _answers(self, session: Session, content: bytes) -> tuple[Answer, ...]:
        """Ask everything whose answer students may see before anything that is hidden.

        The worker remembers what it was asked: a visible error must not tell a hidden input.
        """
        code = [q for q in self.lab.questions if isinstance(q, CodeQuestion)]
        asked = {
            (q.name, part.name): self._ask(q, part, session)
            for q in code
            for part in q.parts
            if not part.hidden
        }
        answers: dict[str, Answer] = {}
        for question in self.lab.questions:
            if isinstance(question, ValueQuestion):
                answers[question.name] = self._value(question, session)
            elif isinstance(question, ManualQuestion):
                answers[question.name] = self._manual(question, session, content)
        for question in code:
            for part in question.parts:
                if part.hidden:
                    before = [asked.get((question.name, p.name)) for p in question.parts]
                    asked[question.name, part.name] = (
                        _Asked(part_result(part, "timeout", "not tried: others took too long"))
                        if _is_endless([one.result for one in before if one])
                        else self._ask(question, part, session)
                    )
            parts = [asked[question.name, part.name] for part in question.parts]
            answers[question.name] = self._code(question, parts)
        return tuple(answers[question.name] for question in self.lab.questions)

    # Code
    # ----

    def _ask(self, question: CodeQuestion, part: Part, session: Session) -> _Asked:
        if part.draw is None:
            return _Asked(self._property(question, part, session))
        drawn, expected = self._expected(question, part)
        outcomes, faults = self._cases(question, part, session, drawn, expected)
        right = [fault is None for fault in faults]
        return _Asked(judge_cases(question, part, drawn, outcomes, faults), outcomes, right)

    def _code(self, question: CodeQuestion, parts: Sequence[_Asked]) -> Answer:
        results = tuple(part.result for part in parts)
        earned = sum(part.earned for part in results)
        return Answer(
            question.name, question.title, question.kind, question.points, earned,
            question.section, self._mistake(question, parts), results,
        )  # fmt: skip

    def _helped(
        self, answer: Answer, answers: Sequence[Answer], cells: Sequence[str], until: float
    ) -> Answer:
        """Return an answer as it is with right answers to the earlier questions that it may call.

        A mistake there has cost its points already. The student's code sees these right answers,
        so nothing of what it says now is kept but whether each part passes.
        """
        question = self.lab[answer.question]
        if not isinstance(question, CodeQuestion) or answer.earned == answer.points:
            return answer
        failed = {a.question for a in answers if a.earned != a.points}
        names = tuple(name for name in question.uses if name in failed)
        if not names:
            return answer
        right = "import numpy as np\n" + "\n".join(map(self.lab.source, question.uses))
        # However many answers are tried again, a submission has the time of one.
        left = max(until - time.monotonic(), 0.0)
        with self._session([*cells, right], left) as session:
            again = [self._ask(question, part, session).result for part in question.parts]
        parts = tuple(
            new if new.status == "passed" else old
            for old, new in zip(answer.parts, again, strict=True)
        )
        earned = sum(part.earned for part in parts)
        if earned == answer.earned:
            return answer
        mistake = answer.misconception if earned < answer.points else None
        return replace(answer, parts=parts, earned=earned, misconception=mistake, with_right=names)

    def _mistake(self, question: CodeQuestion, parts: Sequence[_Asked]) -> str | None:
        """Return the known mistake that explains all parts or, failing that, the visible one."""
        if all(all(part.right) for part in parts):
            return None
        wrongs = self._wrong_outcomes(question)
        seen = len(parts[0].right)  # the visible part comes first
        outcomes = [outcome for part in parts for outcome in part.outcomes]
        right = [fine for part in parts for fine in part.right]
        for cases in (slice(None), slice(seen)):
            found = misconception(
                outcomes[cases],
                right[cases],
                [(message, theirs[cases]) for message, theirs in wrongs],
                question.rtol,
                question.atol,
                training=question.accuracy is not None,
            )
            if found is not None:
                return found
        return None

    def _expected(self, question: CodeQuestion, part: Part) -> tuple[list[Drawn], list[Outcome]]:
        key = (question.name, part.name)
        if key not in self._drawn:
            drawn = question.draw(part, self.seed)
            # A training run is judged by its labels: what the reference reaches does not matter.
            known = [] if question.accuracy is not None else self.lab.outcomes(question, drawn)
            self._drawn[key] = (drawn, known)
        return self._drawn[key]

    def _wrong_outcomes(self, question: CodeQuestion) -> list[tuple[str, list[Outcome]]]:
        if question.name not in self._wrongs:
            drawn = [
                d for part in question.parts if part.draw for d in self._expected(question, part)[0]
            ]
            self._wrongs[question.name] = [
                (wrong.message, self.lab.outcomes(question, drawn, wrong.answer))
                for wrong in question.wrongs
            ]
        return self._wrongs[question.name]

    def _cases(
        self,
        question: CodeQuestion,
        part: Part,
        session: Session,
        drawn: Sequence[Drawn],
        expected: Sequence[Outcome],
    ) -> tuple[list[Outcome | None], list[str | None]]:
        """Return what the student's code did in each case, and what is wrong with that."""
        outcomes: list[Outcome | None] = []
        faults: list[str | None] = []
        for i, one in enumerate(drawn):
            if outcomes and (outcomes[-1] is None or outcomes[-1].kind in ("timeout", "died")):
                outcomes.append(None)  # one such case costs the part, and a second costs time
                faults.append("not tried")
                continue
            outcome, message = attempt_case(session, one.case, question.in_place, part.seconds)
            outcomes.append(outcome)
            if question.accuracy is not None and outcome.kind == "value":
                faults.append(too_few(outcome, one.labels, question.accuracy))
            elif expected and same(outcome, expected[i], question.rtol, question.atol):
                faults.append(None)
            elif outcome.kind == "value":
                faults.append(fault_of(question, one.case, outcome, expected[i]))
            else:
                faults.append(message)
        return outcomes, faults

    def _property(self, question: CodeQuestion, part: Part, session: Session) -> PartResult:
        assert part.holds is not None
        rng = question.rng(part, self.seed)
        status, detail, kind = "passed", "", ""
        try:
            with session.allow(part.seconds or self.limits.call), np.errstate(all="ignore"):
                part.holds(Student(session, question), rng)
        except StudentError as error:
            status, detail, kind = error.kind, str(error), error.type
        except AssertionError as error:
            status, detail = "failed", str(error)
        except SandboxError:
            raise
        except Exception as error:  # the result is plain data, but not what the test can use
            status, detail = "failed", f"the result cannot be used: {type(error).__name__}: {error}"
        return part_result(part, status, detail, kind)

    # Values, texts and plots
    # -----------------------

    def _value(self, question: ValueQuestion, session: Session) -> Answer:
        mistake, status, message = None, "passed", ""
        outcome, why = attempt_case(session, Case.value(question.name), True, None)
        if outcome.kind != "value" or outcome.value is None:
            status, message = outcome.kind, why
        elif outcome.value[0] is Ellipsis:
            status, message = "unanswered", "not answered yet"
        elif not question.is_right(outcome.value[0]):
            mistake = question.explain(outcome.value[0])
            value = outcome.value[0]
            status, message = "failed", mistake or question.unusable(value) or "not right"
        part = Part("answer", question.points, hidden=False)
        result = part_result(part, status, message)
        return Answer(
            question.name, question.title, question.kind, question.points, result.earned,
            question.section, mistake, (result,),
        )  # fmt: skip

    def _manual(self, question: ManualQuestion, session: Session, content: bytes) -> Answer:
        outcome, _ = attempt_case(session, Case.value(question.name), True, None)
        value = outcome.value[0] if outcome.value else None
        text, found = "", list[bytes]()
        if question.form == "text":
            text = value.strip()[:_TEXT] if isinstance(value, str) else ""
        else:
            found = pictures(content, question.name)
            if not found and value is not ... and outcome.kind != "missing":
                text = _NO_PICTURE
        encoded = tuple(base64.b64encode(png).decode("ascii") for png in found)
        earned = None if text or encoded else 0.0  # nothing to read, nothing to mark
        return Answer(
            question.name, question.title, question.kind, question.points, earned,
            question.section, text=text, pictures=encoded, rubric=tuple(question.rubric),
        )  # fmt: skip

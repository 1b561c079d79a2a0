"""The commands that grade and that write what grading gave: see ``__main__`` for their options."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import manual
from .bank import Lab, load_lab
from .batch import LOG, cores, grade_all
from .diagnosis import diagnose
from .feedback import FOLDER, write_feedback
from .gradebook import (
    Gradebook,
    GradebookError,
    Member,
    columns,
    load,
    locked,
    save,
)
from .grades import write_grades
from .judge import Judge
from .questions import LabError
from .report import summary, write_report
from .submissions import Found, InputError, Submission, collect
from .tables import TableError, read_table

_WARNING = """\
WARNING: no sandbox. Student code can read your files and use your network. Grade so only what you
trust; this is noted in grades.csv, results.json and the report."""


class StartError(Exception):
    """It cannot start; the message says what to do."""


def run(options: argparse.Namespace) -> int:
    """Run a command and return its exit code."""
    try:
        match options.command:
            case "grade":
                return _grade(options)
            case "feedback":
                with locked(_existing(options.out)):
                    return _publish(options)
            case _:
                with locked(_existing(options.out)):
                    return _report(options.out)
    except (StartError, InputError, LabError, GradebookError, TableError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or options.out}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped. What is graded is kept: the same command goes on.", file=sys.stderr)
        return 130
    return 2


def _existing(out: Path) -> Path:
    if not out.is_dir():
        raise StartError(f"{out}: no such folder; give the folder of the results with --out")
    return out


def _report(out: Path) -> int:
    book, _ = manual.merge(load(out), out)
    write_report(book, out)
    print(summary(book))
    return 0


def find_lab(name: str) -> Lab:
    """Return a lab by its name, or by the path of its file of tests.

    Raises
    ------
    LabError
        If it is not there, or not as it should be.
    """
    path = Path(name)
    if path.suffix != ".py":
        here = Path.cwd()
        tests = Path("solutions") / f"{name}_tests.py"
        found = (folder / tests for folder in (here, *here.parents) if (folder / tests).is_file())
        if (path := next(found, Path())) == Path():
            raise LabError(f"no {tests} here or in a folder above; go there, or give --lab a path")
    try:
        return load_lab(path)
    except LabError:
        raise
    except Exception as error:  # an instructor's own file may raise anything
        raise LabError(f"{path}: {type(error).__name__}: {error}") from error


def _grade(options: argparse.Namespace) -> int:
    lab = find_lab(options.lab)
    out, source = options.out.resolve(), options.submissions.resolve()
    if source.is_dir() and (out == source or source in out.parents):
        raise StartError(f"{options.out} is inside {options.submissions}; choose another --out")
    found = collect(source, lab.name)
    if options.isolation == "process":
        print(_WARNING, file=sys.stderr)
    else:
        for check in diagnose():
            if not check.works:
                raise StartError(f"{check.name}: no ({check.detail})\nto mend it: {check.mend}")
    judge = Judge(lab, seed=options.seed, isolation=options.isolation)
    with locked(options.out):
        book = _book(options, judge, found)
        only = _chosen(book, options.only) if options.only else None
        save(book, options.out)
        done = grade_all(
            found.submissions, judge, options.out,
            jobs=options.jobs or cores(), regrade=options.regrade, only=only,
        )  # fmt: skip
        kept = len(only or found.submissions) - done
        print(f"{done} graded now" + (f", {kept} were graded already" if kept else ""))
        return _publish(options)


def _book(options: argparse.Namespace, judge: Judge, found: Found) -> Gradebook:
    """Return the class as it is before grading, if the folder can take it."""
    lab = judge.lab
    late = _late_days(options.late, found.submissions) if options.late else {}
    members = tuple(_member(s, late.get(s.student, 0.0)) for s in found.submissions)
    try:
        before = load(options.out)
    except GradebookError:
        before = None
    if before and before.lab != lab.name:
        raise StartError(f"{options.out} holds results of {before.lab}; choose another --out")
    if before and (gone := {m.student for m in before.members} - {m.student for m in members}):
        names = ", ".join(sorted(gone)[:10])
        print(f"not among these submissions, so left out now: {names}", file=sys.stderr)
    if options.late_penalty:
        for member in members:
            if member.late and not member.late_days:
                print(f"{member.student}: late, but without days in --late", file=sys.stderr)
    return Gradebook(
        lab.name, lab.title, lab.chapter, columns(lab), lab.digest, judge.seed, judge.isolation,
        options.late_penalty, members, tuple(found.ignored),
    )  # fmt: skip


def _member(s: Submission, late_days: float = 0.0) -> Member:
    return Member(
        s.student, s.name, s.system, s.identifier, s.file, s.late, s.feedback, s.notes, late_days
    )


def _late_days(path: Path, submissions: list[Submission]) -> dict[str, float]:
    """Read how late students were; every row must be understood."""
    header, rows = read_table(path, ["student", "days"])
    members = [_member(submission) for submission in submissions]
    days, faults = dict[str, float](), []
    for line, row in rows:
        name, text = row[header.index("student")].strip(), row[header.index("days")].strip()
        meant = [member.student for member in members if member.called(name)]
        if len(meant) != 1:
            faults.append(f"{path}, line {line}: {name!r} is {len(meant)} students, not one")
            continue
        try:
            days[meant[0]] = float(text.replace(",", "."))
            if not 0 <= days[meant[0]] < 10_000:
                raise ValueError
        except ValueError:
            faults.append(f"{path}, line {line}: {text!r} is not a number of days")
    if faults:
        raise StartError("\n".join(faults))
    return days


def _chosen(book: Gradebook, names: list[str]) -> set[str]:
    chosen = set()
    for name in names:
        meant = {member.student for member in book.members if member.called(name)}
        if not meant:
            raise StartError(f"--only {name}: no such student among the submissions")
        chosen |= meant
    return chosen


def _publish(options: argparse.Namespace) -> int:
    """Write all that people read, and return the exit code."""
    out = options.out
    book = load(out)
    old = [m.student for m in book.members if m.result and m.result.tests != book.tests]
    if old:
        print(f"graded with other tests: {', '.join(old)}; grade again", file=sys.stderr)
    book, faults = manual.merge(book, out, options.marks)
    notes = write_grades(book, out, options.canvas_gradebook, options.moodle_worksheet)
    manual.write_page(book, out)
    write_feedback(book, out)
    write_report(book, out)
    print(summary(book))
    if any(member.status == "failed" for member in book.members):
        print(f"What failed in the grader is in {out / LOG}; grading again tries these again.")
    if any(member.status == "waiting" for member in book.members):
        print(
            f"To mark: read {out / 'manual.html'}, fill in {out / manual.TABLE}, then run\n"
            f"  python -m mlcourse.grading feedback --out {out}"
        )
    print(f"Written to {out}: grades.csv, results.json, report.html, {FOLDER}/ and more.")
    for line in (*faults, *notes):
        print(line, file=sys.stderr)
    graded = all(member.status in ("graded", "waiting") for member in book.members)
    return 0 if graded and not faults else 1

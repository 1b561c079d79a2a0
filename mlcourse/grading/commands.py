"""The commands that grade and that write what grading gave: see ``__main__`` for their options."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import manual
from .bank import Lab, load_lab
from .batch import LOG, cores, grade_all
from .checklist import checklist
from .diagnosis import diagnose
from .feedback import FOLDER, write_feedback
from .given import Given, given, keep
from .gradebook import (
    CLASS,
    Gradebook,
    GradebookError,
    check_is_ours,
    columns,
    load,
    locked,
    save,
)
from .grades import last_totals, write_grades
from .judge import Judge
from .lms import uploads
from .names import chosen, late_days, member_of
from .questions import LabError
from .report import summary, write_report
from .submissions import Found, InputError, collect, listed
from .tables import TableError

_WARNING = """\
WARNING: no sandbox. Student code can read your files and use your network. Grade so only what you
trust; this is noted in grades.csv, results.json and the report. --isolation sandbox ends it."""


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
                    files = _files(options)
                    _say_again(list(files.again))
                    keep(options.out, files)
                    return _publish(options, files)
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
    if not (out / CLASS).exists():
        raise StartError(f"{out}: nothing was graded into this folder yet")
    return out


def _report(out: Path) -> int:
    book, _ = manual.merge(load(out), out)
    files = given(out, lambda _: None)
    lines = checklist(book, uploads(book, files.canvas, files.moodle), last_totals(out))
    write_report(book, out, lines)
    print(summary(book, lines))
    return 0


def _files(options: argparse.Namespace) -> Given:
    """Return the files that count; whatever cannot be read is found before it is needed."""
    for path in (options.marks, options.out / manual.TABLE):
        if path and (path == options.marks or path.exists()):
            manual.check(path)
    return given(options.out, lambda name: getattr(options, name.replace("-", "_"), None))


def _say_again(again: list[str]) -> None:
    if again:
        print(f"As before: {', '.join(again)} (give an option again to change it, or none)")


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
    check_is_ours(options.out)
    files = _files(options)
    before = _before(options.out, lab)
    again = _settle(options, before)
    found = collect(source, lab.name)
    for note in found.notes:
        print(note, file=sys.stderr)
    judge = Judge(lab, seed=options.seed, isolation=options.isolation)
    book = _book(options, judge, found, files)
    _compare(options, before, book)
    only = chosen(book.members, options.only) if options.only else None
    if options.isolation == "process":
        print(_WARNING, file=sys.stderr)
    else:
        for check in diagnose():
            if not check.works:
                raise StartError(f"{check.name}: no ({check.detail})\nto mend it: {check.mend}")
    _say_again([*again, *files.again])
    with locked(options.out):
        keep(options.out, files)
        save(book, options.out)
        done = grade_all(
            found.submissions, judge, options.out,
            jobs=options.jobs or cores(), regrade=options.regrade, only=only,
        )  # fmt: skip
        kept = len(only or found.submissions) - done
        print(f"{done} graded now" + (f", {kept} were graded already" if kept else ""))
        return _publish(options, files)


def _before(out: Path, lab: Lab) -> Gradebook | None:
    """Return the class as the folder has it, if it is of this lab."""
    try:
        before = load(out)
    except GradebookError as error:
        if (out / CLASS).exists():
            print(f"{error}: what was said before is forgotten", file=sys.stderr)
        return None
    if before.lab != lab.name:
        raise StartError(f"{out} holds results of {before.lab}; choose another --out")
    return before


def _settle(options: argparse.Namespace, before: Gradebook | None) -> list[str]:
    """Put what was said before in place of what is not said now; return the options so used."""
    again = []
    if options.seed is None and before and before.seed_given:
        options.seed = before.seed
        again.append(f"--seed {before.seed}")
    elif options.seed == "none":
        options.seed = None
    if options.isolation is None:
        options.isolation = before.isolation if before else "sandbox"
        if options.isolation != "sandbox":
            again.append(f"--isolation {options.isolation}")
    if options.late_penalty is None:
        options.late_penalty = before.late_penalty if before else 0.0
        if options.late_penalty:
            again.append(f"--late-penalty {options.late_penalty:g}")
    return again


def _book(options: argparse.Namespace, judge: Judge, found: Found, files: Given) -> Gradebook:
    """Return the class as it is before grading."""
    lab = judge.lab
    strict = files.late == options.late  # kept rows of students who are gone do no harm
    late = late_days(files.late, found.submissions, strict) if files.late else {}
    members = tuple(member_of(s, late.get(s.student, 0.0)) for s in found.submissions)
    return Gradebook(
        lab.name, lab.title, lab.chapter, columns(lab), lab.digest, judge.seed, judge.isolation,
        options.late_penalty, members, tuple(found.ignored), options.seed is not None,
    )  # fmt: skip


def _compare(options: argparse.Namespace, before: Gradebook | None, book: Gradebook) -> None:
    """Refuse another class; say who of this one is gone."""
    old = {member.student for member in before.members} if before else set[str]()
    gone = sorted(old - {member.student for member in book.members})
    if not gone:
        return
    if len(gone) == len(old):
        raise StartError(
            f"none of these {len(book.members)} students is in {options.out}/, which holds"
            f" {listed(gone, 3)}; wrong folder? Choose another --out for another class"
        )
    print(
        f"{len(gone)} of {len(old)} are not among these submissions and are left out now:"
        f" {listed(gone)}",
        file=sys.stderr,
    )


def _publish(options: argparse.Namespace, files: Given) -> int:
    """Write all that people read, and return the exit code."""
    out = options.out
    book = load(out)
    old = [m.student for m in book.members if m.result and m.result.tests != book.tests]
    if old:
        print(f"graded with other tests: {listed(old)}; grade again", file=sys.stderr)
    book, faults = manual.merge(book, out, options.marks)
    last = last_totals(out)
    lines = checklist(book, write_grades(book, out, files.canvas, files.moodle), last)
    manual.write_page(book, out)
    write_feedback(book, out)
    write_report(book, out, lines)
    print(summary(book, lines))
    print(f"Written to {out}/: grades.csv, report.html, {FOLDER}/ and more.")
    if any(member.status == "failed" for member in book.members):
        print(f"What failed in the grader is in {out / LOG}; grading again tries these again.")
    if any(member.status == "waiting" for member in book.members):
        print(
            f"To mark: read {out / 'manual.html'}, fill in {out / manual.TABLE}, then run\n"
            f"  {manual.next_step(out)}"
        )
    for line in faults:
        print(line, file=sys.stderr)
    graded = all(member.status in ("graded", "waiting") for member in book.members)
    return 0 if graded and not faults else 1

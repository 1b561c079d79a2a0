"""Grade the labs of a class: ``python -m mlcourse.grading grade SUBMISSIONS --lab lab01``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

EXIT = """\
FOLDER remembers --late, --late-penalty, --canvas-gradebook, --moodle-worksheet, --seed and
--isolation: later commands use them again and say so. Give one again to change it, or "none".

exit codes:
  0    everything is graded
  1    some submissions could not be graded, or some marks could not be used; they are named
  2    it could not start; the message says what to do
  130  stopped with Ctrl-C; the same command goes on
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    options = _parser().parse_args(arguments)
    # Each command imports what it needs: doctor has to run where grading cannot.
    if options.command == "doctor":
        return _doctor()
    if options.command == "release":
        return _release()
    from . import commands

    return commands.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mlcourse.grading",
        description="Grade the labs of a class, in a sandbox, and tell each student what to mend.",
        epilog=EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument(
        "--out",
        type=Path,
        default=Path("grades"),
        metavar="FOLDER",
        help="folder of the results (default: grades)",
    )
    files = argparse.ArgumentParser(add_help=False)
    files.add_argument(
        "--marks",
        type=Path,
        metavar="FILE",
        help="a filled-in copy of FOLDER/manual.csv; FOLDER/manual.csv itself is always read",
    )
    files.add_argument(
        "--canvas-gradebook",
        type=Path,
        metavar="FILE",
        help="gradebook exported from Canvas, to take students' numbers for canvas.csv from",
    )
    files.add_argument(
        "--moodle-worksheet",
        type=Path,
        metavar="FILE",
        help="grading worksheet downloaded from Moodle in English, to fill in as moodle.csv",
    )

    grade = commands.add_parser(
        "grade",
        parents=[folder, files],
        help="grade a class",
        description="Grade what is not graded yet; write grades, feedback and the class report.",
        epilog=EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    grade.add_argument(
        "submissions",
        type=Path,
        metavar="SUBMISSIONS",
        help="a folder of notebooks (STUDENT.ipynb), a tree (STUDENT/LAB/NOTEBOOK.ipynb), or all"
        " submissions as Canvas or Moodle gives them, as a zip or unpacked",
    )
    grade.add_argument(
        "--lab",
        required=True,
        help="name of the lab, such as lab01 (its tests are solutions/lab01_tests.py here or in a"
        " folder above), or the path of a file of tests",
    )
    grade.add_argument(
        "--jobs", type=_count, metavar="N", help="submissions at once (default: one for each core)"
    )
    grade.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="seed of the hidden inputs (default: follows from the file of tests)",
    )
    grade.add_argument(
        "--isolation",
        choices=("sandbox", "process"),
        help="process does without a sandbox: only for submissions that you trust"
        " (default: sandbox)",
    )
    grade.add_argument(
        "--late",
        type=Path,
        metavar="FILE",
        help="CSV with the columns student and days; a student is named as in the first column of"
        " grades.csv",
    )
    grade.add_argument(
        "--late-penalty",
        type=_share,
        metavar="FRACTION",
        help="share of the earned points that each late day costs, such as 0.1 (default: none)",
    )
    grade.add_argument("--regrade", action="store_true", help="grade also what is graded already")
    grade.add_argument(
        "--only",
        action="append",
        metavar="STUDENT",
        help="grade this student, and leave the others as they are; may be repeated",
    )

    commands.add_parser(
        "feedback",
        parents=[folder, files],
        help="write grades and feedback again, with marks that were filled in",
        epilog=EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands.add_parser("report", parents=[folder], help="write and show the class report again")
    commands.add_parser("release", help="make labs/ for students from solutions/")
    commands.add_parser("doctor", help="say whether this machine can grade, and what to mend")
    return parser


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return count


def _seed(text: str) -> int | str:
    if text == "none":
        return text
    if (seed := int(text)) < 0:
        raise argparse.ArgumentTypeError("expected 0 or more")
    return seed


def _share(text: str) -> float:
    if text == "none":
        return 0.0
    if not 0 <= (share := float(text)) <= 1:
        raise argparse.ArgumentTypeError("expected a number from 0 to 1")
    return share


def _doctor() -> int:
    from .diagnosis import diagnose

    checks = diagnose()
    for check in checks:
        print(f"{'ok  ' if check.works else 'FAIL'}  {check.name}: {check.detail or 'yes'}")
        if not check.works:
            print(f"      to mend it: {check.mend}")
    if all(check.works for check in checks):
        print("This machine can grade.")
        return 0
    print("This machine cannot grade yet.")
    return 1


def _release() -> int:
    from .questions import LabError
    from .release import release

    here = Path.cwd()
    root = next((p for p in (here, *here.parents) if (p / "solutions").is_dir()), None)
    if root is None:
        print("no folder solutions/ here or above; go to the course's folder", file=sys.stderr)
        return 2
    try:
        written = release(root)
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    for path in written:
        print(path.relative_to(root))
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if code == 130:
        os._exit(code)  # a second Ctrl-C does not wait for what is still being graded
    sys.exit(code)

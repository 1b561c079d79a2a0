"""Time the grading of lab 1, beside nbgrader and beside running the notebooks and no more.

    python benchmarks/grading.py             # 1 round; prints the table and writes nothing
    python benchmarks/grading.py --record    # 5 rounds; writes grading.json and grading.md

The submissions solve each question, or leave it as it was, by lot. In every round all contenders
handle all of them, in random order, in processes of their own. ``make test-nbgrader`` makes the
environment that nbgrader runs in.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from mlcourse.experiments import recorded
from mlcourse.grading.bank import load_lab
from mlcourse.grading.questions import ManualQuestion
from mlcourse.grading.session import STAND_INS

ROOT = Path(__file__).resolve().parents[1]
RECORD = Path(__file__).with_suffix(".json")
NBGRADER = ROOT / "_build/nbgrader/bin/nbgrader"
LAB = load_lab(ROOT / "solutions/lab01_tests.py")
NAME = "lab01-batched-mlp.ipynb"
SUBMISSIONS = 20

# The cells of a notebook one after the other, as the grader runs them, without its sandbox.
RUN = """
import contextlib, io, json, sys
from mlcourse.grading.standins import StandIns
sys.meta_path.insert(0, StandIns(sys.argv[2:]))
names = {"__name__": "__main__"}
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
            exec("".join(cell["source"]), names)
"""


def write_submissions(folder: Path) -> dict[str, float]:
    """Write STUDENT/lab01/NOTEBOOK for each student; return the points that each deserves."""
    untouched = json.loads((ROOT / "labs" / NAME).read_text(encoding="utf-8"))
    solution = json.loads((ROOT / "solutions" / NAME).read_text(encoding="utf-8"))
    answers = {cell["id"]: cell["source"] for cell in solution["cells"]}
    lot = random.Random(0)
    deserved = {}
    for number in range(SUBMISSIONS):
        solved = {q.name for q in LAB.questions if lot.random() < 0.7}
        if "affine" not in solved:
            solved.discard("mlp_forward")  # which calls it
        cells = [
            cell | {"source": answers[cell["id"]]} if cell["id"] in solved else cell
            for cell in untouched["cells"]
        ]
        student = f"student{number:02}"
        path = folder / student / "lab01" / NAME
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(untouched | {"cells": cells}), encoding="utf-8")
        automatic = [q for q in LAB.questions if not isinstance(q, ManualQuestion)]
        deserved[student] = sum(q.points for q in automatic if q.name in solved)
    return deserved


def run_alone(course: Path) -> None:
    for path in sorted(course.glob("submitted/*/*/*.ipynb")):
        subprocess.run([sys.executable, "-c", RUN, path, *STAND_INS], cwd=ROOT, check=True)


def grade(course: Path, jobs: int, deserved: dict[str, float]) -> None:
    """Grade with mlcourse; refuse the measurement if a grade is not what was deserved."""
    out = course / "grades"
    command = [sys.executable, "-m", "mlcourse.grading", "grade", course / "submitted"]
    options = ["--lab", "lab01", "--out", out, "--jobs", str(jobs)]
    subprocess.run(command + options, cwd=ROOT, check=True, capture_output=True)
    with open(out / "grades.csv", encoding="utf-8-sig", newline="") as file:
        earned = {
            row["student"]: sum(
                float(row[q.name]) for q in LAB.questions if not isinstance(q, ManualQuestion)
            )
            for row in csv.DictReader(file)
        }
    if earned != deserved:
        raise RuntimeError(f"wrong grades: {earned}, deserved are {deserved}")


def set_up_nbgrader(course: Path) -> None:
    """Let nbgrader know the lab; its other settings stay as they come."""
    settings = "c = get_config()\nc.ClearSolutions.enabled = False\n"
    (course / "nbgrader_config.py").write_text(settings)
    (course / "source/lab01").mkdir(parents=True)
    shutil.copy(ROOT / "labs" / NAME, course / "source/lab01")
    call_nbgrader(course, "generate_assignment")


def call_nbgrader(course: Path, command: str) -> None:
    python_path = f"{NBGRADER.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": python_path, "PYTHONPATH": str(ROOT), "HOME": str(course)}
    subprocess.run(
        [NBGRADER, command, "lab01"], cwd=course, env=environment, check=True, capture_output=True
    )


def one_round(course: Path) -> dict[str, float]:
    """Return the seconds for a submission of each contender."""
    deserved = write_submissions(course / "submitted")
    set_up_nbgrader(course)
    contenders = {
        "the notebook alone": (1, lambda: run_alone(course)),
        "mlcourse, one job": (1, lambda: grade(course, 1, deserved)),
        "mlcourse, two jobs": (2, lambda: grade(course, 2, deserved)),
        "nbgrader autograde": (1, lambda: call_nbgrader(course, "autograde")),
    }
    cores = sorted(os.sched_getaffinity(0))
    seconds = {}
    for name in random.sample(list(contenders), len(contenders)):
        n_cores, work = contenders[name]
        os.sched_setaffinity(0, cores[:n_cores])  # for the processes that start from here
        start = time.perf_counter()
        work()
        seconds[name] = round((time.perf_counter() - start) / SUBMISSIONS, 4)
        os.sched_setaffinity(0, cores)
        shutil.rmtree(course / "grades", ignore_errors=True)
        print(f"{name}: {seconds[name]:.2f} s a submission", file=sys.stderr, flush=True)
    return seconds


def measure(rounds: int) -> dict:
    """Return the seconds for a submission in each round, for each contender."""
    load = os.getloadavg()[0]
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as course:
            for name, took in one_round(Path(course)).items():
                seconds.setdefault(name, []).append(took)
    version = subprocess.check_output([NBGRADER, "--version"], text=True)
    return {
        "submissions": SUBMISSIONS,
        "load": round(load, 2),
        "nbgrader": version.split("nbgrader version")[-1].strip(),
        "seconds": seconds,
    }


def markdown(record: dict) -> str:
    """Return the table of the page."""
    result = record["result"]
    seconds = result["seconds"]
    base = seconds["the notebook alone"]
    lines = [
        f"Measured on {record['date']}, {len(base)} rounds of {result['submissions']} submissions "
        f"of lab 1, on {record['machine']} (load {result['load']} before the start), one BLAS "
        f"thread, Python {record['python']}, NumPy {record['numpy']}, nbgrader "
        f"{result['nbgrader']}.",
        "",
        "| | cores | best round | median | submissions a minute | times the notebook alone |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for name in sorted(seconds, key=lambda name: min(seconds[name])):
        own = seconds[name]
        ratios = [a / b for a, b in zip(own, base, strict=True)]
        spread = f"**{min(own) / min(base):.2f}** ({min(ratios):.2f}–{max(ratios):.2f})"
        lines.append(
            f"| {name} | {2 if 'two' in name else 1} | {min(own):.2f} s | {median(own):.2f} s "
            f"| {60 / min(own):.0f} | {'1' if own is base else spread} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="5 rounds; write the files")
    options = parser.parse_args()
    if not NBGRADER.exists():
        sys.exit("nbgrader is not there; run make test-nbgrader first.")
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    if options.record:
        RECORD.unlink(missing_ok=True)
        record = recorded(RECORD, lambda: measure(rounds=5))
        RECORD.with_suffix(".md").write_text(markdown(record), encoding="utf-8")
    else:
        with tempfile.TemporaryDirectory() as folder:
            print(markdown(recorded(Path(folder) / "once.json", lambda: measure(rounds=1))), end="")


if __name__ == "__main__":
    main()

"""A class is graded once, whatever comes in between; one submission never stops the others."""

import json
import os
import pty
import random
import signal
import subprocess
import time

import pytest

from mlcourse.grading import batch
from mlcourse.grading.bank import load_lab
from mlcourse.grading.batch import grade_all
from mlcourse.grading.gradebook import load_result, locked, write
from mlcourse.grading.judge import Judge
from mlcourse.grading.submissions import collect
from tests.grading.classroom import RIGHT, SQUARES, classroom, command, grade, notebook, run

SLOW = {
    f"s{i}": notebook("import time; time.sleep(0.1)", SQUARES if i % 2 else RIGHT) for i in range(8)
}


def results(folder):
    """Return all results as text, without the times."""
    kept = {}
    for path in sorted((folder / "grades/results").glob("*")):
        data = json.loads(path.read_text("utf-8"))
        kept[path.name] = json.dumps({**data, "seconds": 0})
    return kept


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a class that was graded without interruption."""
    folder = classroom(tmp_path_factory.mktemp("whole"), SLOW)
    assert grade(folder).returncode == 0
    return folder


@pytest.fixture
def judge(whole):
    return Judge(load_lab(whole / "solutions/lab00_tests.py"))


def test_killed_at_any_moment_and_started_again_it_gives_the_same(tmp_path, whole):
    folder = classroom(tmp_path / "x", SLOW)
    moments = random.Random(0)
    for _ in range(3):
        arguments = command("grade", "subs", "--lab", "lab00", "--jobs", 2)
        process = subprocess.Popen(
            arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        time.sleep(moments.uniform(0.3, 1.2))
        process.kill()
        process.communicate()
    done = grade(folder)
    assert done.returncode == 0, done.stderr
    assert results(folder) == results(whole)
    for name in ("results.json", "grades.csv"):
        assert (folder / "grades" / name).read_bytes() == (whole / "grades" / name).read_bytes()
    assert not list((folder / "grades").rglob("*.tmp"))


def test_ctrl_c_stops_and_says_how_to_go_on(tmp_path):
    folder = classroom(tmp_path / "x", SLOW)
    process = subprocess.Popen(
        command("grade", "subs", "--lab", "lab00", "--jobs", 1),
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(folder.glob("grades/results/*.json")):
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "Ctrl-C again stops at once" in errors
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    kept = len(results(folder))
    assert 1 <= kept < len(SLOW)
    assert f"{len(SLOW) - kept} graded now, {kept} were graded already" in grade(folder).stdout


def test_only_what_changed_is_graded_again(tmp_path):
    folder = classroom(tmp_path / "x", {"ann": notebook(RIGHT), "ben": notebook(SQUARES)})
    tests, out = folder / "solutions/lab00_tests.py", folder / "grades"

    def graded(seed=None, **options):
        judge = Judge(load_lab(tests), seed=seed)
        with locked(out):
            return grade_all(
                collect(folder / "subs", "lab00").submissions, judge, out, jobs=2, **options
            )

    assert graded() == 2
    assert graded() == 0
    assert graded(regrade=True) == 2
    assert graded(only={"ben"}) == 0
    assert graded(only={"ben"}, regrade=True) == 1
    (folder / "subs/ben.ipynb").write_bytes(notebook(RIGHT))
    assert graded() == 1
    assert load_result(out, "ben").earned == 4
    assert graded(seed=7) == 2
    with tests.open("a") as file:
        file.write("# another byte\n")
    assert graded(seed=7) == 2
    (out / "results/ann.json").write_text("{ damaged")
    assert graded(seed=7) == 1
    (folder / "subs/ben.ipynb").write_bytes(b"")
    assert graded(seed=7) == 1
    assert load_result(out, "ben").why == "the file is empty"


def test_two_graders_do_not_share_a_folder(whole):
    with locked(whole / "grades"):
        done = grade(whole)
    assert done.returncode == 2
    assert "another grader is at work in this folder" in done.stderr


class Breaks(Judge):
    """A grader with a mistake in it."""

    def grade(self, content):
        if b"x * x" in content:
            raise RuntimeError("our own mistake")
        return super().grade(content)


def test_a_mistake_of_the_grader_costs_one_submission_and_is_kept(tmp_path, judge):
    folder = classroom(tmp_path / "x", {"ann": notebook(RIGHT), "ben": notebook(SQUARES)})
    submissions = collect(folder / "subs", "lab00").submissions
    out = folder / "grades"
    with locked(out):
        assert grade_all(submissions, Breaks(judge.lab), out, jobs=2) == 2
        assert load_result(out, "ann").status == "graded"
        ben = load_result(out, "ben")
        assert (ben.status, ben.why) == ("failed", "RuntimeError: our own mistake")
        log = (out / "errors.log").read_text()
        assert "ben (ben.ipynb)" in log
        assert "Traceback" in log
        # A mended grader tries that one again.
        assert grade_all(submissions, judge, out, jobs=2) == 1
    assert load_result(out, "ben").status == "graded"


def test_a_result_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "x.json"
    write(path, "old")
    os.chmod(path, 0o600)
    with pytest.raises(UnicodeEncodeError):
        write(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bar_is_for_terminals(tmp_path, whole):
    lines = grade(whole, "--regrade", "--only", "s1").stderr.splitlines()
    assert lines[-1] == "1 of 1 graded"
    terminal, ours = pty.openpty()
    with os.fdopen(terminal, "rb", 0) as shown:
        process = subprocess.run(
            command("grade", "subs", "--lab", "lab00", "--regrade", "--only", "s1"),
            cwd=whole, stderr=ours, stdout=subprocess.DEVNULL, check=True, timeout=60,
        )  # fmt: skip
        os.close(ours)
        assert b"\r####################" in shown.read(200)
    assert process.returncode == 0


def test_who_is_still_running_is_named_while_one_waits(tmp_path, judge, monkeypatch, capsys):
    monkeypatch.setattr(batch, "_QUIET", 0.5)
    monkeypatch.setattr(batch, "_LONG", 1.0)
    folder = classroom(tmp_path / "x", {"ann": notebook("import time; time.sleep(2)", RIGHT)})
    with locked(folder / "grades"):
        submissions = collect(folder / "subs", "lab00").submissions
        assert grade_all(submissions, judge, folder / "grades", jobs=2) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("0 of 1 graded; still running: ann (1 s") for line in lines)
    assert lines[-1] == "1 of 1 graded"


def test_a_folder_of_another_lab_is_left_alone(whole):
    other = whole / "solutions/lab09_tests.py"
    text = (whole / "solutions/lab00_tests.py").read_text().replace('"lab00"', '"lab09"')
    other.write_text(text)
    done = run(whole, "grade", "subs", "--lab", "lab09")
    assert done.returncode == 2
    assert "holds results of lab00; choose another --out" in done.stderr

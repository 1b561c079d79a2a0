"""The benchmark compares like with like, and its page says what was measured."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    """Import a module of benchmarks/, which is a folder of scripts."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module


def test_the_tables_are_those_of_the_measurement():
    printed = subprocess.check_output([sys.executable, BENCHMARKS / "table.py"], encoding="utf-8")
    assert printed == (BENCHMARKS / "results.md").read_text(encoding="utf-8")
    assert "../benchmarks/results.md" in (ROOT / "appendices/benchmarks.md").read_text("utf-8")


def test_naive_network_learns_what_mlcourse_learns(load):
    contenders = load("contenders")
    losses = {
        name: contenders.measure(name, [64, 32, 10], 16, steps=1)[0]
        for name in ("mlcourse", "naive NumPy", "scikit-learn")
    }
    assert losses["naive NumPy"] == pytest.approx(losses["mlcourse"], rel=1e-5)
    assert losses["scikit-learn"] == pytest.approx(losses["mlcourse"], rel=1e-4)


def test_a_contender_that_skips_work_is_refused(load):
    contenders, run = load("contenders"), load("run")
    weights, batches = contenders.problem([64, 32, 10], 16)
    step, _ = contenders.naive(weights, batches)
    before = step(*batches[0])
    after = [step(X, y) for X, y in batches * 3][-1]
    run.check_same_work({"PyTorch eager": after, "naive NumPy": after})
    with pytest.raises(RuntimeError, match="naive NumPy does not do the same work"):
        run.check_same_work({"PyTorch eager": after, "naive NumPy": before})


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT to a group of processes")
def test_ctrl_c_ends_everything_with_one_line():
    results = {path: path.read_bytes() for path in BENCHMARKS.glob("results.*")}
    with subprocess.Popen(
        [sys.executable, BENCHMARKS / "run.py"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        said = process.stderr.read(len("training step:   0%"))
        os.killpg(process.pid, signal.SIGINT)
        said += process.stderr.read()  # until every process that writes here has ended
    assert process.returncode == 1
    assert said.endswith("\nInterrupted: nothing was written.\n")
    assert "Traceback" not in said
    assert {path: path.read_bytes() for path in BENCHMARKS.glob("results.*")} == results

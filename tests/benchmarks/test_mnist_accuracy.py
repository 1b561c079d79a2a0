"""End to end: the network of the first chapter, trained with `fit`, reads digits it never saw."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "mnist_accuracy.py"


def test_the_network_reads_the_test_digits_of_mini_mnist():
    run = subprocess.run(
        [sys.executable, SCRIPT, "--data", "mini", "--seed", "0"],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    result = json.loads(run.stdout)
    assert result["samples"] == 7000
    assert result["iterations"] == 20 * 110
    assert result["test_accuracy"] >= 0.95


def test_the_page_shows_the_recorded_runs():
    markdown = runpy.run_path(str(SCRIPT))["markdown"]
    record = json.loads(SCRIPT.with_suffix(".json").read_text(encoding="utf-8"))
    assert SCRIPT.with_suffix(".md").read_text(encoding="utf-8") == markdown(record)
    full = [run for run in record["result"] if run["samples"] == 60_000]
    assert len(full) == 3
    assert min(run["test_accuracy"] for run in full) >= 0.98

"""End to end: the network of the first chapter, trained with `fit`, reads digits it never saw."""

import json
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

"""The experiment on MNIST: it goes on where it stopped, and counts its mistakes rightly."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mlcourse.data import mini_mnist
from mlcourse.data.digits import Part
from mlcourse.experiments.mnist import Recipe, errors, train
from mlcourse.network import mlp

RECIPE = Recipe(
    (784, 64, 10), epochs=6, lr=2e-3, adamw=True, weight_decay=0.05, batch_norm=True,
    dropout=0.2, augment=True, anneal=True,
)  # fmt: skip
PROGRAM = f"""
from mlcourse.data import mini_mnist
from mlcourse.experiments.mnist import Recipe, train
train({RECIPE!r}, mini_mnist().train, 3, CHECKPOINT)
"""


def test_an_interrupted_training_reaches_the_same_weights(tmp_path):
    checkpoint = tmp_path / "run.pickle"
    program = PROGRAM.replace("CHECKPOINT", repr(str(checkpoint)))
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate()[1]
    part = mini_mnist().train
    resumed, seconds = train(RECIPE, part, 3, checkpoint)
    whole, _ = train(RECIPE, part, 3)
    assert seconds > 0
    for name, array in whole.state_dict().items():
        np.testing.assert_array_equal(resumed.state_dict()[name], array, err_msg=name)
    assert train(RECIPE, part, 3, checkpoint)[0].theta.tolist() == whole.theta.tolist()


def test_errors_counts_what_is_wrong():
    """Logits are the inputs themselves, so every number can be counted by hand."""
    net = mlp([3, 3], rng=np.random.default_rng(0))
    net.layers[0].W[:] = np.eye(3)
    X = np.log(np.array([[8, 1, 1], [1, 8, 1], [2, 1, 7], [5, 4, 1], [3, 6, 1]], np.float32) / 10)
    y = np.array([0, 1, 2, 1, 0])
    found = errors(net, Part(X, y), worst=1)
    assert found["error"] == pytest.approx(2 / 5)
    assert found["confusion"] == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert [row[0] for row in found["calibration"]] == [1, 1, 1, 2]
    np.testing.assert_allclose(
        found["calibration"], [[1, 0.5, 0], [1, 0.6, 0], [1, 0.7, 1], [2, 0.8, 1]], atol=1e-6
    )
    assert found["ece"] == pytest.approx((0.5 + 0.6 + 0.3 + 2 * 0.2) / 5)
    assert found["worst"] == [[4, 0, 1, pytest.approx(0.6)]]


def test_the_command_finds_finished_runs_again(tmp_path):
    """A class of runs that is finished is not trained again; the results file ends it."""
    name = "784-300-10"
    folder = tmp_path / "out.runs"
    folder.mkdir()
    run = {"name": name, "seed": 5, "error": 0.02}
    (folder / "0-5.json").write_text(json.dumps(run))
    command = [sys.executable, "-m", "mlcourse.experiments.mnist", "--networks", name]
    command += ["--seeds", "5", "--out", "out.json"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "2.00% wrong" in printed.stdout
    assert json.loads((tmp_path / "out.json").read_text())["result"] == [run]
    assert not folder.exists()

"""`pip install .` gives a package that needs NumPy alone."""

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    # Built from a copy: setuptools leaves a build folder, and takes old files from it, too.
    copy = tmp_path_factory.mktemp("wheel")
    shutil.copytree(
        ROOT / "mlcourse", copy / "mlcourse", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*pip, "--no-index", ".", cwd=copy)
    return next(copy.glob("mlcourse-*.whl"))


def test_wheel_holds_every_file_of_the_package(wheel):
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "mlcourse").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"mlcourse/py.typed", "mlcourse/data/files/mini-mnist.npz"} <= files
    held = set(zipfile.ZipFile(wheel).namelist())
    assert files - held == set()
    assert {Path(name).parts[0] for name in held} == {"mlcourse", wheel.name[:14] + ".dist-info"}


def test_numpy_is_the_only_hard_dependency(wheel):
    metadata = next(n for n in zipfile.ZipFile(wheel).namelist() if n.endswith("/METADATA"))
    lines = zipfile.ZipFile(wheel).read(metadata).decode().splitlines()
    needed = [
        line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]
    assert needed == ["Requires-Dist: numpy>=2.0"]


TRAINING = """
import numpy as np
from mlcourse.data import DataLoader, mini_mnist
from mlcourse.losses import cross_entropy
from mlcourse.network import mlp
from mlcourse.optim import SGD
from mlcourse.training import accuracy

rng, digits = np.random.default_rng(0), mini_mnist()
net = mlp([784, 32, 10], rng=rng)
optimizer = SGD(net, lr=0.1)
for X, y in DataLoader(*digits.train, batch_size=64, rng=rng):
    E, dZ = cross_entropy(net(X), y)
    net.backward(dZ)
    optimizer.step()
print(accuracy(net, *digits.test))
"""


def test_wheel_trains_a_network_with_numpy_alone(wheel, tmp_path):
    """In an empty environment, to which only the NumPy of this one is added."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", wheel)
    (site_packages,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    numpy = distribution("numpy")
    for name in {file.parts[0] for file in numpy.files} - {".."}:
        (site_packages / name).symlink_to(numpy.locate_file(name))
    assert float(run(python, "-c", TRAINING, cwd=tmp_path)) > 0.8

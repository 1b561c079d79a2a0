import gzip
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlcourse.data import DataError, mini_mnist, mnist
from mlcourse.data.digits import MINI_FILE, _read_mini
from mlcourse.data.idx import read_idx

ROOT = Path(__file__).parents[2]
SMALLEST = "t10k-labels-idx1-ubyte"


def test_mini_mnist_is_what_it_promises():
    digits = mini_mnist()
    for part, per_class in zip(digits, (700, 150, 150), strict=True):
        assert part.X.shape == (10 * per_class, 784)
        assert part.X.dtype == np.float32
        assert part.X.min() == 0
        assert part.X.max() == 1
        assert part.y.dtype == np.int64
        assert np.bincount(part.y).tolist() == [per_class] * 10
        # Classes are mixed: 100 labels in a row come from all of them.
        assert len(np.unique(part.y[:100])) == 10
    X = np.concatenate([part.X for part in digits])
    assert len(np.unique(X, axis=0)) == 10_000  # no image in two parts


def test_mini_mnist_arrays_belong_to_the_caller():
    mini_mnist().train.X[:] = 0
    assert mini_mnist().train.X.max() == 1


@pytest.mark.parametrize("damage", ["missing", "truncated", "one bit"])
def test_damaged_mini_mnist_is_repaired_by_the_command_in_the_message(tmp_path, damage):
    path = tmp_path / "mini-mnist.npz"
    shutil.copy(MINI_FILE, path)

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    git("add", "mini-mnist.npz")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "data")

    raw = bytearray(path.read_bytes())
    raw[4_000_000] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(raw if damage == "one bit" else raw[:1000])
    with pytest.raises(DataError, match=r"expected 7,870,692 bytes with sha256 \w{64}") as caught:
        _read_mini(path)
    command = re.search(r"repair it with: (.*) \(", str(caught.value))[1]
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    assert len(_read_mini(path).train.y) == 7000


def test_mini_mnist_is_made_again_byte_for_byte(full_mnist, tmp_path):
    out = tmp_path / "again.npz"
    tool = ROOT / "tools" / "make_mini_mnist.py"
    subprocess.run([sys.executable, tool, "--root", full_mnist, "--out", out], check=True)
    assert out.read_bytes() == MINI_FILE.read_bytes()


def test_mini_mnist_comes_from_the_training_images(full_mnist):
    digits = mini_mnist()
    full = mnist(full_mnist)
    with np.load(MINI_FILE) as arrays:
        index = arrays["index"]
    X, y = (np.concatenate(arrays) for arrays in zip(*digits, strict=True))
    np.testing.assert_array_equal(X, full.train.X[index])
    np.testing.assert_array_equal(y, full.train.y[index])
    test_images = {image.tobytes() for image in full.test.X}
    assert not any(image.tobytes() in test_images for image in X)


def test_readme_states_the_file(full_mnist):
    from mlcourse.data.digits import MINI_SHA256, MINI_SIZE

    readme = (MINI_FILE.parent / "README.md").read_text()
    assert MINI_SHA256 in readme
    assert f"{MINI_SIZE:,}" in readme
    assert MINI_FILE.stat().st_size == MINI_SIZE
    spec = importlib.util.spec_from_file_location("tool", ROOT / "tools" / "make_mini_mnist.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert f"seed {tool.SEED}" in readme


def test_mnist_is_complete(full_mnist, monkeypatch):
    monkeypatch.setenv("MLCOURSE_DATA", str(full_mnist))
    train, test = mnist()
    assert train.X.shape == (60_000, 784)
    assert test.X.shape == (10_000, 784)
    assert train.X.dtype == test.X.dtype == np.float32
    assert np.bincount(train.y).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert train.X.mean(dtype=np.float64) == pytest.approx(0.13066, abs=5e-6)
    assert train.X.std(dtype=np.float64) == pytest.approx(0.30811, abs=5e-6)


def test_looks_in_root_then_environment_then_cache(full_mnist, tmp_path, monkeypatch):
    if sys.platform != "linux":
        pytest.skip("moves the cache folder with XDG_CACHE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root, environment, cache = tmp_path / "root", tmp_path / "environment", tmp_path / "mlcourse"
    monkeypatch.setenv("MLCOURSE_DATA", str(environment))
    for folder in cache, environment, root:  # each one goes before those filled earlier
        shutil.copytree(full_mnist, folder)
        assert len(mnist(root).train.y) == 60_000
        damaged = next(folder.glob(f"{SMALLEST}*"))
        damaged.chmod(0o644)
        damaged.write_bytes(b"")
        with pytest.raises(DataError, match=re.escape(str(damaged))):
            mnist(root)


def test_plain_files_are_as_good_as_gzipped_ones(full_mnist, tmp_path):
    for gz in full_mnist.glob("*.gz"):
        (tmp_path / gz.stem).write_bytes(gzip.decompress(gz.read_bytes()))
    assert mnist(tmp_path).test.y[:3].tolist() == [7, 2, 1]


def test_damaged_file_names_file_content_and_repair(full_mnist, tmp_path):
    shutil.copytree(full_mnist, tmp_path, dirs_exist_ok=True)
    path = tmp_path / f"{SMALLEST}.gz"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError) as caught:
        mnist(tmp_path)
    for part in (str(path), "ff7bcfd416de3373", "10,008 bytes", f"rm '{path}'"):
        assert part in str(caught.value)


def test_downloads_what_is_missing_once(full_mnist, mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no cache"))
    monkeypatch.delenv("MLCOURSE_DATA")
    mirror.files = {gz.name: gz.read_bytes() for gz in full_mnist.glob("*.gz")}
    root = tmp_path / "root"
    for _ in range(2):
        assert mnist(root, [mirror.url]).test.y[:3].tolist() == [7, 2, 1]
    assert mirror.ranges == [None] * 4
    assert mirror.sent == sum(map(len, mirror.files.values()))
    assert sorted(path.name for path in root.glob("*-ubyte*")) == sorted(mirror.files)
    assert read_idx(root / f"{SMALLEST}.gz").shape == (10_000,)


def test_import_stays_light():
    code = (
        "import sys, mlcourse.data; "
        "print([m for m in ('pooch', 'tqdm', 'requests', 'urllib.request', 'ssl', 'scipy', 'torch')"
        " if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.strip() == b"[]"

import gzip
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mlcourse.data import DataError
from mlcourse.data.download import cache_folder, fetch

NAME = "noise-idx1-ubyte"
SIZE = 200_000
IDX = bytes([0, 0, 8, 1]) + SIZE.to_bytes(4, "big") + np.random.default_rng(0).bytes(SIZE)
SHA256 = hashlib.sha256(IDX).hexdigest()
GZ = gzip.compress(IDX, mtime=0)  # noise does not shrink: the transfer is 200 kB
FETCH = (
    "import sys; from pathlib import Path; from mlcourse.data.download import fetch; "
    "fetch(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:])"
)


@pytest.fixture
def served(mirror):
    mirror.files[f"{NAME}.gz"] = GZ
    return mirror


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def fetch_in_process(folder, *mirrors):
    command = [sys.executable, "-c", FETCH, NAME, SHA256, str(folder), *mirrors]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_fetches_into_a_new_folder(served, tmp_path, capsys):
    folder = tmp_path / "a" / "b"
    path = fetch(NAME, SHA256, folder, [served.url])
    assert path == folder / f"{NAME}.gz"
    assert path.read_bytes() == GZ
    assert files(folder) == [path.name]
    assert served.ranges == [None]
    assert f"{NAME}.gz: 100%" in capsys.readouterr().err


def test_needs_no_tqdm(served, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert fetch(NAME, SHA256, tmp_path, [served.url]).read_bytes() == GZ
    assert capsys.readouterr().err == ""


def test_interrupted_transfer_is_continued(served, tmp_path):
    served.cut = 70_000
    with pytest.raises(DataError, match=r"(?s)closed after 70,000 of .*call again.*70,000 byt"):
        fetch(NAME, SHA256, tmp_path, [served.url + "gone", served.url])
    assert files(tmp_path) == [f"{NAME}.gz.part"]

    served.cut = None
    assert fetch(NAME, SHA256, tmp_path, [served.url]).read_bytes() == GZ
    assert served.ranges == [None, None, "bytes=70000-"]
    assert served.sent == len(GZ)  # no byte twice
    assert files(tmp_path) == [f"{NAME}.gz"]


def test_next_mirror_continues(served, tmp_path):
    served.cut = 150_000
    assert fetch(NAME, SHA256, tmp_path, [served.url, served.url]).read_bytes() == GZ
    assert served.ranges == [None, "bytes=150000-"]


def test_server_without_ranges_sends_all_again(served, tmp_path):
    served.knows_ranges = False
    (tmp_path / f"{NAME}.gz.part").write_bytes(GZ[:1000])
    assert fetch(NAME, SHA256, tmp_path, [served.url]).read_bytes() == GZ
    assert served.sent == len(GZ)


def test_complete_part_is_only_checked(served, tmp_path):
    (tmp_path / f"{NAME}.gz.part").write_bytes(GZ)
    assert fetch(NAME, SHA256, tmp_path, [served.url]).read_bytes() == GZ
    assert served.sent == 0


@pytest.mark.parametrize(
    "wrong", [gzip.compress(IDX[:-1] + b"\0"), IDX[:-1], b"<html>please log in</html>", b""]
)
def test_wrong_bytes_leave_nothing_behind(served, tmp_path, wrong):
    served.files[f"{NAME}.gz"] = wrong
    with pytest.raises(DataError, match=f"could not download {NAME}.gz .*{SHA256}"):
        fetch(NAME, SHA256, tmp_path, [served.url])
    assert files(tmp_path) == []


def test_part_of_another_file_is_given_up(served, tmp_path):
    (tmp_path / f"{NAME}.gz.part").write_bytes(b"x" * 1000)
    assert fetch(NAME, SHA256, tmp_path, [served.url, served.url]).read_bytes() == GZ
    assert served.ranges == ["bytes=1000-", None]


def test_not_found(mirror, tmp_path):
    with pytest.raises(DataError, match=rf"{mirror.url}{NAME}.gz: HTTP Error 404"):
        fetch(NAME, SHA256, tmp_path, [mirror.url])
    assert files(tmp_path) == []


def test_no_server(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(DataError, match=r"refused.*\n.*put the file into"):
            fetch(NAME, SHA256, tmp_path, [url])
    assert files(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_read_only_cache(served):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "cache"
        folder.mkdir(mode=0o555)
        Path(name).chmod(0o755)
        user = os.geteuid()
        try:
            if user == 0:  # root may write anywhere
                os.seteuid(65534)
            with pytest.raises(DataError, match=r"cannot write .*denied.*MLCOURSE_DATA"):
                fetch(NAME, SHA256, folder, [served.url])
        finally:
            os.seteuid(user)
        assert list(folder.iterdir()) == []
    assert served.ranges == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fcntl")
def test_two_processes_at_once_download_once(served, tmp_path):
    served.cut = 100_000
    served.hold.clear()
    first = fetch_in_process(tmp_path, served.url, served.url)
    wait_for(lambda: served.sent > 0)
    second = fetch_in_process(tmp_path, served.url)
    time.sleep(0.5)  # time for the second one to spoil the first one's part, if it could
    assert second.poll() is None
    assert served.ranges == [None]
    served.cut = None
    served.hold.set()  # the first connection breaks, the first process continues

    for process in first, second:
        errors = process.communicate(timeout=30)[1]
        assert process.returncode == 0, errors
    assert (tmp_path / f"{NAME}.gz").read_bytes() == GZ
    assert files(tmp_path) == [f"{NAME}.gz"]
    assert served.ranges == [None, "bytes=100000-"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_process_holds_nobody_up(served, tmp_path):
    served.cut = 100_000
    served.hold.clear()
    process = fetch_in_process(tmp_path, served.url)
    part = tmp_path / f"{NAME}.gz.part"
    wait_for(lambda: part.exists() and part.stat().st_size > 0)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    served.hold.set()
    kept = part.stat().st_size

    served.cut = None
    assert fetch(NAME, SHA256, tmp_path, [served.url]).read_bytes() == GZ
    assert served.ranges == [None, f"bytes={kept}-"]


def test_cache_folder_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    for platform, expected in [
        ("linux", ".cache/mlcourse"),
        ("darwin", "Library/Caches/mlcourse"),
        ("win32", "Local/mlcourse"),
    ]:
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder() == tmp_path / expected
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere" / "mlcourse"

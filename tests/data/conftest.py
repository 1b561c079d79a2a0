"""A real HTTP server on loopback that plays the mirror, and the complete MNIST if it is here."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

MNIST_FILES = [
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
]


class Mirror(ThreadingHTTPServer):
    """Serves ``files``, and records the Range of each request and the bytes it sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/mnist/"
        self.files: dict[str, bytes] = {}
        self.knows_ranges = True
        self.cut: int | None = None  # close the connection after this many bytes
        self.hold = threading.Event()  # where it is cut: keep the connection open until it is set
        self.hold.set()
        self.ranges: list[str | None] = []
        self.sent = 0


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        mirror = self.server
        mirror.ranges.append(self.headers["Range"])
        body = mirror.files.get(self.path.removeprefix("/mnist/"))
        if body is None:
            self.send_error(404)
            return
        start = 0
        if mirror.knows_ranges and (asked := re.fullmatch(r"bytes=(\d+)-", str(mirror.ranges[-1]))):
            start = int(asked[1])
            if start >= len(body):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        piece = body[start:][: mirror.cut]
        mirror.sent += len(piece)  # before the client can have the last byte
        self.wfile.write(piece)
        if mirror.cut is not None:
            mirror.hold.wait()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("no_proxy", "*")
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.hold.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def full_mnist() -> Path:
    """The folder of the complete MNIST; named by MLCOURSE_DATA alone."""
    folder = Path(os.environ.get("MLCOURSE_DATA", "."))
    missing = [name for name in MNIST_FILES if not list(folder.glob(f"{name}*"))]
    if missing:
        pytest.skip(
            f"NOT TESTED: set MLCOURSE_DATA to a folder with the complete MNIST ({missing})"
        )
    return folder

"""Downloads that continue where they stopped, with the standard library alone.

``pooch`` would be the usual choice, but it deletes the partial file when a transfer breaks off, and
it checks the compressed bytes, which differ from mirror to mirror. Without these two nothing of it
would be left. The progress bar appears where ``tqdm`` is installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from mlcourse.data.idx import DataError, read_idx


def cache_folder() -> Path:
    """Return the folder for downloads: where this platform keeps its caches, plus ``mlcourse``.

    Linux ``$XDG_CACHE_HOME`` or ``~/.cache``, macOS ``~/Library/Caches``, Windows
    ``%LOCALAPPDATA%``.

    Examples
    --------
    >>> cache_folder().name
    'mlcourse'
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mlcourse"


def fetch(name: str, sha256: str, folder: Path, mirrors: Sequence[str]) -> Path:
    """Download the IDX file ``name`` as ``name.gz`` into a folder and return its path.

    The bytes arrive in ``name.gz.part``. Only when its uncompressed content has the expected
    checksum does it take its final name, in one step, so no other program ever sees half a file.
    A transfer that breaks off leaves the part, and the next mirror or the next call asks for the
    rest of it with an HTTP Range request.

    Parameters
    ----------
    name
        File name without ``.gz``.
    sha256
        Expected SHA-256 of the uncompressed content.
    folder
        Where the file goes; it is made if it does not exist.
    mirrors
        Base URLs, tried in this order.

    Raises
    ------
    DataError
        If no mirror delivers the right bytes, or the folder cannot be written.
    """
    from http.client import HTTPException

    final = folder / f"{name}.gz"
    part = folder / f"{name}.gz.part"
    failures = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder):
            if final.exists():  # another process fetched it while this one waited
                return final
            for mirror in mirrors:
                url = f"{mirror.rstrip('/')}/{final.name}"
                try:
                    _continue(url, part)
                    read_idx(part, sha256)
                    return part.replace(final)
                except DataError as error:
                    part.unlink(missing_ok=True)  # nobody should continue from wrong bytes
                    failures.append(f"{url}: {error}")
                except (OSError, HTTPException) as error:
                    failures.append(f"{url}: {error}")
            kept = part.stat().st_size if part.exists() else 0
    except OSError as error:
        raise DataError(
            f"cannot write {final}: {error}; pass another folder as mnist(root) or, if you have "
            "the files, name theirs in the environment variable MLCOURSE_DATA"
        ) from error
    reasons = "".join(f"\n  {failure}" for failure in failures)
    raise DataError(
        f"could not download {name}.gz (uncompressed sha256 {sha256}):{reasons}\n"
        f"call again to continue ({kept:,} bytes are kept), or put the file into {folder} yourself"
    )


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process downloads into this folder; a process that dies lets go."""
    with open(folder / ".lock", "w") as file:
        # Windows has no fcntl: there, two downloads at once may spoil each other's part, and the
        # checksum refuses it.
        with contextlib.suppress(ImportError):
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _continue(url: str, part: Path) -> None:
    """Append to ``part`` the bytes of ``url`` that it lacks."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    done = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        response = urlopen(request, timeout=30)
    except HTTPError as error:
        if error.code == 416:  # no byte lies beyond the part: it is complete, or wrong
            error.close()
            return
        raise
    with response:
        if response.status != 206:  # the server does not know ranges and sends all
            done = 0
        total = None if response.length is None else done + response.length
        with (
            open(part, "ab" if done else "wb") as file,
            _with_progress_bar(file, part.stem, done, total) as sink,
        ):
            shutil.copyfileobj(response, sink)
    got = part.stat().st_size
    if total is not None and got < total:
        raise OSError(f"connection closed after {got:,} of {total:,} bytes")


def _with_progress_bar(
    file: IO[bytes], name: str, done: int, total: int | None
) -> contextlib.AbstractContextManager[Any]:
    """Return the file, wrapped to show what is written to it where tqdm is installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        return contextlib.nullcontext(file)
    bar: contextlib.AbstractContextManager[Any] = tqdm.wrapattr(
        file, "write", desc=name, initial=done, total=total
    )
    return bar

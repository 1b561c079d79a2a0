"""List the files of a folder or a zip and read them, trusting neither.

Nothing is ever unpacked onto the disk: a member is read into memory, up to a limit, and what cannot
be read safely is refused with a reason.
"""

from __future__ import annotations

import io
import os
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .notebook import MAX_BYTES as MAX_FILE

MAX_TOTAL = 1 << 30  # bytes of everything that is read in one run
MAX_FILES = 50_000
MAX_RATIO = 200  # a notebook of repeated prints packs to about a fiftieth
# Methods that unpack in a fixed amount of memory. LZMA takes as much as the packer asked for.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What systems leave behind, and what a name starts with that is hidden.
LITTER = ("__MACOSX", "Thumbs.db", "desktop.ini")
HIDDEN = (".", "~$")


class Refused(Exception):
    """A file that is not read; the message says why."""


@dataclass(frozen=True)
class Entry:
    """A file of a folder or zip.

    Attributes
    ----------
    parts : tuple of str
        Its path below the root, for people: unprintable characters are replaced.
    when : Any
        When it was last changed; comparable within one folder or zip.
    read : callable
        Returns its bytes, or raises Refused.
    """

    parts: tuple[str, ...]
    when: Any
    read: Callable[[], bytes]

    @property
    def path(self) -> str:
        """The path as one text."""
        return "/".join(self.parts)


class Budget:
    """Bytes that may still be read in this run."""

    def __init__(self, total: int = MAX_TOTAL) -> None:
        self.left = total

    def spend(self, size: int) -> None:
        """Take ``size`` bytes off, or raise Refused."""
        if size > self.left:
            raise Refused(f"all files together exceed the limit of {MAX_TOTAL >> 20} MiB")
        self.left -= size


def printable(text: str) -> str:
    r"""Replace what is not a character of UTF-8 or cannot be printed, such as terminal codes.

    Examples
    --------
    >>> printable("na\x1bme\udcff")
    'na?me?'
    """
    return "".join("?" if unicodedata.category(char)[0] == "C" else char for char in text)


def _is_litter(parts: tuple[str, ...]) -> bool:
    return any(part in LITTER or part.startswith(HIDDEN) for part in parts)


def _too_large(size: int) -> Refused:
    return Refused(f"larger than {MAX_FILE // 10**6} MB ({size:,} bytes)")


def folder(root: Path, budget: Budget) -> list[Entry]:
    """Return the files below a folder, in order; links are listed, and refused when read."""
    entries: list[Entry] = []
    todo: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    while todo:
        path, parts = todo.pop()
        try:
            found = sorted(os.scandir(path), key=lambda item: item.name)
        except OSError as error:
            entries.append(Entry(parts, 0, _refusal(f"cannot be opened: {error.strerror}")))
            continue
        found = [item for item in found if not _is_litter((item.name,))]
        if parts and not found:  # of a student who handed in nothing
            entries.append(Entry((*parts, "an empty folder"), 0, _refusal("an empty folder")))
        for item in found:
            inside = (*parts, printable(item.name))
            if item.is_dir(follow_symlinks=False):
                todo.append((path / item.name, inside))
            else:
                changed = item.stat(follow_symlinks=False).st_mtime_ns
                entries.append(Entry(inside, changed, _file_reader(path / item.name, budget)))
            if len(entries) > MAX_FILES:
                raise Refused(f"more than {MAX_FILES:,} files")
    return sorted(entries, key=lambda entry: entry.parts)


def single(path: Path, budget: Budget) -> Entry:
    """Return a file as if it were alone in a folder."""
    return Entry((printable(path.name),), 0, _file_reader(path, budget))


def _refusal(why: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise Refused(why)

    return read


def _file_reader(path: Path, budget: Budget) -> Callable[[], bytes]:
    def read() -> bytes:
        if path.is_symlink():
            raise Refused("a link to another file")
        try:
            # A pipe would wait for a writer; a link may have come since the folder was listed.
            number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(number, "rb") as file:
                info = os.fstat(number)
                if not stat.S_ISREG(info.st_mode):
                    raise Refused("not an ordinary file")
                if info.st_size > MAX_FILE:
                    raise _too_large(info.st_size)
                budget.spend(info.st_size)
                return file.read(MAX_FILE)
        except OSError as error:
            raise Refused(f"cannot be read: {error.strerror}") from None

    return read


@contextmanager
def archive(source: Path | bytes, budget: Budget) -> Iterator[list[Entry]]:
    """Open a zip and give its files, in order; what is not safe is refused when read.

    Raises
    ------
    Refused
        If it is no zip, or one with too many members.
    """
    if isinstance(source, bytes) and source.count(b"PK\1\2") > MAX_FILES:
        raise Refused(f"a zip of more than {MAX_FILES:,} files")  # told before it is listed
    try:
        opened = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except UnicodeDecodeError:
        raise Refused("a zip with file names that are not UTF-8; unpack it, zip it again") from None
    except Exception as error:  # what hostile bytes make zipfile raise is not written down
        raise Refused(f"not a zip that can be opened: {printable(str(error))}") from None
    with opened:
        if len(opened.infolist()) > MAX_FILES:
            raise Refused(f"a zip of more than {MAX_FILES:,} files")
        seen: set[str] = set()
        entries = []
        for info in opened.infolist():
            name = _name(info)
            parts = tuple(printable(part) for part in name.split("/") if part not in ("", "."))
            if name.endswith("/") or not parts or _is_litter(parts):
                continue
            why = _why_not(info, name, seen)
            seen.add(name)
            read = _refusal(why) if why else _member_reader(opened, info, budget)
            entries.append(Entry(parts, info.date_time, read))
        yield sorted(entries, key=lambda entry: entry.parts)


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name: many packers write UTF-8 and do not say so, or use backslashes."""
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _why_not(info: zipfile.ZipInfo, name: str, seen: set[str]) -> str:
    """Say why a member is refused; nothing if it may be read."""
    if name.startswith("/") or name[1:2] == ":" or "\0" in name:
        return "its path leads out of the zip"
    if ".." in name.split("/"):
        return "its path leads out of the zip"
    if name in seen:
        return "a second file of the same name in the zip"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link to another file"
    if info.flag_bits & 1:
        return "encrypted: hand it in without a password"
    if info.compress_type not in METHODS:
        return "packed by a method that is not read; use an ordinary zip"
    if info.file_size > MAX_FILE:
        return str(_too_large(info.file_size))
    if info.file_size > max(1 << 20, MAX_RATIO * info.compress_size):
        return f"packed more than {MAX_RATIO} times smaller than it is"
    return ""


def _member_reader(
    opened: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget
) -> Callable[[], bytes]:
    def read() -> bytes:
        budget.spend(info.file_size)
        try:
            with opened.open(info) as member:
                return member.read(MAX_FILE)  # no more than the size it declared
        except Exception as error:  # what hostile bytes make zipfile raise is not written down
            raise Refused(f"damaged in the zip: {printable(str(error))}") from None

    return read

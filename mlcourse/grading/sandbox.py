"""Build the sandbox that a worker runs in.

Bubblewrap gives the worker namespaces of its own without a network, a read-only file system that
holds Python's standard library and the packages of the lab and nothing else, and a small ``/tmp``.
There is no shell, no ``/proc`` and no ``/etc``, and no path of this machine shows inside.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import seccomp

# What must be installed, and how that is done.
PROGRAMS = {
    "bwrap": "apt install bubblewrap (Debian, Ubuntu), dnf install bubblewrap (Fedora)",
    "ldd": "apt install libc-bin (Debian, Ubuntu), dnf install glibc-common (Fedora)",
}
MIB = 1 << 20

# Python finds its standard library beside itself, and these are the paths that a student sees.
_ROOT = "/python"
_GRADER = "/python/grader"
PACKAGES = "/python/packages"


class SandboxError(Exception):
    """No worker can be started here; the message names the missing piece and how to get it."""


@dataclass(frozen=True)
class Limits:
    """What a student's code may use: seconds, bytes and numbers of things.

    ``call`` is for one call, ``cell`` for one cell, ``total`` for a submission with everything in
    it that had to be run again.
    """

    call: float = 5.0
    cell: float = 15.0
    total: float = 150.0
    memory: int = 2048 * MIB  # address space
    processes: int = 8  # threads: processes cannot be started
    files: int = 256  # open at once
    file_size: int = 64 * MIB
    disk: int = 64 * MIB  # all of /tmp
    reply: int = 64 * MIB  # one result
    output: int = 64 * 1024  # text kept of one cell or call

    def of_process(self) -> dict[str, int]:
        """Return the limits that the kernel keeps for the worker, by their names."""
        return {
            "RLIMIT_AS": self.memory,
            "RLIMIT_CPU": int(self.total) + 10,
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_NOFILE": self.files,
            "RLIMIT_FSIZE": self.file_size,
            "RLIMIT_CORE": 0,
        }


def user_of_its_own() -> int | None:
    """Return an unused user id for a worker started by root; None if this is an ordinary user.

    The kernel does not limit root's processes, and it counts those of any other user together:
    with a user of its own no worker can use up what another one may start. (The worker of an
    ordinary user is counted in a user namespace of its own.)
    """
    if os.geteuid() != 0:
        return None
    first, _, count = Path("/proc/self/uid_map").read_text().splitlines()[-1].split()
    top = min(int(first) + int(count), 2**31)
    return random.SystemRandom().randrange(top // 2, top)


ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
}
# The worker's files form packages of their own, so that they need nothing else of the course.
_RUN = """
import sys, types
for name in ("grader", "grader.labs", "grader.grading"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [name.replace(".", "/").replace("grader", {!r}, 1)]
from grader.grading.worker import main
main({})
"""
_WORKER = (
    "labs/plain.py",
    "labs/steps.py",
    "grading/wire.py",
    "grading/standins.py",
    "grading/worker.py",
)


def arguments(fd: int, grader: Path) -> list[str]:
    """Return the arguments with which Python runs the worker, which talks over file ``fd``."""
    return ["-I", "-S", "-B", "-X", "utf8", "-c", _RUN.format(str(grader), fd)]


def start_worker(fd: int, packages: tuple[str, ...], disk: int) -> subprocess.Popen[bytes]:
    """Start a worker in the sandbox that talks over file ``fd``; otherwise as ``start``."""
    return start(arguments(fd, Path(_GRADER)), packages, disk, (fd,))


def start(
    command: Sequence[str], packages: tuple[str, ...], disk: int, pass_fds: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    """Start Python in the sandbox; its output goes to a pipe.

    Parameters
    ----------
    command : sequence of str
        Python's arguments.
    packages : tuple of str
        The modules that can be imported besides the standard library, such as "numpy".
    disk : int
        Size of ``/tmp`` in bytes.
    pass_fds : tuple of int
        Open files that the process inherits.

    Raises
    ------
    SandboxError
        If a program or a package is missing.
    """
    for program, install in PROGRAMS.items():
        if shutil.which(program) is None:
            raise SandboxError(f"the program {program} is missing; install it: {install}")
    rules = seccomp.program()
    if rules is None:
        raise SandboxError("the system calls of this processor are not known to seccomp.py")
    # Arguments in a file do not show in the list of processes.
    with _file("\0".join(_layout(packages, disk)).encode()) as options, _file(rules) as calls:
        fds = (options.fileno(), calls.fileno())
        bwrap = [str(shutil.which("bwrap")), "--args", str(fds[0]), "--seccomp", str(fds[1])]
        return subprocess.Popen(
            [*bwrap, "--", f"{_ROOT}/bin/python3", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={},
            pass_fds=(*fds, *pass_fds),
            start_new_session=True,
        )


def _file(content: bytes) -> BinaryIO:
    """Return a file in memory."""
    file = os.fdopen(os.memfd_create("options"), "w+b")
    file.write(content)
    file.seek(0)
    return file


@functools.cache
def _layout(packages: tuple[str, ...], disk: int) -> list[str]:
    """Return bubblewrap's options."""
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    options += ["--unshare-cgroup-try", "--die-with-parent", "--new-session"]
    options += ["--hostname", "sandbox", "--cap-drop", "ALL"]
    if os.geteuid() == 0:  # the worker itself becomes another user, see user_of_its_own
        options += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        options += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    options += ["--clearenv"]
    for name, value in {**ENVIRONMENT, "LD_LIBRARY_PATH": f"{_ROOT}/lib"}.items():
        options += ["--setenv", name, value]
    binary = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    inside = f"{_ROOT}/{sys.platlibdir}/{library.name}"
    installed = _packages(packages)
    binds = {
        f"{_ROOT}/bin/python3": binary,
        inside: library,
        **{f"{_GRADER}/{name}": Path(__file__).parents[1] / name for name in _WORKER},
        **installed,
        **_shared_libraries([binary, library / "lib-dynload", *installed.values()]),
    }
    # Bubblewrap makes the folders around what it binds for its own user alone.
    folders = {folder for place in binds for folder in Path(place).parents[:-1]}
    for folder in sorted(folders):
        options += ["--perms", "0755", "--dir", str(folder)]
    for place, source in binds.items():
        options += ["--ro-bind", str(source), place]
    for name in ("site-packages", "dist-packages"):  # what is installed is not the library's
        if (library / name).is_dir():
            options += ["--perms", "0755", "--tmpfs", f"{inside}/{name}"]
            options += ["--remount-ro", f"{inside}/{name}"]
    options += ["--perms", "0755", "--dir", "/dev"]
    for name in ("null", "zero", "random", "urandom"):
        options += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    # Last: a file system mounted on a folder hides what was mounted in it before.
    options += ["--perms", "1777", "--size", str(disk), "--tmpfs", "/tmp"]
    options += ["--remount-ro", "/", "--chdir", "/tmp"]
    return options


def _packages(names: tuple[str, ...]) -> dict[str, Path]:
    """Return where the files and folders of modules go, and where they are on this machine."""
    names = ("numpy", *names)
    if any(name.startswith("mlcourse.") for name in names):
        names += ("mlcourse.checks",)  # the ground that everything of the course stands on
    return {f"{PACKAGES}/{place}": source for name in names for source, place in _package(name)}


def _package(name: str) -> list[tuple[Path, str]]:
    """Return the files and folders that a module consists of, and where they go."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        raise SandboxError(f"the lab lists the module {name}, which is not installed here")
    place = name.replace(".", "/")
    source = Path(spec.origin)
    if spec.submodule_search_locations is None:
        found = [(source, f"{place}{''.join(source.suffixes)}")]
    else:
        found = [(source.parent, place)]
        shared = source.parents[1] / f"{name}.libs"  # the libraries that a wheel brings along
        if shared.is_dir():
            found.append((shared, shared.name))
    parent = name.rpartition(".")[0]
    while parent:  # of the packages around it only the files that make them packages
        folder = importlib.util.find_spec(parent)
        if folder is not None and folder.origin is not None:
            found.append((Path(folder.origin), f"{parent.replace('.', '/')}/__init__.py"))
        parent = parent.rpartition(".")[0]
    return found


# Windows and terminals are of no use to a worker, and their libraries are many.
_UNUSED = ("_tkinter", "_curses", "readline", "nis", "_gdbm", "_dbm")


def _shared_libraries(roots: Sequence[Path]) -> dict[str, Path]:
    """Return where the libraries go that programs and modules need, and where they are."""
    files = [root for root in roots if root.is_file()]
    for root in roots:
        files += [f for f in sorted(root.rglob("*.so*")) if not f.name.startswith(_UNUSED)]
    listing = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True).stdout
    found = {}
    for source in re.findall(r"=> (/.+) \(0x", listing):
        if not any(root in Path(source).resolve().parents for root in roots):
            found[f"{_ROOT}/lib/{Path(source).name}"] = Path(source)
    for loader in re.findall(r"^\s+(/\S+) \(", listing, re.MULTILINE):
        found[loader] = Path(loader)  # programs name it by its full path
    return dict(sorted(found.items()))

"""Try the sandbox on this machine, and say what is missing and how to mend it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from . import seccomp
from .sandbox import MIB, PROGRAMS, start, user_of_its_own


@dataclass(frozen=True)
class Check:
    """One thing that the sandbox must do: whether it does so here, and how to mend it."""

    name: str
    works: bool
    detail: str
    mend: str = ""


# Run inside: tries what must not succeed.
_PROBE = """
import ctypes, json, os, socket, sys
user = json.loads(sys.argv[1])
if user is not None:
    os.setgroups([]); os.setresgid(user, user, user); os.setresuid(user, user, user)
def refused(what):
    try:
        what()
    except OSError as error:
        return os.strerror(error.errno)
    return None
def write_all():
    with open("/tmp/full", "wb") as file:
        file.write(bytes(4 << 20))
def process():
    if os.fork() == 0:
        os._exit(0)
def namespace():
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "")
print(json.dumps({
    "network": refused(lambda: socket.create_connection(("192.0.2.1", 80), 1)),
    "write": refused(lambda: open("/python/new", "w")),
    "disk": refused(write_all),
    "namespaces": refused(namespace),
    "processes": refused(process),
}))
"""
_PROMISES = {
    "network": "there is no network",
    "write": "files outside /tmp cannot be written",
    "disk": "/tmp has a size limit",
    "namespaces": "no further namespaces can be made",
    "processes": "no further processes can be started",
}


def diagnose() -> list[Check]:
    """Try the sandbox and say what works on this machine, what is missing, and how to mend it.

    Every check that fails makes the sandbox unfit for grading.
    """
    if sys.platform != "linux":
        mend = "grade on Linux; on Windows, inside WSL 2"
        return [Check("Linux", False, f"this is {sys.platform}", mend)]
    checks = [Check("Linux", True, os.uname().release)]
    known = seccomp.program() is not None
    mend = "" if known else "grade on an x86_64 or aarch64 machine"
    checks.append(Check("system calls can be filtered", known, os.uname().machine, mend))
    for program, mend in PROGRAMS.items():
        place = shutil.which(program)
        checks.append(
            Check(f"{program} is installed", place is not None, place or "not found", mend)
        )
    if not all(check.works for check in checks):
        return checks
    probe = start(["-I", "-S", "-c", _PROBE, json.dumps(user_of_its_own())], ("numpy",), 2 * MIB)
    try:
        said = probe.communicate(timeout=20)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        probe.kill()
        said = probe.communicate()[0].decode(errors="replace") or "it hangs"
    try:
        found = json.loads(said)
    except ValueError:
        return [*checks, Check("the sandbox starts", False, said.strip()[-300:], _mend(said))]
    checks.append(Check("the sandbox starts", True, ""))
    for name, promise in _PROMISES.items():
        why = found[name]
        mend = "" if why else "update bubblewrap and the kernel (5.14 or newer)"
        checks.append(Check(promise, why is not None, why or "it was possible", mend))
    return checks


def _mend(said: str) -> str:
    """Return what to do about a message of bubblewrap's."""
    if "--size" in said or "--perms" in said or "Unknown option" in said:
        return "bubblewrap 0.8 or newer is needed"
    if "namespace" in said or "uid map" in said or "Operation not permitted" in said:
        return (
            "allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 (Debian), an"
            " AppArmor profile for bwrap with the rule userns (Ubuntu 24.04), or start the"
            " container with --security-opt seccomp=unconfined --cap-add SYS_ADMIN"
        )
    return "python -m mlcourse.grading doctor shows the message of bubblewrap above"


def why_not() -> str:
    """Return the first thing that keeps the sandbox from working, with how to mend it, or ""."""
    for check in diagnose():
        if not check.works:
            return f"{check.name}: no ({check.detail}); to mend it: {check.mend}"
    return ""

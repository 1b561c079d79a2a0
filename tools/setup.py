"""Make what the lock files ask for: ``setup.py python`` .venv, ``setup.py node`` node_modules.

Called by the Makefile through setup.sh when a lock file is newer than what was made from it.
Whatever can go wrong on a healthy checkout ends in one sentence that says what to do.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
# Written last and holding the folder's name: a .venv without it is half-made or was moved.
READY = VENV / "ready"
# Measured on Linux with the CPU build of torch: 1.9 GB stay; the rest is room for pip's downloads.
NEEDED_GB = float(os.environ.get("MLCOURSE_SETUP_GB", "3"))

PIP_FAILURES = {
    "No space left on device": (
        "the disk is full; free some space (on Linux, torch with NVIDIA's libraries takes 6 GB"
        " and README.md names the small build)"
    ),
    "connection broken by|Max retries exceeded|timed out|Connection(Reset|Aborted)|HTTP error 4": (
        "pip cannot reach the package index; check the network, the proxy and PIP_INDEX_URL"
    ),
    r"No matching distribution found for (?P<what>\S+)": (
        "pip found no {what} for"
        f" Python {platform.python_version()} on {platform.system()} {platform.machine()}; check"
        " that it can reach the package index, or name another Python (make PYTHON=python3.12)"
    ),
}
NPM_FAILURES = {
    "ENOSPC": "the disk is full; free some space",
    "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|SOCKET_TIMEOUT|E40[37]": (
        "npm cannot reach its registry; check the network, the proxy and npm_config_registry"
    ),
    "EUSAGE": "package.json and package-lock.json disagree; run npm install and commit both",
    "EINTEGRITY": "npm received a package that differs from package-lock.json; check the registry",
}


def stop(sentence: str) -> NoReturn:
    sys.exit(f"Set-up stopped: {sentence}, then run make again.")


def run(command: list[str], failures: dict[str, str]) -> None:
    """Run quietly; turn a failure into its sentence, or into the tool's own last error."""
    result = subprocess.run(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if result.returncode == 0:
        return
    for pattern, sentence in failures.items():
        if match := re.search(pattern, result.stdout):
            stop(sentence.format(**match.groupdict()))
    print(result.stdout, file=sys.stderr)
    stop(f"{Path(command[0]).name} failed as shown above; mend that")


def pip(*arguments: str) -> None:
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    run([str(VENV / "bin/python"), "-m", "pip", "install", *quiet, *arguments], PIP_FAILURES)


def make_venv() -> None:
    try:
        import ensurepip  # noqa: F401  (Debian ships it apart from Python, as python3-venv)
    except ImportError:
        stop(
            f"{sys.executable} lacks the venv module; install it (Debian, Ubuntu:"
            f" apt install python3-venv or python3.{sys.version_info.minor}-venv)"
        )
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB:
        stop(f"{free:.1f} GB are free here and .venv needs {NEEDED_GB:g} GB; free some space")
    print("Making .venv with Python", platform.python_version(), flush=True)
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], PIP_FAILURES)


def set_up_python() -> None:
    """Make .venv, or bring the one that stands here in line with requirements.txt."""
    whole = READY.exists() and READY.read_text() == str(ROOT) and (VENV / "bin/python").exists()
    READY.unlink(missing_ok=True)
    if not whole:
        make_venv()
    pins = [p for p in (ROOT / "requirements.txt").read_text().split("\n") if "==" in p]
    print(f"Installing {len(pins)} Python packages; the first time takes minutes", flush=True)
    pip("-r", "requirements.txt")
    pip("--no-deps", "--no-build-isolation", "-e", ".")
    READY.write_text(str(ROOT))


def has_node() -> bool:
    """Tell whether this machine has npm and a Node that is new enough."""
    try:
        subprocess.run(["npm", "--version"], check=True, capture_output=True)
        node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return int(node.stdout.lstrip("v").split(".")[0]) >= 18


def set_up_node() -> None:
    """Make node_modules; a Node of our own goes into .venv where the machine has none."""
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    if not has_node():
        print("Installing Node into .venv", flush=True)
        pip("-r", "requirements-node.txt")
    print("Installing the site's JavaScript", flush=True)
    run(["npm", "ci"], NPM_FAILURES)
    (ROOT / "node_modules/.package-lock.json").touch()  # npm's own mark; make reads its time


if __name__ == "__main__":
    try:
        {"python": set_up_python, "node": set_up_node}[sys.argv[1]]()
    except KeyboardInterrupt:
        sys.exit("\nSet-up interrupted: run make again, it starts afresh.")

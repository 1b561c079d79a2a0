"""Write requirements.txt: what pyproject.toml asks for, as it is installed in .venv, pinned.

To renew or add a package: change pyproject.toml, ``.venv/bin/pip install --upgrade PACKAGE``,
``make test``, then ``make lock``. A test fails while the file and pyproject.toml disagree.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.txt"
HEADER = "# Every package of .venv, pinned; written by `make lock`, see tools/lock.py.\n"
# torch's builds differ by system (2.13.0+cpu) and pin the graphics libraries that they need.
TORCH_OWN = ("cuda-", "nvidia-", "triton")
PYTHONS = ("3.11", "3.14")  # some packages are needed by the oldest or by the newest alone
ELSEWHERE = ['appnope==1.0.0; sys_platform == "darwin"']  # not installed on Linux


def needed(requirement: Requirement, extras: Iterable[str]) -> bool:
    """Tell whether one of our Pythons needs this, for a package installed with these extras."""
    return requirement.marker is None or any(
        requirement.marker.evaluate(
            {"extra": extra, "python_version": python, "python_full_version": f"{python}.0"}
        )
        for extra in ("", *extras)
        for python in PYTHONS
    )


def lock_text() -> str:
    """Return what requirements.txt should say, following every requirement to its end."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = pyproject["project"]
    # The package is built in .venv itself, so that its build tools are pinned as well.
    wanted = [*project["dependencies"], *pyproject["build-system"]["requires"]]
    wanted += [line for extra in project["optional-dependencies"].values() for line in extra]

    todo = [Requirement(line) for line in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    pins = set(ELSEWHERE)
    while todo:
        requirement = todo.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in seen or key[0] == project["name"] or key[0].startswith(TORCH_OWN):
            continue
        seen.add(key)
        package = distribution(requirement.name)
        pins.add(f"{key[0]}=={package.version.partition('+')[0]}")
        children = map(Requirement, package.requires or [])
        todo += [child for child in children if needed(child, requirement.extras)]
    return HEADER + "\n".join(sorted(pins)) + "\n"


if __name__ == "__main__":
    LOCK.write_text(lock_text(), encoding="utf-8")

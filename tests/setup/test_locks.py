"""The lock files say everything, and nothing about the machine that wrote them."""

import json
import re
from pathlib import Path

import pytest

from tools.lock import LOCK, lock_text

ROOT = Path(__file__).parents[2]


def test_requirements_pin_what_the_project_needs_and_no_more():
    assert LOCK.read_text() == lock_text(), "run make lock and read the difference"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-node.txt"])
def test_every_line_is_one_exact_version(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]
    pin = re.compile(r"[a-z0-9.-]+==[0-9][0-9a-z.]*(; [a-z_]+ == \"[a-z]+\")?")
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_package_lock_pins_what_package_json_asks_for():
    wanted = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert locked[f"node_modules/{name}"]["version"] == version
    for path in locked.keys() - {""}:
        assert "integrity" in locked[path]
        assert "resolved" not in locked[path], "npm omits the address if .npmrc tells it to"

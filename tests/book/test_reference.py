"""Each public module of the package has its page in the reference."""

import pkgutil
from pathlib import Path

import pytest
import yaml

import mlcourse

ROOT = Path(__file__).parents[2]
MODULES = [m.name for m in pkgutil.iter_modules(mlcourse.__path__) if not m.name.startswith("_")]
PARTS = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
CHAPTERS = [chapter for part in PARTS for chapter in part["chapters"]]
REFERENCE = next(c["sections"] for c in CHAPTERS if c["file"] == "appendices/api/index")


def test_the_contents_list_the_modules():
    assert sorted(s["file"] for s in REFERENCE) == sorted(f"appendices/api/{m}" for m in MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_module(module):
    page = (ROOT / f"appendices/api/{module}.md").read_text("utf-8")
    assert f".. automodule:: mlcourse.{module}\n   :members:" in page
    assert f"{{py:mod}}`mlcourse.{module}`" in (ROOT / "appendices/api/index.md").read_text("utf-8")

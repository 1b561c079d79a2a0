"""``syllabus.yml`` keeps its promises: what it names exists, and no proof may be skipped."""

import ast
import importlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SYLLABUS = yaml.safe_load((ROOT / "syllabus.yml").read_text(encoding="utf-8"))
DONE = {key: entry for key, entry in SYLLABUS.items() if entry["chapter"]}
CODED = {key: entry for key, entry in SYLLABUS.items() if "symbols" in entry}
PINS = [pin for entry in DONE.values() for pin in entry["equations"].items()]
PRACTISED = {key: entry["lab"] for key, entry in SYLLABUS.items() if entry.get("lab")}
LABS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(ROOT.glob("labs/checks/*.json"))
}
TESTS = sorted({test for _, test in PINS} | {t for e in CODED.values() for t in e["tests"]})


@cache
def cells(chapter):
    return json.loads((ROOT / chapter).read_text(encoding="utf-8"))["cells"]


def prose(chapter):
    return "\n".join("".join(c["source"]) for c in cells(chapter) if c["cell_type"] == "markdown")


def labels(chapter):
    return re.findall(r"^:label: (\S+)$|^\$\$ \((\S+)\)$", prose(chapter), re.M)


def test_no_concept_is_missing_or_renamed():
    counts = {}
    for key in SYLLABUS:
        counts[key.split(".")[0]] = counts.get(key.split(".")[0], 0) + 1
    assert counts == {
        **{"mlp": 5, "act": 4, "init": 2, "loss": 5, "bp": 9, "mb": 5, "split": 5},
        **{"gd": 4, "mom": 4, "ad": 7, "bn": 5, "reg": 9, "mnist": 3},
    }


@pytest.mark.parametrize("key", DONE)
def test_section_and_experiment_are_in_the_chapter(key):
    entry = CODED[key]
    assert f"({entry['section']})=" in prose(entry["chapter"])
    shown = {cell["id"]: cell.get("outputs") for cell in cells(entry["chapter"])}
    assert shown.get(entry["experiment"]), f"no cell {entry['experiment']} with an output"


@pytest.mark.parametrize("key", PRACTISED)
def test_lab_question_exists(key):
    lab, question = PRACTISED[key].split("/")
    assert question in {asked["name"] for asked in LABS[lab]["questions"]}
    assert SYLLABUS[key]["chapter"] in (None, LABS[lab]["chapter"])


@pytest.mark.parametrize("lab", LABS)
def test_lab_sends_its_readers_to_sections_that_exist(lab):
    chapter = LABS[lab]["chapter"]
    if (ROOT / chapter).is_file():
        for question in LABS[lab]["questions"]:
            anchor, title = question["section"]
            assert re.search(rf"^\({anchor}\)=$", prose(chapter), re.M), anchor
            assert re.search(rf"^#+ {re.escape(title)}$", prose(chapter), re.M), title


@pytest.mark.parametrize("key", CODED)
def test_symbols_exist(key):
    for symbol in SYLLABUS[key]["symbols"]:
        module, name = symbol.rsplit(".", 1)
        assert hasattr(importlib.import_module(module), name), symbol


@pytest.mark.parametrize("chapter", sorted(p.name for p in (ROOT / "chapters").glob("*.ipynb")))
def test_every_labelled_equation_is_pinned_by_a_test(chapter):
    found = [a or b for a, b in labels(f"chapters/{chapter}")]
    assert found
    assert len(found) == len(set(found))
    pinned = {
        label
        for entry in DONE.values()
        if entry["chapter"] == f"chapters/{chapter}"
        for label in entry["equations"]
    }
    assert pinned == set(found)


def test_no_equation_has_two_pins():
    assert len(PINS) == len(dict(PINS))


@pytest.mark.parametrize("test", TESTS)
def test_named_test_exists(test):
    path, name = test.split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_a_skipped_proof_is_a_failure(tmp_path):
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text(encoding="utf-8"))
    (tmp_path / "syllabus.yml").write_text("tests:\n  - test_it.py::test_proof\n")
    skipped = "import pytest\n@pytest.mark.skip\ndef test_{}(): pass\n"
    (tmp_path / "test_it.py").write_text(skipped.format("proof") + skipped.format("other"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", ".", "-q"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 skipped, 1 error in" in run.stdout

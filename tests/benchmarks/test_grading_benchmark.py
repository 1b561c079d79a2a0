"""The page shows what was measured, and the measurement knows what each submission deserves."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks/grading.py"


def test_the_page_shows_the_recorded_table():
    markdown = runpy.run_path(str(SCRIPT))["markdown"]
    record = json.loads(SCRIPT.with_suffix(".json").read_text(encoding="utf-8"))
    assert SCRIPT.with_suffix(".md").read_text(encoding="utf-8") == markdown(record)
    assert "../benchmarks/grading.md" in (ROOT / "appendices/benchmarks.md").read_text("utf-8")
    assert {len(times) for times in record["result"]["seconds"].values()} == {5}


def test_submissions_get_what_they_deserve(tmp_path):
    benchmark = runpy.run_path(str(SCRIPT))
    benchmark["write_submissions"].__globals__["SUBMISSIONS"] = 3
    deserved = benchmark["write_submissions"](tmp_path / "submitted")
    assert len(set(deserved.values())) > 1
    benchmark["grade"](tmp_path, 1, deserved)  # raises unless the grades are these

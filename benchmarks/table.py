"""Turn results.json into the tables of the page: ``python benchmarks/table.py`` prints them."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

BASE = "PyTorch eager"


def markdown(results: dict) -> str:
    """Return all tables in Markdown."""
    here = results["machine"]
    cases = results["cases"]
    lines = [
        f"Measured on {results['date']}, {len(cases[0]['microseconds'][BASE])} rounds, on one of "
        f"{here['cores']} cores of {here['cpu']} ({here['system']}; load {results['load']} before "
        f"the start). Python {here['python']}, mlcourse {here['mlcourse']}, NumPy {here['numpy']}, "
        f"PyTorch {here['torch']}, scikit-learn {here['scikit-learn']}.",
        "",
    ]
    for sizes in dict.fromkeys(tuple(case["sizes"]) for case in cases):
        name = "-".join(map(str, sizes))
        lines += step_table(name, [case for case in cases if tuple(case["sizes"]) == sizes])
    lines += ["### Import", "", "| statement | best | median |", "|:--|--:|--:|"]
    for statement, times in results["import_milliseconds"].items():
        lines.append(f"| `{statement}` | {min(times):.0f} ms | {median(times):.0f} ms |")
    memory = dict(results["adam_bytes"])
    parameters = memory.pop("parameters")
    lines += [
        "",
        "### Memory",
        "",
        f"| contender | one step of Adam allocates | of the parameters ({kib(parameters)}) |",
        "|:--|--:|--:|",
    ]
    for contender, peak in memory.items():
        lines.append(f"| {contender} | {kib(peak)} | × {peak / parameters:.2g} |")
    return "\n".join(lines) + "\n"


def kib(size: int) -> str:
    return f"{size / 1024:,.0f} KiB"


def step_table(network: str, cases: list[dict]) -> list[str]:
    """Return the table of one network: median of the rounds' ratios, lowest and highest."""
    lines = [
        f"### Training step of {network}",
        "",
        "| contender | " + " | ".join(f"batch {case['batch_size']}" for case in cases) + " |",
        "|:--" + "|--:" * len(cases) + "|",
    ]
    for contender in cases[0]["microseconds"]:
        cells = []
        for case in cases:
            own, base = case["microseconds"][contender], case["microseconds"][BASE]
            if contender == BASE:
                cells.append(f"1 = {median(base) / 1e3:.2f} ms")
            else:
                r = [a / b for a, b in zip(own, base, strict=True)]
                cells.append(f"**{median(r):.2f}** ({min(r):.2f}–{max(r):.2f})")
        lines.append(f"| {contender} | " + " | ".join(cells) + " |")
    return [*lines, ""]


if __name__ == "__main__":
    results = Path(__file__).with_name("results.json")
    print(markdown(json.loads(results.read_text(encoding="utf-8"))), end="")

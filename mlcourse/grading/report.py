"""Tell an instructor about the class: marks, misconceptions, and tests that tell nobody apart."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path

from .archive import printable
from .gradebook import Gradebook, Member, write
from .pages import bar, items, page, paragraph, points, rows, text
from .result import Result

_BINS = 10
_MOST = 10  # rows of a table of the most frequent or the slowest
_FEW = 5  # students, below which a correlation means nothing


def write_report(book: Gradebook, out: Path) -> None:
    """Write the page of the class."""
    graded = _graded(book)
    title = f"{book.lab}: {book.title}, class report"
    parts = [f"<h1>{text(title)}</h1>", *_overview(book)]
    if graded:
        parts += [*_distribution(book), *_questions(book), *_misconceptions(book), *_flat(book)]
    parts += [*_others(book), *_slowest(book), *_ignored(book)]
    write(out / "report.html", page(title, *parts))


def summary(book: Gradebook) -> str:
    """Return the report in a few lines, for a terminal."""
    lines = [f"{book.lab}, {book.title}: {_counts(book)}."]
    if graded := _graded(book):
        lines.append(_marks(book, graded))
    if common := _common(book):
        lines.append("Most frequent misconceptions:")
        lines += [f"  {n:4}  {question}: {what}" for (question, what), n in common[:3]]
    others = [m for m in book.members if m.status not in ("graded", "waiting")]
    lines += [printable(f"{m.student}: {m.status}: {m.why}") for m in others]
    if book.isolation != "sandbox":
        lines.append(_warning(book))
    return "\n".join(lines)


def _graded(book: Gradebook) -> list[Result]:
    return [m.result for m in book.members if m.result and m.status in ("graded", "waiting")]


def _counts(book: Gradebook) -> str:
    number = Counter(member.status for member in book.members)
    names = {"waiting": "waiting for marks"}
    counts = ", ".join(f"{n} {names.get(status, status)}" for status, n in sorted(number.items()))
    return f"{len(book.members)} student{'s' * (len(book.members) != 1)}, {counts}"


def _marks(book: Gradebook, graded: list[Result]) -> str:
    earned = [result.earned for result in graded]
    return (
        f"Mean {points(statistics.mean(earned))}, median {points(statistics.median(earned))}"
        f" of {points(book.points)} points, before penalties."
    )


def _warning(book: Gradebook) -> str:
    return (
        f"Isolation: {book.isolation}. Student code was not kept from the files and the network of"
        " this machine."
    )


def _overview(book: Gradebook) -> list[str]:
    graded = _graded(book)
    parts = [paragraph(text(_counts(book) + "."))]
    if graded:
        parts.append(paragraph(_marks(book, graded)))
    if book.isolation == "sandbox":
        parts.append(paragraph(f"Isolation: sandbox. Seed {book.seed}.", "quiet"))
    else:
        parts.append(f'<div class="box">{paragraph(text(_warning(book)))}</div>')
    return parts


def _distribution(book: Gradebook) -> list[str]:
    counts = [0] * _BINS
    graded = _graded(book)
    for result in graded:
        share = result.earned / book.points if book.points else 0.0
        counts[min(int(share * _BINS), _BINS - 1)] += 1
    cells = [
        (f"{100 * i // _BINS} to {100 * (i + 1) // _BINS} %", bar(n / max(counts)), str(n))
        for i, n in enumerate(counts)
    ]
    return ["<h2>Share of the points</h2>", rows(("Share", "", "Students"), cells, numbers=(2,))]


def _questions(book: Gradebook) -> list[str]:
    graded, cells = _graded(book), []
    for i, column in enumerate(book.columns):
        marked = [(r.answers[i].earned, r.earned) for r in graded]
        known = [(earned, total - earned) for earned, total in marked if earned is not None]
        if len(known) < len(marked) or not column.points:  # a person has yet to mark some
            cells.append((text(column.title), "", "–", "–", "–"))
            continue
        mean = statistics.mean(earned for earned, _ in known) / column.points
        full = sum(earned >= column.points for earned, _ in known)
        cells.append(
            (text(column.title), bar(mean), f"{mean:.0%}", f"{full}", _discrimination(known))
        )
    header = ("Question", "", "Mean", "Full points", "Discrimi&shy;nation")
    return [
        "<h2>Questions</h2>",
        rows(header, cells, numbers=(2, 3, 4)),
        paragraph(
            "Discrimination is the correlation of a question's points with the points of all other"
            " questions. Near 0 or below, the question tells strong and weak students not apart.",
            "quiet",
        ),
    ]


def _discrimination(known: list[tuple[float, float]]) -> str:
    own, rest = zip(*known, strict=True)
    if len(known) < _FEW or len(set(own)) == 1 or len(set(rest)) == 1:
        return "–"
    return f"{statistics.correlation(own, rest):.2f}"


def _common(book: Gradebook) -> list[tuple[tuple[str, str], int]]:
    given = Counter(
        (answer.question, answer.misconception)
        for result in _graded(book)
        for answer in result.answers
        if answer.misconception
    )
    return sorted(given.items(), key=lambda pair: (-pair[1], pair[0]))


def _misconceptions(book: Gradebook) -> list[str]:
    cells = [
        (text(what), f"<code>{text(question)}</code>", str(n))
        for (question, what), n in _common(book)
    ]
    if not cells:
        return []
    header = ("Misconception", "Question", "Students")
    return ["<h2>Misconceptions</h2>", rows(header, cells, numbers=(2,))]


def _flat(book: Gradebook) -> list[str]:
    """Name the tests that all passed or all failed; needs more than one student."""
    graded, cells = _graded(book), []
    if len(graded) < 2:
        return []
    for i, column in enumerate(book.columns):
        for parts in zip(*(result.answers[i].parts for result in graded), strict=False):
            passed = sum(part.status == "passed" for part in parts)
            if passed in (0, len(graded)):
                said = "nobody passed" if not passed else "everybody passed"
                cells.append((text(parts[0].name), f"<code>{text(column.question)}</code>", said))
    if not cells:
        return []
    return ["<h2>Tests that tell nobody apart</h2>", rows(("Test", "Question", "Result"), cells)]


def _others(book: Gradebook) -> list[str]:
    others = [m for m in book.members if m.status not in ("graded", "waiting")]
    if not others:
        return []
    cells = [(text(m.student), text(m.status), text(m.why)) for m in others]
    return ["<h2>Not graded</h2>", rows(("Student", "Status", "Reason"), cells)]


def _slowest(book: Gradebook) -> list[str]:
    timed = [(m.result.seconds, m) for m in book.members if m.result and m.result.seconds]
    slowest: list[tuple[float, Member]] = sorted(timed, key=lambda pair: -pair[0])[:_MOST]
    if not slowest:
        return []
    cells = [(text(member.student), f"{seconds:.1f}") for seconds, member in slowest]
    return ["<h2>Slowest submissions</h2>", rows(("Student", "Seconds"), cells, numbers=(1,))]


def _ignored(book: Gradebook) -> list[str]:
    if not book.ignored:
        return []
    files = items(f"{text(file)}: {text(why)}" for file, why in book.ignored)
    return ["<h2>Files that are nobody's</h2>", files]

"""Tell an instructor about the class: marks, misconceptions, and tests that tell nobody apart."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from .archive import printable
from .gradebook import Gradebook, Member, write
from .pages import bar, fold, items, page, paragraph, points, rows, text, whole
from .result import Result

_BINS = 10
_MOST = 10  # rows of a table of the most frequent or the slowest
_FEW = 5  # students, below which a correlation means nothing


def write_report(book: Gradebook, out: Path, lines: Sequence[str] = ()) -> None:
    """Write the page of the class, with the lines of its ``checklist``."""
    graded = _graded(book)
    title = f"{book.lab}: {book.title}, class report"
    parts = [f"<h1>{text(title)}</h1>", *_overview(book)]
    if lines:
        parts += ["<h2>Before you upload</h2>", items(map(text, lines))]
    if graded:
        parts += [*_distribution(book), *_questions(book), *_misconceptions(book), *_flat(book)]
    parts += [*_others(book), *_slowest(book), *_ignored(book)]
    write(out / "report.html", page(title, *parts))


def summary(book: Gradebook, lines: Sequence[str]) -> str:
    """Return the report in a few lines, for a terminal."""
    told = [f"{book.lab}, {book.title}"]
    if graded := _graded(book):
        told.append(_marks(book, graded))
    if common := _common(book):
        told.append("Most frequent misconceptions:")
        told += [f"  {len(who):4}  {question}: {what}" for (question, what), who in common[:3]]
    others = [m for m in book.members if m.status not in ("graded", "waiting")]
    told += [printable(f"{m.student}: {m.status}: {m.why}") for m in others[:_MOST]]
    if len(others) > _MOST:
        told.append(f"… and {len(others) - _MOST} more, in report.html")
    if book.isolation != "sandbox":
        told.append(_warning(book))
    return "\n".join([*told, "Before you upload:", *(f"  {line}" for line in lines)])


def _graded(book: Gradebook) -> list[Result]:
    """Return the results that say something about the class."""
    return [
        m.result
        for m in book.members
        if m.result and m.status in ("graded", "waiting") and not book.blank(m)
    ]


def _marks(book: Gradebook, graded: list[Result]) -> str:
    earned = [result.earned for result in graded]
    blank = sum(bool(book.blank(member)) for member in book.members)
    without = f", without {blank} who answered nothing" if blank else ""
    return (
        f"Mean {points(statistics.mean(earned))}, median {points(statistics.median(earned))}"
        f" of {points(book.points)} points, before penalties{without}."
    )


def _warning(book: Gradebook) -> str:
    return (
        f"Isolation: {book.isolation}. Student code was not kept from the files and the network of"
        " this machine."
    )


def _overview(book: Gradebook) -> list[str]:
    graded = _graded(book)
    number = len(book.members)
    parts = [paragraph(f"{number} student{'s' * (number != 1)}.")]
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
        (whole(f"{100 * i // _BINS} to {100 * (i + 1) // _BINS} %"), bar(n / max(counts)), str(n))
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
            " questions. Near 0 or below, the question does not tell strong and weak students"
            " apart.",
            "quiet",
        ),
    ]


def _discrimination(known: list[tuple[float, float]]) -> str:
    own, rest = zip(*known, strict=True)
    if len(known) < _FEW or len(set(own)) == 1 or len(set(rest)) == 1:
        return "–"
    return f"{statistics.correlation(own, rest):.2f}"


def _common(book: Gradebook) -> list[tuple[tuple[str, str], list[str]]]:
    """Return the misconceptions, the most frequent first, with those who have them."""
    given = defaultdict(list)
    for member in book.members:
        for answer in member.result.answers if member.result else ():
            if answer.misconception and not book.blank(member):
                given[answer.question, answer.misconception].append(member.student)
    return sorted(given.items(), key=lambda pair: (-len(pair[1]), pair[0]))


def _misconceptions(book: Gradebook) -> list[str]:
    cells = [
        (text(what) + fold("who", ", ".join(who)), f"<code>{text(question)}</code>", str(len(who)))
        for (question, what), who in _common(book)
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
    cells = [(text(m.student), whole(text(m.status)), text(m.why)) for m in others]
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

"""What to look at before grades go into a learning management system: a line for each point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .archive import printable
from .gradebook import Gradebook, Member
from .lms import Upload
from .submissions import listed

_KINDS = (
    ("graded", "graded"),
    ("waiting", "waiting for marks"),
    ("unreadable", "unreadable or without a notebook"),
    ("failed", "failed in the grader"),
    ("not graded", "not graded yet"),
)
_NAMED = ("unreadable", "failed", "not graded")
_MOST = 30  # names in a line


def checklist(
    book: Gradebook, made: Sequence[Upload], last: Mapping[str, float | None] | None
) -> list[str]:
    """Return the lines.

    Parameters
    ----------
    book : Gradebook
        The class, with its marks.
    made : sequence of Upload
        What is to be uploaded.
    last : mapping of str to float or None, optional
        The grades that were written before these.
    """
    lines = [_counts(book, made)]
    if last is not None:
        lines.append(_compared(book, last))
    for upload in made:
        lines += [f"{upload.file}: {_without(book, upload)}", *upload.notes]
    for member in book.members:
        lines += [f"{member.student}: {alert}" for alert in book.alerts(member)]
    late = [m.student for m in book.members if m.late and not m.late_days]
    if late:
        lines.append(
            f"{len(late)} marked as late by Canvas, nothing taken off without days in --late:"
            f" {listed(late, _MOST)}"
        )
    return [printable(line) for line in lines]


def _counts(book: Gradebook, made: Sequence[Upload]) -> str:
    parts = []
    for status, called in _KINDS:
        who = [member.student for member in book.members if member.status == status]
        names = f" ({listed(who, _MOST)})" if status in _NAMED else ""
        if who:
            parts.append(f"{len(who)} {called}{names}")
    for upload in made:
        if upload.silent:
            names = listed(upload.silent, _MOST)
            parts.append(f"{len(upload.silent)} handed in nothing ({names})")
    rosters = [f"{u.listed} students in {u.source}" for u in made if u.source]
    number = len(book.members)
    start = ", ".join(rosters) or f"{number} student{'s' * (number != 1)}"
    penalties = sum(book.penalty(member) > 0 for member in book.members)
    return f"{start}: {', '.join(parts)}" + (f"; penalties for {penalties}" if penalties else "")


def _compared(book: Gradebook, last: Mapping[str, float | None]) -> str:
    """Name the grades that are not what they were: whatever the reason, it should be known."""
    changed, new = [], 0
    for member in book.members:
        before, now = last.get(member.student), book.total(member)
        if before is None:
            new += now is not None
        elif before != now:
            changed.append(
                f"{member.student}: {before:g} -> {'none' if now is None else f'{now:g}'}"
            )
    parts = [f"{len(changed)} grade{'s' * (len(changed) != 1)} changed"]
    parts[0] += f" ({listed(changed, _MOST)})" if changed else ""
    if new:
        parts.append(f"{new} new")
    return f"Compared with the last run: {', '.join(parts)}"


def _without(book: Gradebook, upload: Upload) -> str:
    """Say how many grades a file holds, and who has none, and why."""
    why = {m.student: _reason(m) for m in book.members if book.total(m) is None}
    why |= {s: f"not in {upload.source}" if upload.source else "left out" for s in upload.unknown}
    why |= {name: "handed in nothing" for name in upload.silent}
    given = sum(member.student not in why for member in book.members)
    line = f"{given} grade{'s' * (given != 1)}"
    return (
        f"{line}; none for {listed([f'{s} ({w})' for s, w in why.items()], _MOST)}" if why else line
    )


def _reason(member: Member) -> str:
    return "waiting for marks" if member.status == "waiting" else member.status

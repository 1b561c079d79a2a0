"""Find students by what people type: a name, a number, or what stands first in ``grades.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from .given import LATE_NEEDS
from .gradebook import Member
from .submissions import InputError, Submission, listed
from .tables import read_table


def member_of(s: Submission, days: float = 0.0) -> Member:
    """Return a student who has no result yet."""
    return Member(
        s.student, s.name, s.system, s.identifier, s.file, s.late, s.feedback, s.notes, days
    )


def late_days(path: Path, submissions: Sequence[Submission], strict: bool) -> dict[str, float]:
    """Return how many days late students were, from a table.

    Raises
    ------
    InputError
        If a row is not understood; one of a student who is not there, only if it is ``strict``.
    TableError
        If the table cannot be read.
    """
    header, rows = read_table(path, LATE_NEEDS)
    members = [member_of(submission) for submission in submissions]
    days, faults = dict[str, float](), []
    for line, row in rows:
        name, text = row[header.index("student")].strip(), row[header.index("days")].strip()
        meant = [member.student for member in members if member.called(name)]
        if len(meant) > 1:
            faults.append(f"{path}, line {line}: {name!r} may be {listed(meant)}")
        if not meant and strict:
            faults.append(f"{path}, line {line}: {_nobody(name, members)}")
        if len(meant) != 1:
            continue
        try:
            days[meant[0]] = float(text.replace(",", "."))
            if not 0 <= days[meant[0]] < 10_000:
                raise ValueError
        except ValueError:
            faults.append(f"{path}, line {line}: {text!r} is not a number of days")
    if faults:
        raise InputError("\n".join(faults))
    return days


def _nobody(name: str, members: Sequence[Member]) -> str:
    """Say that nobody is called so, and who may be meant."""
    known = {called.casefold(): m.student for m in members for called in (m.name, m.student)}
    near = get_close_matches(name.casefold(), sorted(known), 1)
    hint = f"; did you mean {known[near[0]]!r}?" if near else ""
    return f"no student {name!r}; names are those in the first column of grades.csv{hint}"


def chosen(members: Sequence[Member], names: Sequence[str]) -> set[str]:
    """Return the students who are called so.

    Raises
    ------
    InputError
        If nobody is.
    """
    found = set()
    for name in names:
        meant = {member.student for member in members if member.called(name)}
        if not meant:
            raise InputError(f"--only: {_nobody(name, members)}")
        found |= meant
    return found

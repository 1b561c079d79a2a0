"""Write what each student is told: a page with points, the misconceptions, and what to read again.

Of hidden tests it tells that they passed or failed, and how the code broke off. It holds no path
of the machine that graded and nothing of other students.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from .gradebook import Gradebook, Member, write
from .pages import chapter, code, items, page, paragraph, points, rows, text, without_paths
from .result import Answer, Cell, PartResult
from .submissions import listed

FOLDER = "feedback"
_MOST = 20  # cells or notes that are listed
_PLACE = re.compile(r"\bcell (\d{1,4})\b")
_UNKNOWN = re.compile(r"NameError: name '(\w+)' is not defined")
_ADVICE = {  # what a reason says, and what the student can do about it
    "cut off": "The file ends in the middle: was the upload cut off? Open it in Jupyter, save it,"
    " and hand it in again.",
    "damaged": "Open it in Jupyter, save it, and hand it in again. If Jupyter cannot open it, copy"
    " your answers into a new copy of the lab.",
    "is empty": "Save the notebook in Jupyter and hand it in again.",
    "no notebook": "Hand in the .ipynb notebook, not an export of it.",
    "not a notebook": "Hand in the .ipynb notebook, not an export of it.",
}


def write_feedback(book: Gradebook, out: Path) -> None:
    """Write a page for each student, and for an LMS a zip that it hands out.

    Both take a zip in which a file is called as what the student handed in. Moodle: "Upload
    multiple feedback files in a zip" (mod/assign/feedback/file/importziplib.php). Canvas: "Upload
    graded submissions".
    """
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    graded = [member for member in book.members if member.result]
    for member in graded:
        write(folder / f"{member.student}.html", student_page(book, member))
    for old in set(folder.glob("*.html")) - {folder / f"{m.student}.html" for m in graded}:
        old.unlink()
    for system in ("canvas", "moodle"):
        held = [member for member in graded if member.system == system]
        if held:
            write(out / f"feedback-{system}.zip", _zip(folder, held))


def _zip(folder: Path, members: list[Member]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for member in members:
            # Without a date, the same pages give the same zip.
            info = zipfile.ZipInfo(member.feedback)
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, (folder / f"{member.student}.html").read_bytes())
    return packed.getvalue()


def student_page(book: Gradebook, member: Member) -> str:
    """Return the page of a student who has a result."""
    assert member.result is not None
    title = f"{book.lab}: {book.title}"
    head = [
        f"<h1>{text(title)}</h1>",
        paragraph(f"{text(member.name)}, {text(member.file or 'no notebook')}", "quiet"),
    ]
    if member.result.status != "graded":
        # What went wrong in the grader is not the student's business.
        why = member.why if member.status == "unreadable" else "Your instructor will look into it."
        body = [
            '<div class="box">'
            + paragraph("<strong>Your submission could not be graded.</strong> It has no points.")
            + paragraph(text(without_paths(why)))
            + "".join([paragraph(advice) for said, advice in _ADVICE.items() if said in why][:1])
            + "</div>"
        ]
        return page(f"{title}, {member.name}", *head, *body, *_notes(member))
    answers = member.result.answers
    overview = [
        (f'<a href="#{text(a.question)}">{text(a.title)}</a>', _verdict(a), _earned(a))
        for a in answers
    ]
    return page(
        f"{title}, {member.name}",
        *head,
        *_totals(book, member),
        rows(("Question", "Result", "Points"), overview, numbers=(2,)),
        *(_question(book, answer, member.result.cells) for answer in answers),
        *_cells(member),
        *_notes(member),
    )


def _totals(book: Gradebook, member: Member) -> list[str]:
    assert member.result is not None
    earned, most = member.result.earned, book.points
    lines = []
    if penalty := book.penalty(member):
        days = f"{member.late_days:g} day{'s' * (member.late_days != 1)}"
        lines.append(
            paragraph(
                f"{points(earned)} of {points(most)} points, less {points(penalty)} because it came"
                f" {days} late."
            )
        )
    total = book.total(member)
    if total is None:
        lines.insert(0, paragraph(f"{points(earned)} of {points(most)} points so far", "total"))
        lines.append(paragraph("A person still has to mark a part of it."))
    else:
        lines.insert(0, paragraph(f"{points(total)} of {points(most)} points", "total"))
    return lines


def _earned(answer: Answer) -> str:
    got = "–" if answer.earned is None else points(answer.earned)
    return f"{got} of {points(answer.points)}"


def _verdict(answer: Answer) -> str:
    if answer.earned is None:
        return "waits for marks"
    if answer.earned >= answer.points:
        return '<span class="good">✓ right</span>'
    if _is_empty(answer):
        return '<span class="bad">not answered</span>'
    return f'<span class="bad">{"✗ not right" if not answer.earned else "partly right"}</span>'


def _is_empty(answer: Answer) -> bool:
    if answer.kind == "manual":
        return answer.earned is not None and not answer.marks
    return all(part.status == "unanswered" for part in answer.parts)


def _question(book: Gradebook, answer: Answer, cells: Sequence[Cell]) -> str:
    inside = [
        f'<h2 id="{text(answer.question)}">{text(answer.title)}</h2>',
        paragraph(f"{_earned(answer)} points, {_verdict(answer)}"),
    ]
    if answer.misconception:
        inside.append(f'<div class="box">{paragraph(text(answer.misconception))}</div>')
    if not _is_empty(answer):
        inside += _parts(answer, cells)
    if answer.with_right:
        names = " and ".join(answer.with_right)
        told = f"It calls {names}. A mistake there counts once: this was tried with right answers."
        inside.append(paragraph(text(told)))
    if answer.marks:
        inside.append(
            items(
                f"{text(what)}: {points(mark)} of {points(most)}"
                + (f". {text(said)}" if said else "")
                for (most, what), (mark, said) in zip(answer.rubric, answer.marks, strict=False)
            )
        )
    if answer.earned is not None and answer.earned < answer.points:
        where = f"{chapter(book.chapter)}, {answer.section[1]}"
        inside.append(paragraph(f"To read again: {text(where)}"))
    return f"<section>{''.join(inside)}</section>"


def _parts(answer: Answer, cells: Sequence[Cell]) -> list[str]:
    """Tell what each test found; a hidden one has a number in place of its name."""
    told, hidden = [], 0
    for part in answer.parts:
        hidden += part.hidden
        name = f"Hidden test {hidden}" if part.hidden else "The inputs that you can see"
        if answer.kind in ("number", "choice"):
            name = "Your answer"
        line = _part(part, name)
        if part.status != "passed" and part.message != answer.misconception:
            message = _told(part.message.removeprefix("a hidden test: "), cells)
            said_by_code = not part.hidden and name != "Your answer" and part.status != "unanswered"
            line += code(message) if said_by_code else f"; {text(message)}"
        told.append(line)
    return [items(told)]


def _part(part: PartResult, name: str) -> str:
    kind, mark = ("good", "✓ passed") if part.status == "passed" else ("bad", "✗ not passed")
    got = f"{points(part.earned)} of {points(part.points)}"
    return f'{name}: <span class="{kind}">{mark}</span>, {got}'


def _cells(member: Member) -> list[str]:
    """Tell what stopped cells, and in one line which others stopped only because of that."""
    assert member.result is not None
    cells, lost = member.result.cells, set[str]()
    causes, followers = [], []
    for number, cell in enumerate(cells, start=1):
        if cell.status == "ok":
            continue
        called = without_paths(cell.title) or f"cell {number}"
        unknown = _UNKNOWN.search(cell.error)
        if unknown and unknown[1] in lost:
            followers.append(called)
        # An unanswered question stops its own cell, and its section says so.
        elif "NotImplementedError" not in cell.error:
            error = _told(cell.error.replace(f"(cell {number}, line", "(line"), cells)
            causes.append(f"{text(called[0].upper() + called[1:])}:{code(error)}")
        lost.update(cell.defines)
    if not causes and not followers:
        return []
    shown = causes[:_MOST]
    if len(causes) > _MOST:
        shown.append(f"… and {len(causes) - _MOST} more")
    if followers:
        shown.append(
            f"Stopped only because a cell before them did: {text(listed(followers, _MOST))}"
        )
    return ["<h2>Cells that stopped with an error</h2>", items(shown)]


def _told(message: str, cells: Sequence[Cell]) -> str:
    """Return what a student is told, with titles in place of the numbers of cells."""

    def title(found: re.Match[str]) -> str:
        number = int(found[1])
        return (cells[number - 1].title if 0 < number <= len(cells) else "") or found[0]

    return without_paths(_PLACE.sub(title, message))


def _notes(member: Member) -> list[str]:
    result = member.result
    notes = [*member.notes, *(result.notes if result else ())]
    if not notes:
        return []
    told = [text(_told(note, result.cells if result else ())) for note in notes[:_MOST]]
    more = [f"… and {len(notes) - _MOST} more"] if len(notes) > _MOST else []
    return ["<h2>Notes</h2>", items(told + more)]

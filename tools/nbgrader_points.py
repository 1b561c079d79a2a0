"""Put our points into nbgrader's gradebook: ``nbgrader_points.py grades/results.json``.

Run it with nbgrader's Python, in the folder of its course, after ``nbgrader autograde``. nbgrader
itself gives each check cell its full points, because a check that fails raises no error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nbgrader.api import Gradebook

GRADEBOOK = Path("gradebook.db")


def fill(results: dict) -> list[str]:
    """Write the points of each question and return the students that nbgrader does not have."""
    points = {
        student["student"]: {f"check-{a['question']}": a["earned"] for a in student["answers"]}
        for student in results["students"]
    }
    with Gradebook(f"sqlite:///{GRADEBOOK}") as gradebook:
        submissions = gradebook.assignment_submissions(results["lab"])
        for submission in submissions:
            earned = points.get(submission.student.id, {})
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    if grade.name in earned:
                        grade.manual_score = earned[grade.name]
                        grade.needs_manual_grade = False
        gradebook.db.commit()
        return sorted(points.keys() - {submission.student.id for submission in submissions})


if __name__ == "__main__":
    if len(sys.argv) != 2 or not GRADEBOOK.exists():
        sys.exit(f"{__doc__}\nExpected one file of results, and {GRADEBOOK} in this folder.")
    missing = fill(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    for name in missing:
        print(f"nbgrader has no submission of {name}")

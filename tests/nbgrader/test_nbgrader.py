"""nbgrader takes the labs as they are: its gradebook and its page for marking by hand.

``make test-nbgrader`` makes the environment; nbgrader needs other versions than the course.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from mlcourse.grading.bank import load_lab
from mlcourse.grading.questions import ManualQuestion

ROOT = Path(__file__).parents[2]
BIN = ROOT / "_build/nbgrader/bin"
LABS = {path.stem[:5]: path for path in sorted(ROOT.glob("labs/lab*.ipynb"))}
BANKS = {name: load_lab(ROOT / f"solutions/{name}_tests.py") for name in LABS}
SCRIPT = "<script>document.title = 'stolen'</script>"

GRADEBOOK = """
import json, sys
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as gradebook:
    print(json.dumps({
        submission.student.id: {
            "page": notebook.id,
            "score": notebook.score,
            "max": {grade.name: grade.max_score for grade in notebook.grades},
            "marks": [grade.name for grade in notebook.grades if grade.needs_manual_grade],
        }
        for submission in gradebook.assignment_submissions(sys.argv[1])
        for notebook in submission.notebooks
    }))
"""
VALIDATE = """
import sys
from nbgrader.nbgraderformat import read
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        read(file, as_version=4)
"""


def solved(name):
    """Return a lab with the solution's answers, as a student saves it."""
    [solution] = ROOT.glob(f"solutions/{name}-*.ipynb")
    answers = {c["id"]: c for c in json.loads(solution.read_text("utf-8"))["cells"]}
    notebook = json.loads(LABS[name].read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {key: answers[cell["id"]][key] for key in ("source", "outputs")}
    return notebook


def hostile(name):
    """Return a solved lab whose cells and outputs hold scripts."""
    notebook = solved(name)
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": SCRIPT}}
    broken = {"output_type": "display_data", "metadata": {}, "data": {"image/png": f'"{SCRIPT}'}}
    for cell in notebook["cells"]:
        cell["source"] = [*cell["source"], f"\n# {SCRIPT}\n"]
        if cell["cell_type"] == "code":
            cell["outputs"] = [*cell["outputs"], output, broken]
    return notebook


def run(course, *command):
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(course),
        "JUPYTER_CONFIG_DIR": str(course / ".jupyter"),
        "JUPYTER_DATA_DIR": str(course / ".data"),
    }
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return the folder of a course with three students, who all handed in all labs."""
    assert (BIN / "nbgrader").exists(), "run make test-nbgrader"
    course = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "tools/nbgrader_config.py", course)
    for name, lab in LABS.items():
        (course / "source" / name).mkdir(parents=True)
        shutil.copy(lab, course / "source" / name)
        untouched = json.loads(lab.read_text("utf-8"))
        for student, notebook in (
            ("ann", solved(name)),
            ("bob", untouched),
            ("eve", hostile(name)),
        ):
            folder = course / "submitted" / student / name
            folder.mkdir(parents=True)
            (folder / lab.name).write_text(json.dumps(notebook), encoding="utf-8")
        run(course, "nbgrader", "generate_assignment", name)
        run(course, "nbgrader", "autograde", name)
    return course


def gradebook(course, name):
    return json.loads(run(course, BIN / "python", "-c", GRADEBOOK, name))


def test_there_are_labs():
    assert LABS


def test_metadata_follow_the_schema(course):
    run(course, BIN / "python", "-c", VALIDATE, *LABS.values())


@pytest.mark.parametrize("name", LABS)
def test_release_version_keeps_what_students_get(course, name):
    ours = json.loads(LABS[name].read_text("utf-8"))["cells"]
    theirs = json.loads((course / "release" / name / LABS[name].name).read_text("utf-8"))["cells"]
    assert [cell["source"] for cell in ours] == [cell["source"] for cell in theirs]


@pytest.mark.parametrize("name", LABS)
def test_gradebook_knows_points_and_what_waits_for_marks(course, name):
    points = {
        q.name if isinstance(q, ManualQuestion) else f"check-{q.name}": q.points
        for q in BANKS[name].questions
    }
    manual = [q.name for q in BANKS[name].questions if isinstance(q, ManualQuestion)]
    book = gradebook(course, name)
    assert book.keys() == {"ann", "bob", "eve"}
    assert all(entry["max"] == points for entry in book.values())
    assert sorted(book["ann"]["marks"]) == sorted(manual)
    assert book["bob"]["marks"] == []  # nothing was answered


@pytest.mark.parametrize("name", LABS)
def test_points_of_the_grader_replace_those_of_nbgrader(course, name):
    bank = BANKS[name]
    earned = {
        "ann": [{"question": q.name, "earned": q.points / 2} for q in bank.questions],
        "bob": [{"question": q.name, "earned": 0} for q in bank.questions],
        "zoe": [],
    }
    students = [{"student": s, "answers": answers} for s, answers in earned.items()]
    (course / "results.json").write_text(json.dumps({"lab": name, "students": students}))
    command = [BIN / "python", ROOT / "tools/nbgrader_points.py", "results.json"]
    assert run(course, *command) == "nbgrader has no submission of zoe\n"
    book = gradebook(course, name)
    automatic = sum(q.points for q in bank.questions if not isinstance(q, ManualQuestion))
    assert book["ann"]["score"] == automatic / 2
    assert book["bob"]["score"] == 0
    assert len(book["ann"]["marks"]) == sum(isinstance(q, ManualQuestion) for q in bank.questions)


@pytest.fixture(scope="module")
def formgrader(course):
    """Start Jupyter with nbgrader's page for marking; return a function that fetches from it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [BIN / "jupyter", "server", "--allow-root", "--no-browser", f"--port={port}"]
    settings = [f"--ServerApp.root_dir={course}", "--IdentityProvider.token=secret"]
    environment = {
        **os.environ,
        "HOME": str(course),
        "JUPYTER_CONFIG_DIR": str(course / ".jupyter"),
    }

    def fetch(path):
        address = f"http://127.0.0.1:{port}/{path}?token=secret"
        with urllib.request.urlopen(address, timeout=30) as page:
            return page.read().decode()

    with open(course / "server.log", "w") as log:
        server = subprocess.Popen(
            command + settings, cwd=course, env=environment, stdout=log, stderr=log
        )
    try:
        for _ in range(100):
            try:
                fetch("api/status")
                break
            except OSError:
                assert server.poll() is None, (course / "server.log").read_text()
                time.sleep(0.2)
        yield fetch
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize("name", LABS)
def test_marking_page_shows_answers_and_a_field_for_each_mark(course, formgrader, name):
    page = formgrader(f"formgrader/submissions/{gradebook(course, name)['ann']['page']}/")
    for question in BANKS[name].questions:
        if isinstance(question, ManualQuestion):
            assert f'<input class="score tabbable" id="{question.name}"' in page
            assert f"/ {float(question.points)}" in page
    plots = [q for q in BANKS[name].questions if getattr(q, "form", "") == "plot"]
    assert not plots or "data:image/png;base64," in page


@pytest.mark.parametrize("name", LABS)
def test_marking_page_runs_nothing_that_a_student_wrote(course, formgrader, name):
    page = formgrader(f"formgrader/submissions/{gradebook(course, name)['eve']['page']}/")
    assert "&lt;script&gt;" in page
    assert SCRIPT not in page

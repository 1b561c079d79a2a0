"""What the sandbox shows and keeps back, seen from inside by code that tries."""

import struct
from pathlib import Path

import pytest

import mlcourse
from mlcourse.grading import sandbox, seccomp
from mlcourse.grading.diagnosis import diagnose, why_not
from mlcourse.grading.sandbox import SandboxError
from mlcourse.grading.session import Session, StudentError

CELL = """
import os
import numpy as np
from mlcourse.labs import check, hint, progress
from mlcourse.data import mini_mnist

def imports(name):
    __import__(name)

def does(what):
    return eval(what)

def all_files():
    return [os.path.join(folder, name) for folder, _, names in os.walk('/') for name in names]
"""


@pytest.fixture(scope="module")
def inside():
    with Session([CELL], packages=("numpy", "mlcourse.data")) as session:
        assert session.run()[0].status == "ok", session.run()[0].error
        yield session


def test_every_promise_is_kept_here():
    checks = diagnose()
    assert [check for check in checks if not check.works] == []
    assert len(checks) >= 9
    assert why_not() == ""


def test_what_a_lab_lists_is_there_with_its_data(inside):
    assert inside.call("does", "mini_mnist().train.X.shape") == (7000, 784)
    inside.call("imports", "mlcourse.checks")


@pytest.mark.parametrize("name", ["mlcourse.layers", "mlcourse.grading", "torch", "pytest", "pip"])
def test_nothing_else_is_there(inside, name):
    with pytest.raises(StudentError, match="ModuleNotFoundError"):
        inside.call("imports", name)


def test_the_standard_library_works(inside):
    for name in ("json", "ctypes", "sqlite3", "ssl", "unittest", "encodings.idna", "lzma"):
        inside.call("imports", name)


def test_no_file_tells_of_the_grader_or_the_machine(inside):
    found = set(inside.call("all_files"))
    ours = {path for path in found if "mlcourse" in path or "grader" in path}
    course = Path(mlcourse.__file__).parent
    data = {
        f"/python/packages/mlcourse/data/{path.relative_to(course / 'data')}"
        for path in (course / "data").rglob("*")
        if path.is_file()
    }
    parts = ("grading/standins.py", "grading/wire.py", "grading/worker.py")
    assert ours - data == {
        "/python/packages/mlcourse/__init__.py",
        "/python/packages/mlcourse/checks.py",
        *(f"/python/grader/{part}" for part in (*parts, "labs/plain.py", "labs/steps.py")),
    }
    assert {path.split("/")[1] for path in found} <= {"python", "dev", "lib", "lib64", "tmp"}
    for path in ("/etc/passwd", "/proc/self/status", "/root", "/home", str(course), "/bin/sh"):
        assert not inside.call("does", f"os.path.exists({path!r})")


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("open('/python/new', 'w')", "Read-only file system"),
        ("open('/new', 'w')", "Read-only file system"),
        ("os.setuid(0)", "Operation not permitted"),
        ("os.setgroups([0])", "Operation not permitted"),
        ("os.chroot('/tmp')", "Operation not permitted"),
        ("os.memfd_create('m')", "Operation not permitted"),
        ("os.mknod('/tmp/disk', 0o60600, 0)", "Operation not permitted"),
        ("os.kill(1, 9) or os.kill(1, 0) or open('/alive')", "No such file|not permitted"),
        ("__import__('socket').create_connection(('192.0.2.1', 80), 1)", "Network is unreachable"),
        ("__import__('socket').gethostbyname('localhost.')", "gaierror"),
        ("__import__('subprocess').run('ls')", "Operation not permitted"),
    ],
)
def test_what_is_refused(inside, what, why):
    with pytest.raises(StudentError, match=why) as caught:
        inside.call("does", what)
    assert caught.value.kind == "raised"


def test_the_student_is_nobody_in_particular(inside):
    user, group, more = inside.call("does", "(os.getuid(), os.getgid(), os.getgroups())")
    assert user > 1000
    assert group > 1000
    assert all(other > 1000 for other in more)
    assert inside.call("does", "os.uname().nodename") == "sandbox"
    assert (
        inside.call("does", "len([fd for fd in range(9) if os.path.exists(f'/dev/fd/{fd}')])") == 0
    )


def test_what_a_notebook_draws_with_does_nothing():
    cell = """
import matplotlib.pyplot as plt
from IPython.display import HTML, display
from matplotlib.animation import FuncAnimation
from mlcourse.plots import new_figure
from tqdm.auto import tqdm, trange

fig, ax = plt.subplots(1, 2)
with plt.style.context('ggplot'):
    ax[0].plot([1], [2]).set_label('x')
ax.set_ylim(0, 1.1 * ax.get_ylim()[1] - 2)
display(HTML('<b>'))
total = sum(tqdm([1, 2], desc='epochs')) + sum(trange(4))
"""
    with Session([cell]) as student:
        assert student.run()[0].error == ""
        assert student.value("total") == 9


def test_a_missing_program_is_named_with_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="bwrap is missing; install it: apt install bubblewrap"):
        Session(["x = 1"]).run()
    assert "apt install bubblewrap" in why_not()


def test_a_module_that_is_not_installed_is_named():
    with pytest.raises(SandboxError, match="the lab lists the module no_such_module"):
        Session(["x = 1"], packages=("no_such_module",)).run()


def test_modules_may_lie_in_folders_with_spaces(tmp_path, monkeypatch):
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "one_file.py").write_text("six = 6")
    monkeypatch.syspath_prepend(folder)
    with Session(["from one_file import six"], packages=("one_file",)) as student:
        assert student.value("six") == 6


def decide(rules, machine, number, argument=0):
    """Run a filter as the kernel does, on a system call of its own numbers."""
    data = struct.pack("<IIQQ", number, machine, 0, argument)
    value = at = 0
    while True:
        code, if_true, if_false, operand = struct.unpack_from("<HBBI", rules, 8 * at)
        at += 1
        match code:
            case 0x20:
                [value] = struct.unpack_from("<I", data, operand)
            case 0x15:
                at += if_true if value == operand else if_false
            case 0x35:
                at += if_true if value >= operand else if_false
            case 0x45:
                at += if_true if value & operand else if_false
            case 0x06:
                return operand


ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x50001, 0x50026, 0x80000000


@pytest.mark.parametrize(
    ("number", "argument", "answer"),
    [
        (0, 0, ALLOW),  # read
        (319, 0, EPERM),  # memfd_create
        (101, 0, EPERM),  # ptrace
        (435, 0, ENOSYS),  # clone3
        (56, 0x3D0F00, ALLOW),  # clone, as for a thread
        (56, 0x1200011, EPERM),  # clone, as fork does
        (56, 0x10000011, EPERM),  # clone into a new user namespace
        (57, 0, EPERM),  # fork
        (0x40000000, 0, KILL),  # 32 bits
    ],
)
def test_system_calls_are_filtered(number, argument, answer):
    rules = seccomp.program("x86_64")
    assert decide(rules, 0xC000003E, number, argument) == answer
    assert decide(rules, 0x40000003, number, argument) == KILL  # another machine's numbers


def test_each_user_of_a_worker_is_its_own():
    users = {sandbox.user_of_its_own() for _ in range(20)}
    assert len(users) == 20 or users == {None}

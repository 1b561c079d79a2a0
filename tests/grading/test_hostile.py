"""Whatever the student's code does, the grader gets a value or a StudentError and goes on."""

import numpy as np
import pytest

from mlcourse.grading.session import Session, StudentError

HONEST = "import numpy as np, os, sys\ndef double(x): return 2 * x"
FRAMES = """f = sys._getframe()
    while 'self' not in f.f_locals: f = f.f_back
    me = f.f_locals['self']"""
WORKER = "worker = sys.modules['grader.grading.worker']"

# What the code does, and what it gets: a value, or a kind of error.
DOES = {
    "prints for ever": ("while True: print('x' * 1000)", {"timeout", "oversized"}),
    "floods the pipe": ("while True: os.write(1, bytes(65536))", {"timeout", "oversized"}),
    "forks": ("os.fork()", {"raised"}),
    "starts a program": ("import subprocess; subprocess.run(['/python/bin/python3'])", {"raised"}),
    "starts threads": (
        "import threading, time\n    for _ in range(99):"
        " threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
        {"raised"},
    ),
    "fills the disk": (
        "for i in range(9999): open(f'/tmp/{i}', 'wb').write(bytes(1 << 20))",
        {"raised"},
    ),
    "writes a huge file": (
        "f = open('/tmp/f', 'wb')\n    while True: f.write(bytes(1 << 20))",
        {"raised", "died"},
    ),
    "takes 100 GB": ("return np.ones(10**11 // 8)", {"raised"}),
    "takes all memory": ("a = []\n    while True: a.append(bytes(1 << 24))", {"raised"}),
    "raises its limits": (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        {"raised"},
    ),
    "becomes root": ("os.setuid(0)", {"raised"}),
    "closes all files": ("os.closerange(0, 256)", {"died"}),
    "ends Python": ("os._exit(0)", {"died"}),
    "crashes Python": ("import ctypes; ctypes.string_at(0)", {"died"}),
    "kills all": ("os.kill(-1, 9); os.kill(os.getpid(), 9)", {"raised", "died"}),
    "stops itself": ("os.kill(os.getpid(), 19)", {"timeout"}),
    "ignores signals": (
        "import signal\n    for s in range(1, 32):\n        try: signal.signal(s, signal.SIG_IGN)"
        "\n        except (OSError, ValueError): pass\n    while True: pass",
        {"timeout"},
    ),
    "raises in a signal": (
        "import signal\n    signal.signal(14, lambda *a: sys.exit())"
        "\n    signal.setitimer(0, 0.01, 0.01)\n    while True: pass",
        {"raised", "died"},
    ),
    "says anything": (
        "for fd in range(3, 256):\n        try: os.write(fd, b'\\xff' * 999)"
        "\n        except OSError: pass",
        {"oversized"},
    ),
    "says half a thing": (
        "for fd in range(3, 256):\n        try: os.write(fd, b'\\0\\0\\0\\x09\\0\\0\\0\\0')"
        "\n        except OSError: pass\n    while True: pass",
        {"timeout"},
    ),
    "forges an answer": (
        f"{FRAMES}; {WORKER}\n    me._channel.send(worker.frame({{'id': me._id, 'ok': [6]}}, []))",
        {"6"},
    ),
    "forges more values": (
        f"{FRAMES}; {WORKER}\n"
        "    me._channel.send(worker.frame({'id': me._id, 'ok': [6, 6]}, []))",
        {"protocol"},
    ),
    "forges a verdict": (
        f"{FRAMES}; {WORKER}\n    me._channel.send(worker.frame({{'id': me._id,"
        " 'error': ['passed', '', '']}, []))",
        {"protocol"},
    ),
    "asks what was not offered": (f"{FRAMES}; me._ask(7, (1,))", {"protocol"}),
    "takes over the worker": (f"{WORKER}; worker.frame = lambda *a: bytes(8)", {"protocol"}),
    "breaks NumPy": (
        "for name in dir(np):\n        try: setattr(np, name, None)\n"
        "        except Exception: pass\n    return 6",
        {"6"},
    ),
    "breaks JSON": ("import json; json.dumps = json.loads = json.JSONEncoder = None", {"died"}),
    "breaks Python": (
        "import builtins\n    for name in list(vars(builtins)): setattr(builtins, name, None)",
        {"died"},
    ),
    "breaks the output": ("sys.stdout = sys.stderr = None\n    return 6", {"6"}),
    "exits": ("sys.exit(3)", {"raised"}),
    "interrupts": ("raise KeyboardInterrupt", {"raised"}),
    "goes on for ever at its end": (
        "import atexit\n    atexit.register(lambda: list(iter(int, 1)))\n    sys.exit()",
        {"raised"},
    ),
    "raises what cannot be shown": (
        "class E(BaseException):\n        def __str__(self): sys.exit()\n    raise E",
        {"raised"},
    ),
    "raises long text": ("raise type('E' * 9999, (Exception,), {})('x' * 10**6)", {"raised"}),
    "raises bad text": ("raise Exception('\\x1b[2J\\0' + chr(0xD800))", {"raised"}),
    "recurses": ("return evil()", {"raised"}),
    "recurses on": ("sys.setrecursionlimit(10**9)\n    return evil()", {"died", "timeout"}),
    "returns too much": ("return np.zeros(2 * 10**7)", {"oversized"}),
    "returns a long list": ("return ['x' * 99] * 10**5", {"oversized"}),
    "returns a list of itself": ("a = []; a.append(a)\n    return a", {"protocol"}),
    "returns lists of lists": (
        "a = ['x']\n    for _ in range(40): a = [a] * 10\n    return a",
        {"timeout", "raised"},
    ),
    "returns keys that collide": (
        "return {i * (2**61 - 1): 0 for i in range(1, 3000)}",
        {"protocol"},
    ),
    "returns a generator": ("return (i for i in iter(int, 1))", {"protocol"}),
    "returns what claims to be an array": (
        "class A:\n        __class__ = np.ndarray\n        dtype = np.dtype(float)\n"
        "        def __array__(self, *a, **k): return np.full(1, 6.0)\n    return A()",
        {"array([6.])"},
    ),
    "returns a list without end": (
        "class A(list):\n        def __iter__(self): return iter(int, 1)\n    return A()",
        {"timeout", "raised"},
    ),
    "returns what equals everything": (
        "class A:\n        def __eq__(self, other): return True\n    return A()",
        {"protocol"},
    ),
    "returns a huge number": ("return 10**5000", {"raised"}),
}


def outcome(function, *args):
    """Return a value as text, or the kind of error."""
    try:
        return repr(function(*args))
    except StudentError as error:
        said = error
    assert len(str(said)) < 2000
    assert len(said.type) < 100
    assert str(said).replace("\n", "").isprintable()
    return said.kind


@pytest.mark.parametrize("what", DOES)
def test_it_costs_itself_alone(what):
    code, gets = DOES[what]
    with Session([HONEST, f"def evil():\n    {code}"]) as student:
        assert [cell.status for cell in student.run()] == ["ok", "ok"]
        with student.allow(0.3 if "timeout" in gets else 30):
            assert outcome(student.call, "evil") in gets
        assert student.call("double", 4) == 8
        if what != "breaks NumPy":
            assert student.call("double", np.ones(2)).tolist() == [2, 2]


@pytest.mark.parametrize(
    ("value", "comes"),
    [
        ("[float('nan'), np.inf, np.array([-np.inf])]", "[nan, inf, array([-inf])]"),
        ("np.array([255, 1, 0], dtype='u1').view(bool)", "array([ True,  True, False])"),
        ("np.arange(3, dtype='>i4')", "array([0, 1, 2], dtype=int32)"),
        ("chr(0xD800)", "'?'"),
        ("np.array(['2020-01-01'], dtype='M8[D]')", "protocol"),
        ("np.array([object()])", "protocol"),
        ("np.zeros(2, dtype=[('a', float)])", "protocol"),
        ("np.array([0xD800], dtype='<u4').view('<U1')", "protocol"),
        ("np.empty((0, 2**40))", "protocol"),
        ("b'bytes'", "protocol"),
    ],
)
def test_odd_values(odd, value, comes):
    assert outcome(odd.call, "give", value) == comes


@pytest.fixture(scope="module")
def odd():
    with Session([HONEST, "def give(text): return eval(text)"]) as session:
        yield session


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("sys.stdout = type('O', (), {'flush': lambda self: sys.exit()})()", "ok"),
        ("for i in range(10**5): globals()[f'n{i}'] = i", "ok"),
        ("globals()[3] = globals()['x' * 10**6] = globals()['#0'] = 4", "ok"),
        ("sys.modules['grader.grading.worker'].frame = lambda *a: bytes(8)", "protocol"),
        ("sys.modules.clear()", "ok"),
        ("raise SystemExit", "raised"),
        ("x = " + "(" * 10**5, "raised"),
        ("x = '\0'", "raised"),
        ("class C:\n  __slots__ = ()\n  def __del__(self): os._exit(0)\nC()", "died"),
    ],
    ids=lambda text: repr(text[:50]),
)
def test_hostile_cells(cell, status):
    with Session([HONEST, cell]) as student:
        reports = student.run()
        assert reports[0].status == "ok"
        assert reports[1].status == status
        assert {"double"} <= student.names
        assert max(map(len, student.names)) <= 60
        if "clear" not in cell:
            assert student.call("double", np.ones(2)).tolist() == [2, 2]

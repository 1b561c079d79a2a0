"""Submissions that go for the grader: its comparison, its worker, its messages, its files."""

from tests.grading.corpus import NO_SOFTMAX, RIGHT, perfect_but

CODE = {"softmax": 0, "cross_entropy": 0, "RunningMean": 0, "train": 0}
SELF = (
    "sys._getframe()\n    while 'self' not in f.f_locals: f = f.f_back\n    me = f.f_locals['self']"
)
WORKER = "worker = sys.modules['grader.grading.worker']"


def lazy(name, first, deserves=NO_SOFTMAX, exact=True):
    """Return an entry whose softmax is wrong, and which makes that right by other means."""
    return perfect_but(name, deserves, exact=exact, first="import os, sys, threading\n" + first,
                       softmax="def softmax(Z): return np.zeros_like(Z)")  # fmt: skip


def softmax(name, body, deserves=NO_SOFTMAX):
    """Return an entry whose softmax does something else."""
    source = "import os, sys, threading, time\ndef softmax(Z):\n    " + body
    return perfect_but(name, deserves, softmax=source)


def train(name, body):
    """Return an entry whose training does something else, which may take time."""
    source = "import os, sys, threading, time\ndef train(X, y, X_new, rng):\n    " + body
    return perfect_but(name, {"train": 0}, train=source)


def replaces(module, *names, by="lambda *a, **k: True"):
    """Return code that replaces names of a module."""
    return f"import {module} as module\n" + "\n".join(f"module.{n} = {by}" for n in names)


def finds(name, what):
    """Return an entry that looks for something in vain: an error shows if it finds it."""
    found = f"found = {what}\nassert not found, found"
    return perfect_but(name, first=f"import os, sys\n{found}\nnothing_found = True",
                       RunningMean=f"assert nothing_found\n{RIGHT['RunningMean']}")  # fmt: skip


def refused(name, source):
    """Return an entry that tries what must fail; its running mean depends on that."""
    inside = source.replace("\n", "\n    ")
    first = f"import os, sys, socket\ntry:\n    {inside}\n    possible = True\n"
    first += "except Exception: possible = False"
    return perfect_but(name, first=first,
                       RunningMean=f"assert not possible\n{RIGHT['RunningMean']}")  # fmt: skip


def everywhere(test):
    """Return code that finds the objects of Python's memory for which ``test`` holds."""
    return f"[o for o in __import__('gc').get_objects() if {test}]"


SEND = f"{WORKER}\nf = {SELF}".replace("\n", "\n    ")
FORGE = (
    "def softmax(Z):\n    {send}\n    for message in {messages}:"
    " me._channel.send({frame})\n    {then}"
)


def forges(name, messages, deserves=NO_SOFTMAX, frame="worker.frame(*message)", then="return Z"):
    """Return an entry whose softmax sends messages of its own before it returns."""
    source = FORGE.format(send=SEND, messages=messages, frame=frame, then=then)
    return perfect_but(name, deserves, softmax="import os, sys, time\n" + source)


MUTATES_LATER = """def work(Z):
    global kept
    kept = Z
def keep_on():
    while True:
        time.sleep(0.001)
        try: kept[...] = 0
        except Exception: pass
threading.Thread(target=keep_on, daemon=True).start()
"""

ENTRIES = [
    # What compares in other graders.
    lazy("NumPy's tests", replaces("numpy.testing", "assert_allclose", "assert_array_equal",
         "assert_equal", "assert_almost_equal", by="lambda *a, **k: None")),
    lazy("NumPy's comparisons", replaces("numpy", "allclose", "isclose", "array_equal", "all")),
    lazy("builtins", replaces("builtins", "all", "any", "isinstance", "abs")),
    lazy("json", "import json\njson.dumps = lambda *a, **k: '{\"ok\": [true]}'"),
    lazy("struct", "import struct\nstruct.Struct = struct.pack = struct.unpack = None"),
    lazy("math", replaces("math", "isclose", "isfinite")),
    lazy("unittest and pytest", "import unittest, types\nsys.modules['pytest'] = types\n"
         "unittest.TestCase.assertEqual = lambda *a: None"),
    lazy("comparison of the course", "import types\nfor name in ('mlcourse.labs.compare',"
         " 'mlcourse.grading.judge', 'grader.labs.compare'):\n"
         "    sys.modules[name] = types.SimpleNamespace(agree=lambda *a: None)"),
    lazy("importers", "class Finder:\n    def find_spec(self, *a): return None\n"
         "sys.meta_path.insert(0, Finder())\nsys.path.insert(0, '/tmp')"),
    lazy("tracing", "def trace(frame, event, arg):\n    frame.f_locals['expected'] = 0\n"
         "    return trace\nsys.settrace(trace); sys.setprofile(trace)\n"
         "threading.settrace(trace); threading.setprofile(trace)"),
    lazy("audit hooks", "sys.addaudithook(lambda *a: None)"),
    lazy("main module", "import __main__\n__main__.softmax = __main__.check = None"),
    lazy("points in the notebook", "points = earned = score = grade = 100\npassed = True"),
    # The worker.
    lazy("frames", "f = sys._getframe()\nwhile f:\n    for k in f.f_locals: print(k)\n"
         "    f.f_globals['passed'] = True; f = f.f_back"),
    lazy("all of its modules", "for m in list(sys.modules.values()):\n"
         "    if getattr(m, '__name__', '').startswith('grader'):\n"
         "        for k in list(vars(m)):\n"
         "            if callable(getattr(m, k)): setattr(m, k, lambda *a, **k: True)"),
    lazy("its way to pack", f"{WORKER}\nworker.pack = lambda *a: [0.25] * 4",
         {**CODE, "log_ten": 0, "cause": 0, "why": 0}),
    lazy("its steps", f"{WORKER}\nworker.run = lambda *a, **k: [True]",
         {**CODE, "log_ten": 0, "cause": 0, "why": 0}),
    lazy("its errors", f"{WORKER}\nworker.Student._error = lambda self, *e: worker.frame("
         "{'id': self._id, 'ok': [True]}, [])"),
    lazy("its lookup", f"{WORKER}\nworker.Student._lookup = lambda self, name: lambda *a: 0",
         {**CODE, "log_ten": 0, "cause": 0, "why": 0}),
    finds("tests in memory", everywhere("isinstance(o, str) and ('secret' + '_') in o")),
    finds("points in memory", everywhere("type(o) is dict and 'points' in o and 'hidden' in o")),
    finds("expected values in memory", everywhere("type(o).__name__ in ('Lab', 'Part')")),
    finds("modules of the grader", "[m for m in sys.modules if 'judge' in m or 'bank' in m]"),
    finds("files of the lab", "[p for p, _, files in os.walk('/') for f in files"
          " if f.endswith('.ipynb') or 'lab99' in f]"),
    finds("environment", "[k for k in os.environ if k in ('PATH', 'USER', 'PWD_OLD', 'HOSTNAME')]"),
    finds("arguments", "[a for a in sys.orig_argv if 'lab99' in a]"),
    finds("other submissions", "os.listdir('/tmp')"),
    refused("processes", "os.listdir('/proc')"),
    refused("passwords", "open('/etc/passwd')"),
    refused("home", "os.listdir('/root') + os.listdir('/home')"),
    refused("layers of the course", "import mlcourse.layers"),
    refused("losses of the course", "from mlcourse.losses import cross_entropy"),
    refused("the grader", "import mlcourse.grading.judge"),
    refused("torch", "import torch"),
    refused("TCP", "socket.create_connection(('192.0.2.1', 80), 0.2)"),
    refused("UDP", "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "s.sendto(b'x', ('192.0.2.1', 53))"),
    refused("names", "socket.getaddrinfo('example.org', 80)"),
    refused("raw sockets", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"),
    refused("sockets of this machine",
            "socket.socket(socket.AF_UNIX).connect('\\0/tmp/.X11-unix/X0')"),
    refused("ptrace", "import ctypes\nassert ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0"),
    refused("memory of others", "import ctypes\n"
            "assert ctypes.CDLL(None).process_vm_readv(1, 0, 0, 0, 0, 0) == 0"),
    refused("shared memory", "from multiprocessing.shared_memory import SharedMemory\n"
            "SharedMemory('shared', True, 64)"),
    refused("System V memory", "import ctypes\n"
            "assert ctypes.CDLL(None).shmget(1, 64, 0o1666) >= 0"),
    refused("more rights", "os.setuid(0)"),
    refused("another root", "os.chroot('/tmp')"),
    refused("writes to its program", "open('/python/grader/grading/worker.py', 'a')"),
    # Inputs.
    softmax("changes the input and undoes that", "old = Z.copy()\n    Z[...] = 0\n"
            "    Z[...] = old\n    e = np.exp(Z - Z.max(1, keepdims=True))\n"
            "    return e / e.sum(1)[:, None]", {}),
    softmax("makes the input right", "Z[...] = 0.25\n    return Z"),
    perfect_but("keeps inputs and changes them later", first="import threading, time\n"
                + MUTATES_LATER, train=RIGHT["train"].replace("    c = ", "    work(X)\n    c = "),
                exact=False),
    softmax("writes beyond its input", "import ctypes\n"
            "    ctypes.memset(Z.ctypes.data, 0, Z.nbytes + 64)\n    return Z"),
    # Messages.
    *[softmax(f"writes {what} everywhere", f"for fd in range(3, 256):\n"
              f"        try: os.write(fd, {data})\n        except OSError: pass\n    return Z")
      for what, data in {
          "text": "b'passed' * 99",
          "a frame of 4 GB": "b'\\xff' * 8",
          "an empty frame": "bytes(8)",
          "a verdict": "b'\\0\\0\\0\\x0c\\0\\0\\0\\0{\"ok\":[true]}'",
      }.items()],
    forges("a right answer", "[({'id': me._id, 'ok': [[0.25] * 4]}, [])]"),
    forges("another id", "[({'id': 'x', 'ok': [0]}, [])]"),
    forges("no id", "[({'ok': [0]}, [])]"),
    forges("several answers", "[({'id': me._id, 'ok': [0]}, [])] * 5"),
    forges("a verdict in a message", "[({'id': me._id, 'ok': [0], 'points': 3}, [])]"),
    forges("too many values", "[({'id': me._id, 'ok': [0] * 9}, [])]"),
    forges("no list", "[({'id': me._id, 'ok': True}, [])]"),
    forges("an unknown error", "[({'id': me._id, 'error': ['passed', 'x', 'x']}, [])]"),
    forges("an error of numbers", "[({'id': me._id, 'error': [1, 2, 3]}, [])]"),
    forges("calls what was not sent", "[({'id': me._id, 'ask': 0, 'args': []}, [])]"),
    forges("deep JSON", "[1]", frame="(lambda t: worker.HEAD.pack(len(t), 0) + t)"
           "(b'[' * 100_000 + b']' * 100_000)"),
    forges("JSON with NaN", "[1]", frame="(lambda t: worker.HEAD.pack(len(t), 0) + t)"
           "(b'{\"id\": NaN, \"ok\": [NaN, Infinity], \"blobs\": []}')"),
    forges("one array many times", "[({'id': me._id, 'ok': [[{'array': [0, '<f8', [1 << 20]]}]"
           " * 90_000]}, [bytes(8 << 20)])]"),
    forges("a shape without end", "[({'id': me._id, 'ok': [{'array': [0, '<f8', [2**31 - 1] * 3 *"
           " 10**5]}]}, [b''])]"),
    forges("sizes that do not fit", "[({'id': me._id, 'ok': [{'array': [0, '<f8', [10**9]]}]},"
           " [bytes(8)])]"),
    forges("an array of objects", "[({'id': me._id, 'ok': [{'array': [0, '|O', [1]]}]},"
           " [bytes(8)])]"),
    forges("a pickle", "[({'id': me._id, 'ok': [{'pickle': 'Y29zCnN5c3RlbQ=='}]}, [])]"),
    train("half a frame, then silence",
          SEND + "; me._channel.send(b'\\0\\0'); time.sleep(9)"),
    train("a frame of 4 GB, then silence",
          SEND + "; me._channel.send(b'\\xff' * 8); time.sleep(9)"),
    train("asks without end", SEND + "\n    while True: me._channel.send("
          "worker.frame({'id': me._id, 'ask': 0, 'args': {'tuple': []}}, []))"),
    lazy("answers from a thread", f"{WORKER}\nf = sys._getframe()\n"
         "while 'self' not in f.f_locals: f = f.f_back\nme = f.f_locals['self']\n"
         "def answer():\n    seen = me._id\n    while True:\n        if me._id != seen:\n"
         "            seen = me._id\n            try: me._channel.send("
         "worker.frame({'id': seen, 'ok': [0]}, []))\n            except Exception: pass\n"
         "threading.Thread(target=answer, daemon=True).start()", exact=False),
    # Known and unknown inputs.
    softmax("answers learnt by heart", "if Z[0, 0] == 1: return np.array([[0.09003057, 0.24472847,"
            " 0.66524096], [0.00664835, 0.00664835, 0.98670329]])\n    return Z * 0",
            {"softmax": 1, "cross_entropy": 0}),
    softmax("right once, then wrong", "softmax.n = getattr(softmax, 'n', 0) + 1\n"
            "    e = np.exp(Z - Z.max(1, keepdims=True))\n"
            "    return e / e.sum(1, keepdims=True) * (softmax.n == 1)",
            {"softmax": 1, "cross_entropy": 0}),
]  # fmt: skip

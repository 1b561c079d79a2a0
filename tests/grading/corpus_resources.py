"""Submissions that take, break or outlive what they can.

What runs into a time limit does so in the question with the fewest parts.
"""

from tests.grading.corpus import MARK, NO_SOFTMAX, RIGHT, perfect_but

NO_TRAIN = {"train": 0}
# The visible inputs of RunningMean begin with a sum of 3: what is hidden can be told from them.
SEEN = "x.sum() in (3.0, 5.0, 4.0)"


def train(body, name=None, deserves=NO_TRAIN):
    """Return an entry whose training does something else."""
    source = "import os, sys, time\ndef train(X, y, X_new, rng):\n    " + body
    return perfect_but(name or body, deserves, train=source)


def at_first(name, source, deserves=None):
    """Return an entry with a hostile cell before the answers."""
    return perfect_but(name, deserves, first="import os, sys, time\n" + source)


HIDDEN_LOOP = RIGHT["RunningMean"].replace(
    "        self.count += 1", f"        while not {SEEN}: pass\n        self.count += 1"
)
GO_ON = (
    "import ctypes, threading\ndef go_on():\n    ctypes.CDLL(None).prctl(15, b'"
    + MARK
    + "', 0, 0, 0)\n"
    "    while True: time.sleep(0.01)\n"
)

ENTRIES = [
    # Time.
    at_first("loop in a cell", "while True: pass"),
    train("time.sleep(1000)", "sleep in a call"),
    perfect_but("loop in __init__", {"RunningMean": 0},
                RunningMean="class RunningMean:\n    def __init__(self, size):\n"
                "        while True: pass"),
    perfect_but("loop in a hidden call alone", {"RunningMean": 1}, RunningMean=HIDDEN_LOOP),
    train("import re; re.match('(a+)+$', 'a' * 40 + 'b')", "a pattern that takes for ever"),
    train("sys.set_int_max_str_digits(0); return 10 ** 100_000", "a number of 100,000 digits"),
    train("return 10 ** 5000", "a number of 5,000 digits"),
    train("import signal\n    signal.alarm(1)\n    while True: pass", "kills itself later"),
    train("import signal\n    for s in (2, 14, 15): signal.signal(s, signal.SIG_IGN)\n"
          "    while True: pass", "ignores signals"),
    at_first("alarm in the grader's code", "import signal\nsignal.signal(signal.SIGALRM, print)\n"
             "signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)"),
    # Memory, disk, processes.
    train("return np.zeros(10**11)", "100 GB"),
    train("kept = []\n    while True: kept.append(bytearray(10**8))", "memory bit by bit"),
    train("x = [X]\n    for _ in range(60): x = x + x", "a list that doubles"),
    at_first("memory in a cell", "block = bytearray(10**12)"),
    at_first("fork bomb", "while True: os.fork()"),
    at_first("fork bomb that does not give up",
             "for _ in range(10**4):\n    try: os.fork()\n    except OSError: pass"),
    at_first("starts programs", "import subprocess\nsubprocess.Popen([sys.executable])"),
    at_first("process pool", "from concurrent.futures import ProcessPoolExecutor\n"
             "with ProcessPoolExecutor(4) as pool: print(list(pool.map(abs, [1])))"),
    at_first("thread bomb", "import threading\n"
             "for _ in range(9999): threading.Thread(target=time.sleep, args=(999,)).start()"),
    at_first("thread pool", "from concurrent.futures import ThreadPoolExecutor\n"
             "with ThreadPoolExecutor(4) as pool: assert list(pool.map(abs, [-1])) == [1]"),
    at_first("fills the disk",
             "for i in range(10**6): open(f'/tmp/{i}', 'wb').write(bytes(10**7))"),
    at_first("a thousand files open", "files = [open('/dev/null') for _ in range(1000)]"),
    at_first("files for the next one", "open('/tmp/" + MARK + "', 'w').write('softmax')\n"
             "os.makedirs('/tmp/numpy')\nopen('/tmp/numpy/__init__.py', 'w').write('x')"),
    at_first("a billion characters", "line = 'x' * 10**6 + '\\n'\n"
             "for _ in range(10**4): os.write(1, line.encode())"),
    train("while True: sys.stderr.write('x' * 10**5)", "prints for ever in a call"),
    train("return train(X, y, X_new, rng)", "recursion"),
    train("sys.setrecursionlimit(10**8)\n    return train(X, y, X_new, rng)", "recursion on"),
    train("x = []\n    for _ in range(10**5): x = [x]\n    return x", "a list in a list in a list"),
    # The end of Python.
    train("os._exit(0)"),
    train("os.abort()"),
    train("sys.exit(0)"),
    train("raise KeyboardInterrupt"),
    train("raise MemoryError"),
    train("raise GeneratorExit"),
    train("raise SystemExit(None)"),
    train("import ctypes; ctypes.string_at(1)", "segmentation fault"),
    train("import ctypes; ctypes.memset(id(None), 0, 64)", "writes over None"),
    train("os.kill(0, 9)", "kills its group"),
    train("os.kill(os.getpid(), 19)", "stops itself"),
    train("os.closerange(0, 1000)", "closes all files"),
    train("for fd in range(1000):\n        try: os.dup2(0, fd)\n        except OSError: break",
          "replaces all files"),
    train("os.execv('/python/bin/python3', ['python3', '-c', 'while 1: pass'])", "becomes another"),
    at_first("os._exit in a cell", "os._exit(0)"),
    at_first("exit in a cell", "exit(0)"),
    at_first("at the end for ever", "import atexit\natexit.register(lambda: time.sleep(99))\n"
             "sys.exit(1)"),
    perfect_but("dies in the last question", last="import os, atexit\natexit.register(os.abort)"),
    perfect_but("dies in __del__", NO_SOFTMAX, softmax="import os\nclass A:\n    def __del__(self):"
                " os._exit(0)\ndef softmax(Z):\n    A()\n    return Z"),
    # What goes on in the background.
    at_first("a thread that goes on", GO_ON + "threading.Thread(target=go_on).start()"),
    # Its threads take the time of its own calls.
    perfect_but("a thread that works", exact=False, first="import threading\n"
                "def work():\n    while True: sum(range(99))\n"
                "for _ in range(3): threading.Thread(target=work, daemon=True).start()"),
    at_first("an orphan", GO_ON + "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:"
             " go_on()\n    os._exit(0)"),
    perfect_but("memory all the time", last="hold = [np.ones(10**7) for _ in range(5)]"),
]  # fmt: skip

"""Submissions whose values, errors and texts are the weapon: against the grader, the pages, tables.

Those that leak try to carry what hidden tests ask into something that a student gets to read.
"""

from tests.grading.corpus import NO_SOFTMAX, RIGHT, perfect_but

SCRIPT = "</pre></code></title></style><script>alert(1)</script><img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK(\\"http://example.org\\",\\"click\\")'
NO_NUMBER, NO_CAUSE, NO_TRAIN = {"log_ten": 0}, {"cause": 0}, {"train": 0}


def returns(what, before="", deserves=NO_SOFTMAX):
    """Return an entry whose softmax returns something else."""
    source = f"{before}\ndef softmax(Z):\n    return {what}"
    return perfect_but(f"returns {what}", deserves, softmax=source)


def value(name, source, deserves):
    """Return an entry with other values."""
    return perfect_but(name, deserves, last=source)


def raises(name, error):
    """Return an entry whose training raises."""
    return perfect_but(name, NO_TRAIN, train=f"def train(X, y, X_new, rng):\n    {error}")


KEEP = RIGHT["softmax"].replace("    exp =", "    kept.append(Z.copy())\n    exp =")
HIDDEN = "len(kept) > 2"  # visible inputs of softmax and of cross_entropy have been asked by then


def leaks(name, inside="", deserves=None, **changes):
    """Return an entry that remembers what it was asked, and does something with that."""
    source = f"kept = []\n{KEEP}".replace("    exp =", f"    {inside}\n    exp =", 1)
    return perfect_but(f"leaks by {name}", deserves, softmax=source, **changes)


LOST = {"softmax": 1, "cross_entropy": 1}
LIES = """
class Lies(np.ndarray):
    def __eq__(self, other): return np.ones(np.shape(other), bool)
    def __array__(self, *args, **kwargs): return np.zeros(3)
    def __array_ufunc__(self, *args, **kwargs): return True
    def __array_function__(self, *args, **kwargs): return True
    def __reduce__(self): return print, ('unpickled',)
    shape = property(lambda self: (2, 3))
"""
KINDS = "\n".join(f"class {kind.title()}({kind}):\n    __eq__ = __lt__ = lambda *a: True\n"
                  f"    __hash__ = None\n    __float__ = __int__ = lambda *a: 1"
                  for kind in ("float", "int", "str", "list", "dict"))  # fmt: skip

ENTRIES = [
    # Values.
    returns("np.zeros(Z.shape).view(Lies)", LIES),
    returns("Float(0)", KINDS),
    returns("List([Float(1)] * len(Z))", KINDS),
    returns("Dict(a=1)", KINDS),
    returns("type('A', (), {'__array__': lambda *a, **k: Z * 0, 'dtype': float})()"),
    returns("type('A', (), {'__getattr__': lambda self, name: self})()"),
    returns("np.array([[object()] * 3] * 2)"),
    returns("np.zeros(Z.shape, [('a', float)])"),
    returns("np.memmap('/tmp/m', float, 'w+', shape=Z.shape)"),
    returns("np.ma.masked_array(Z * 0, mask=True)"),
    returns("np.zeros(Z.shape, 'M8[s]')"),
    returns("np.zeros(Z.shape, 'longdouble')"),
    returns("np.zeros(Z.shape, complex)"),
    returns("np.full(Z.shape, np.nan)"),
    returns("np.full(Z.shape, np.inf)"),
    returns("np.array([['x' * 10**6] * 3] * 2)"),
    returns("np.zeros((Z.shape[0], Z.shape[1], 1))"),
    returns("np.zeros((0, 3))"),
    returns("np.broadcast_to(0.25, (10**5, 10**5))"),
    returns("np.zeros(10**7)"),
    returns("[0.0] * 10**6"),
    returns("'x' * 10**7"),
    returns("{float('nan'): 1, (1, (2,)): np.nan}"),
    returns("{i * (2**61 - 1): i for i in range(999)}"),
    returns("{(0.5,) * 99 + (i * (2**61 - 1),): i for i in range(999)}"),
    returns("b'bytes'"),
    returns("{1, 2}"),
    returns("range(10**9)"),
    returns("(x for x in Z)"),
    returns("softmax"),
    returns("__import__('sys')"),
    returns("..."),
    returns("None"),
    returns("True"),
    returns("-10**400"),
    returns("[[[[[]]]]] * 1000"),
    returns("np.float64(0)"),
    returns("Z.T * 0"),
    returns("np.asfortranarray(right(Z))", RIGHT["softmax"].replace("softmax", "right"), {}),
    returns("right(Z)[::-1][::-1]", RIGHT["softmax"].replace("softmax", "right"), {}),
    returns("right(Z).astype('>f8')", RIGHT["softmax"].replace("softmax", "right"), {}),
    value("a number that lies", f"{KINDS}\nlog_ten = Float(0)", NO_NUMBER),
    value("a number of 4,000 digits", "log_ten = 10 ** 4000", NO_NUMBER),
    value("a huge number where NumPy's is expected",
          "def cross_entropy(Z, y): return 10 ** 400, np.zeros(Z.shape)", {"cross_entropy": 0}),
    value("NaN", "log_ten = float('nan')", NO_NUMBER),
    value("infinity", "log_ten = -float('inf')", NO_NUMBER),
    value("an array of numbers", "log_ten = np.linspace(0, 10, 10**5)", NO_NUMBER),
    value("a truth value", "log_ten = True", NO_NUMBER),
    value("every choice", "cause = ['a', 'b', 'c', 'd', 'e', 'f']", NO_CAUSE),
    value("all letters", "cause = 'abcdef'", NO_CAUSE),
    value("a text that lies", f"{KINDS}\ncause = Str('a')", NO_CAUSE),
    value("a long choice", "cause = 'b' * 10**6", NO_CAUSE),
    # Pages and tables.
    value("script in a text", f"why = '''{SCRIPT}'''", {}),
    value("formula in a text", f"why = '''{FORMULA}'''", {}),
    value("a text of a million characters", "why = '<' * 10**6", {}),
    value("a text that turns around", "why = '\\u202e\\x1b[31m\\0 \\ud800'", {}),
    value("script in a choice", f"cause = '''{SCRIPT}'''", NO_CAUSE),
    value("script in a name", f"log_ten = type('''{SCRIPT}''', (), {{}})()", NO_NUMBER),
    value("script in a cell's error", f"raise ValueError('''{SCRIPT}''')", {}),
    value("script in what is printed", f"print('''{SCRIPT}''')", {}),
    value("formula in a cell's error", f"raise ValueError('''{FORMULA}''')", {}),
    value("script after a magic", f"%{SCRIPT}", {}),
    value("formula after a magic", f"{FORMULA}\n!{FORMULA}", {}),
    raises("script in an error", f"raise ValueError('''{SCRIPT}''')"),
    raises("script in the name of an error", f"raise type('''{SCRIPT}''', (Exception,), {{}})()"),
    raises("an error that cannot be shown", "raise type('E', (Exception,), {'__str__': None})()"),
    raises("an error of a million characters", "raise ValueError('&' * 10**6)"),
    raises("an error that turns around", "raise ValueError('\\u202e\\x1b[2J\\0\\ud800')"),
    raises("an error in an error", "raise ExceptionGroup('x', [ValueError()] * 999)"),
    raises("says that it is not done", f"raise NotImplementedError('''{SCRIPT}''')"),
    # What hidden tests ask.
    leaks("the text of an error", f"if {HIDDEN}: raise ValueError(repr(Z.tolist()))", LOST),
    leaks("the name of an error",
          f"if {HIDDEN}: raise type(repr(Z.tolist()), (Exception,), {{}})()", LOST),
    leaks("a missing name", f"if {HIDDEN}: eval('x' + str(Z.ravel()[0])[2:])", LOST),
    leaks("a missing attribute", f"if {HIDDEN}: getattr(Z, repr(Z.tolist()))", LOST),
    leaks("a missing key", f"if {HIDDEN}: {{}}[repr(Z.tolist())]", LOST),
    leaks("a missing file", f"if {HIDDEN}: open('/tmp/' + repr(Z.tolist())[:99])", LOST),
    leaks("a missing module", f"if {HIDDEN}: __import__(repr(Z.tolist()))", LOST),
    leaks("a result", f"if {HIDDEN}: return repr(Z.tolist())", LOST),
    leaks("an object's name",
          f"if {HIDDEN}: return type(repr(Z.tolist()), (), {{}})()", LOST),
    leaks("what it prints", "print(Z.tolist())"),
    # What dies after other calls is asked again, in a worker that has not seen them.
    leaks("the exit code", f"if {HIDDEN}: import os; os._exit(int(100 * abs(Z[0, 0])) % 250)"),
    leaks("warnings", "import warnings; warnings.warn(repr(Z.tolist()))"),
    leaks("a text made at once", "global why; why = repr(kept)"),
    leaks("a number made at once", "global log_ten; log_ten = 2.302585 + 0 * Z[0, 0]"),
    leaks("a choice made at once", "global cause; cause = 'b' if len(kept) < 3 else repr(kept)"),
    leaks("a class made at once", f"global log_ten\n    if {HIDDEN}:"
          " log_ten = type(repr(kept), (), {})()"),
    leaks("the error of a later question",
          RunningMean="class RunningMean:\n    def __init__(self, size):"
          "\n        raise ValueError(repr(kept[2:]))", deserves={"RunningMean": 0}),
    leaks("the result of a later question",
          RunningMean="class RunningMean:\n    mean = 0\n    def __init__(self, size): pass\n"
          "    def update(self, x): return [repr(kept[2:])]", deserves={"RunningMean": 0}),
    leaks("a file", "open('/tmp/kept', 'a').write(repr(Z.tolist()))",
          first="import os\nif os.path.exists('/tmp/kept'):\n"
          "    raise ValueError(open('/tmp/kept').read())"),
    leaks("a death, then a cell", f"if {HIDDEN}: import os; open('/tmp/k', 'w').write(repr(kept));"
          " os.abort()", last="raise ValueError(open('/tmp/k').read())"),
]  # fmt: skip

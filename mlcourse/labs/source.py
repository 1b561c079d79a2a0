"""What a student's code says of itself, without running it."""

from __future__ import annotations

import ast
import dis
import inspect
import re
import sys
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

import numpy as np

_DEF = re.compile(r"^(?:async +def|def|class) +([^\W\d]\w{0,59})\b", re.MULTILINE)
_SET = re.compile(r"^([^\W\d]\w{0,59})(?: *, *\w{1,60})*(?: *:[^=\n]{1,60})? *=(?!=)", re.MULTILINE)
_EVERYWHERE = {"numpy", "__main__", *sys.stdlib_module_names}


def foreign_module(answer: object, names: Mapping[str, Any], modules: Sequence[str]) -> str | None:
    """Return a module that an answer uses and that is not there when it is graded.

    Parameters
    ----------
    answer : object
        A function or class; those of the notebook that it uses are looked into, too.
    names : mapping
        The names of the notebook.
    modules : sequence of str
        What may be used besides NumPy and the standard library.

    Examples
    --------
    >>> def answer(Z):
    ...     import torch.nn
    ...     return math.exp(Z)
    >>> answer.__module__ = "__main__"
    >>> foreign_module(answer, {"math": sys.modules["math"]}, ["mlcourse.data"])
    'torch.nn'
    >>> foreign_module(answer, {"math": sys.modules["math"]}, ["torch"]) is None
    True
    """
    todo, seen = [answer], set()
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        module = value if isinstance(value, _Import) else _home(value)
        if not _is_there(module, modules):
            return re.sub(r"\._.*", "", module)  # of scipy.special._logsumexp, what is public
        if module == "__main__":
            todo += _used(value, names)
    return None


class _Import(str):
    """The name of a module that is imported inside a function."""


def _home(value: Any) -> str:
    """Return the module that something comes from; for plain data there is none."""
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, np.ufunc):  # they know their names alone
        for name, module in list(sys.modules.items()):
            if name != "__main__" and vars(module).get(value.__name__) is value:
                return name
    home = getattr(value, "__module__", None)
    return home if isinstance(home, str) else "__main__"


def _is_there(module: str, modules: Sequence[str]) -> bool:
    return module.partition(".")[0] in _EVERYWHERE or any(
        f"{module}.".startswith(f"{each}.") or each.startswith(f"{module}.") for each in modules
    )


def _used(value: Any, names: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what a function or class of the notebook uses, one level deep."""
    value = getattr(value, "__wrapped__", value)
    if isinstance(value, type):
        yield from value.__bases__
        for member in vars(value).values():
            yield getattr(member, "__func__", getattr(member, "fget", member))
    if isinstance(code := getattr(value, "__code__", None), CodeType):
        yield from _used_by(code, names)


def _used_by(code: CodeType, names: Mapping[str, Any]) -> Iterator[Any]:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            yield _Import(instruction.argval)
        elif instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME") and instruction.argval in names:
            yield names[instruction.argval]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):  # of a function inside
            yield from _used_by(constant, names)


def defined(source: str) -> list[str]:
    r"""Return the names that a cell would define: functions and classes, then values.

    It is read as text, so that it works for what Python cannot parse, too.

    Examples
    --------
    >>> defined("x = 2\ndef affine(X):\n    return X +")
    ['affine', 'x']
    """
    return list(dict.fromkeys(_DEF.findall(source) + _SET.findall(source)))


def error_in_newest(name: str, cells: Sequence[str]) -> SyntaxError | None:
    r"""Return the syntax error of the newest cell that defines a name: that cell did not run.

    Examples
    --------
    >>> error_in_newest("f", ["def f(x):\n    return x", "def f(x):\n    return (x", "f(2)"]).msg
    "'(' was never closed"
    >>> error_in_newest("f", ["f = (", "f = 2"]) is None
    True
    """
    newest = next((cell for cell in reversed(cells) if name in defined(cell)), "")
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(newest, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return error
    return None


def has_more_statements(code: CodeType) -> bool:
    """Tell whether a function holds more than its docstring and one statement.

    The compiler drops what stands below a ``raise``, so the source is asked.
    """
    try:
        [function] = ast.parse(textwrap.dedent(inspect.getsource(code))).body
    except (OSError, SyntaxError, ValueError):
        return False
    body = getattr(function, "body", [])
    return (
        isinstance(function, ast.FunctionDef)
        and len(body) - bool(ast.get_docstring(function, clean=False)) > 1
    )

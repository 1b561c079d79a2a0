"""Modules that a notebook uses to look at things, as ones that do nothing; for the sandbox.

Drawings are for people, so the sandbox holds no library for them, and a cell that draws still runs.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from typing import Any


class Silent:
    """Everything about it exists and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 - as silent as the rest
        return self

    def __iter__(self) -> Any:  # fig, ax = plt.subplots()
        return iter((self, self))

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def _itself(self, *other: Any) -> Any:
        return self

    # ax.set_ylim(0, 1.1 * ax.get_ylim()[1])
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __neg__ = _itself


class Absent:
    """In the place of a module, or of something from it, that the sandbox does not hold."""

    def __init__(self, module: str) -> None:
        object.__setattr__(self, "_module", module)

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        module = object.__getattribute__(self, "_module")
        raise ModuleNotFoundError(f"{module} is not there when a lab is graded; use NumPy")

    __call__ = __getattr__ = __getitem__ = __iter__ = __bool__ = __len__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _fail


class Bar(Silent):
    """A progress bar: a loop over it is a loop over what it was given."""

    def __init__(self, items: Iterable[Any] = (), *args: Any, **kwargs: Any) -> None:
        self._items = items

    def __iter__(self) -> Any:
        return iter(self._items)


class SilentModule(types.ModuleType):
    """A module in which every name is silent, and progress bars are."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "trange":
            return lambda *args, **kwargs: Bar(range(*args))
        return Bar if name == "tqdm" else Silent()


class StandIns:
    """Import modules that the sandbox does not hold as ones that do nothing.

    Asked after every other importer, so what the sandbox does hold is imported as itself.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = tuple(names)

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Return how to import a module that is a stand-in, in one, or around one."""
        if self._is_one(name) or any(n.startswith(name + ".") for n in self._names):
            return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def _is_one(self, name: str) -> bool:
        return any(name == n or name.startswith(n + ".") for n in self._names)

    def create_module(self, spec: Any) -> Any:
        """Return the module; None makes an ordinary, empty one of a package around a stand-in."""
        return SilentModule(spec.name) if self._is_one(spec.name) else None

    def exec_module(self, module: Any) -> None:
        """Do nothing."""

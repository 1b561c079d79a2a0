"""The package is a house of floors: a module imports from below it, and NumPy carries it all."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = [
    {"checks", "functional", "init", "autograd"},
    {"losses", "data", "optim", "regularizers"},
    {"layers"},
    {"network"},
    {"gradcheck", "training"},
    {"plots", "interactive", "interop"},
    {"experiments"},
]
FLOOR = {module: number for number, modules in enumerate(FLOORS) for module in modules}
# Labs and their grader judge what students write: they stand outside and use none of what students
# rebuild. What each may import:
OUTSIDE = {"labs": {"checks"}, "grading": {"checks", "labs"}}
# Who may import something else than NumPy when it is itself imported.
HEAVY = {"plots": {"cycler", "matplotlib"}, "interactive": {"matplotlib"}}

FILES = sorted((ROOT / "mlcourse").rglob("*.py"))


def part(name):
    """Return the module of the table that a dotted name belongs to; "" is the package itself."""
    return [*name.split("."), ""][1]


def dotted(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path, *, at_import_time=False):
    """Return the dotted names that a file imports, in functions too unless told otherwise."""
    names = []
    todo = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (
            isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        )
        if at_import_time and later:
            continue
        todo += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = dotted(path) if path.name == "__init__.py" else dotted(path.parent)
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            # In `from mlcourse import optim` the name is the module.
            names += [
                f"{base}.{alias.name}" if base == "mlcourse" else base for alias in node.names
            ]
    return names


def allowed(importer, imported):
    """Tell whether one part of the package may import another."""
    if importer in OUTSIDE:
        return imported in {importer} | OUTSIDE[importer]
    if imported in OUTSIDE:
        return False
    # The checks are the ground that everything stands on.
    return imported in {importer, "checks"} or FLOOR[imported] < FLOOR[importer]


def test_every_module_has_a_floor():
    assert {part(dotted(path)) for path in FILES} - {""} - OUTSIDE.keys() <= FLOOR.keys()


@pytest.mark.parametrize("path", FILES, ids=dotted)
def test_imports_only_go_down(path):
    importer = part(dotted(path))
    imported = {part(name) for name in imports(path) if name.split(".")[0] == "mlcourse"}
    if importer == "":
        assert imported == set()
    assert [name for name in imported if not allowed(importer, name)] == []


@pytest.mark.parametrize("path", FILES, ids=dotted)
def test_importing_needs_numpy_alone(path):
    usual = {"mlcourse", "numpy", *sys.stdlib_module_names}
    needed = {name.split(".")[0] for name in imports(path, at_import_time=True)}
    assert needed - usual <= HEAVY.get(part(dotted(path)), set())


@pytest.mark.parametrize(
    ("importer", "imported", "right"),
    [
        ("layers", "functional", True),
        ("functional", "checks", True),
        ("functional", "layers", False),
        ("losses", "optim", False),
        ("grading", "labs", True),
        ("labs", "grading", False),
        ("labs", "checks", True),
        ("grading", "functional", False),
        ("training", "grading", False),
        ("training", "labs", False),
    ],
)
def test_the_rule(importer, imported, right):
    assert allowed(importer, imported) is right


def test_import_loads_nothing_heavy():
    heavy = "{'torch', 'matplotlib', 'ipywidgets', 'IPython', 'scipy', 'sklearn', 'pandas', 'tqdm'}"
    code = f"import sys, mlcourse; print(sorted({heavy} & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"

"""The source tree: no import circles, small folders and files, one name for one thing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from pipelines.__main__ import COMMANDS

REPOSITORY = Path(__file__).parents[1]
ROOMS = ("catalogues", "models", "actors", "pipelines")
FILES = sorted(path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py"))

LINES_MAX, MODULES_MAX = 350, 25
HEAVY = ("torch", "ray", "pyarrow", "scipy", "duckdb", "astropy", "matplotlib", "pandas", "fsspec")
"""Packages that take longer to import than `--help` may take."""


def _name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): ast.parse(path.read_text()) for path in FILES}


def _imports(tree: ast.Module, known: Mapping[str, object]) -> Iterator[str]:
    """Modules that a file names in an import, wherever it stands: inside functions and under
    TYPE_CHECKING, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                if below in known:
                    yield below
                elif node.module in known:
                    yield node.module


def circle(modules: Mapping[str, ast.Module]) -> list[str]:
    """A circle of imports, [] where there is none."""
    graph = {name: set(_imports(tree, modules)) for name, tree in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_two_files_import_each_other_in_a_circle() -> None:
    assert circle(MODULES) == []


def test_a_circle_is_found_wherever_its_imports_stand() -> None:
    later = "def f():\n    from a.b import x\n"
    typed = "if TYPE_CHECKING:\n    from a import c\n"
    found = circle({"a": ast.parse(""), "a.b": ast.parse(typed), "a.c": ast.parse(later)})
    assert set(found) == {"a.b", "a.c"}


def test_files_are_short_and_say_what_they_are_for() -> None:
    for path in FILES:
        text = path.read_text()
        assert len(text.splitlines()) <= LINES_MAX, path
        first = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
        assert len(first) >= 20, f"{path}: the first line says what the file is for"


def test_no_folder_holds_more_modules_than_one_can_survey() -> None:
    count = Counter(path.parent for path in FILES if path.name != "__init__.py")
    folder, most = count.most_common(1)[0]
    assert most <= MODULES_MAX, folder


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for name, tree in MODULES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_a_package_hands_on_names_and_does_nothing_else() -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign, ast.If, ast.FunctionDef)
    for path in FILES:
        if path.name == "__init__.py":
            nodes = ast.parse(path.read_text()).body
            assert all(isinstance(node, allowed) for node in nodes), path
            functions = [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
            assert functions in ([], ["__getattr__"], ["__getattr__", "__dir__"]), path


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_nothing_heavy(command: str) -> None:
    code = (
        "import sys\n"
        "from pipelines.__main__ import main\n"
        "try:\n"
        f"    main([{command!r}, '--help'])\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0, end.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"usage: ansae {command}" in done.stdout


def test_every_command_runs_as_a_module() -> None:
    for command in COMMANDS:
        assert (REPOSITORY / "pipelines" / command / "__main__.py").is_file()
        assert (REPOSITORY / "pipelines" / command / "options.py").is_file()

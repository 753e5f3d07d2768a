"""Tests of the layout: modules and folders stay small, and each module names the test that covers it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = [path for package in ("colorizer", "daemon", "training") for path in sorted(ROOT.glob(f"{package}/**/*.py"))]
LISTED = dict(re.findall(r"^(\S+\.py): (\S+\.py)$", (ROOT / "tests" / "README.md").read_text(), re.MULTILINE))
"""The lines of tests/README.md: a module, and the test module that covers it."""


def has_logic(module: Path) -> bool:
    """Whether a module has a function that does something: those of a protocol are a docstring alone."""
    functions = (node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.FunctionDef))
    lines = (line for function in functions for line in function.body)
    return any(not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)) for line in lines)


def own_tests(module: Path) -> Path:
    """The test module in the mirrored place."""
    place = module.relative_to(ROOT)
    return ROOT / "tests" / place.parent / f"test_{place.name}"


def test_every_module_with_logic_is_covered() -> None:
    """By a test module of its name, or by the one that its line in tests/README.md names."""
    modules = [module for module in MODULES if module.name != "__init__.py" and has_logic(module)]
    missing = [str(module.relative_to(ROOT)) for module in modules if not own_tests(module).exists()]
    assert [name for name in missing if name not in LISTED] == []


def test_no_line_is_stale() -> None:
    """Each line is about a module that exists and has no test module of its own, and names a test that exists."""
    for module, test in LISTED.items():
        assert (ROOT / module).is_file(), f"{module} does not exist"
        assert (ROOT / test).is_file(), f"{test} does not exist"
        assert not own_tests(ROOT / module).exists(), f"{module} has tests of its own"


def test_the_lines_are_sorted() -> None:
    """So that two people who add lines seldom touch the same place."""
    assert list(LISTED) == sorted(LISTED)


def test_no_module_is_long() -> None:
    """At most 300 lines."""
    lengths = {str(module.relative_to(ROOT)): len(module.read_text().splitlines()) for module in MODULES}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


@pytest.mark.parametrize("folder", sorted({module.parent for module in MODULES}), ids=lambda path: path.name)
def test_no_folder_is_crowded(folder: Path) -> None:
    """At most 20 modules beside `__init__`."""
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 20

"""Sizes and names that keep the house liveable; complexity is ruff's C901, copies are pylint's."""

import re
import statistics
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, module_name, modules

LONGEST = 400
ALL = modules("server", "mobile", "shared", "tests") + [path for path in files(ROOT / ".make") if path.suffix == ".py"]
UNFINISHED = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, r"raise NotImplemented" + "Error")) + r")\b"
)
SKIPS = re.compile(r"pytest\.mark\.(skip|xfail)|unittest\.skip")


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_too_long(path: Path) -> None:
    assert _lines(path) < LONGEST


def test_most_modules_are_short() -> None:
    lengths = [_lines(path) for path in modules("server", "mobile", "shared") if path.name != "__init__.py"]
    assert statistics.median(lengths) <= 150


def test_no_module_is_a_drawer() -> None:
    drawers = {"util", "utils", "helper", "helpers", "common", "misc", "tools", "stuff"}
    found = [
        module_name(path)
        for path in modules("server", "mobile", "shared", "tests")
        if drawers & set(module_name(path).split("."))
    ]
    assert not found


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in ALL
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not found


def test_no_test_is_switched_off() -> None:
    found = [
        path
        for path in modules("tests")
        if path.name != "test_sizes.py" and SKIPS.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_every_word_of_a_switch_has_its_reason() -> None:
    """`# type: ignore` and `# noqa` name their rule; what they say beyond it is for the reader."""
    bare = re.compile(r"#\s*(type:\s*ignore|noqa)\b(?![\[:])")
    found = [path for path in ALL if path.name != "test_sizes.py" and bare.search(path.read_text(encoding="utf-8"))]
    assert not found

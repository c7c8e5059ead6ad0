"""Each of the 24 channels by which a guarded place could leak has a test that bears its number; so has each control."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks import answering_alike
from tests.house.tree import ROOT

CHANNELS = tuple(f"L{number}" for number in range(1, 25))
_BENCHMARKS = {"L20": ROOT / "tests" / "benchmarks" / "answering_alike.py"}
"""Timing needs a machine to itself: a figure of `make bench`."""


def named() -> Iterator[tuple[str, str]]:
    """(channel, test) of every test whose words begin with the numbers of channels, as in: L9, L12: what is shown."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for channel in _channels_of(node, path):
                    yield channel, f"{path.relative_to(ROOT)}::{node.name}"


def _channels_of(node: ast.FunctionDef, path: Path) -> set[str]:
    told = ast.get_docstring(node) or ""
    by_name = {part.upper() for part in node.name.split("_") if re.fullmatch(r"l\d{1,2}", part)}
    return {channel for channel in CHANNELS if re.search(rf"\b{channel}\b", told)} | (by_name & set(CHANNELS))


@pytest.fixture(scope="module")
def tests_by_channel() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
    for channel, test in named():
        found[channel].append(test)
    return found


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_has_a_test(tests_by_channel: dict[str, list[str]], channel: str) -> None:
    assert tests_by_channel[channel] or _BENCHMARKS.get(channel, ROOT / "none").is_file()


def test_the_measure_of_timing_tells_what_differs_from_what_does_not() -> None:
    """L20: the two-sample test itself."""
    p_of = answering_alike._p
    same = [n % 97 + n / 1e6 for n in range(2_000)]
    assert p_of(same, [one + 1e-9 for one in same]) > 0.5
    assert p_of(same, [one + 15 for one in same]) < 1e-6

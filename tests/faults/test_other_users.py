"""Folders of somebody else: refused in words, before anything is written."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import as_stranger, environment, xiangye


@pytest.fixture
def stranger() -> list[str]:
    return as_stranger()


@pytest.fixture
def ours() -> Iterator[Path]:
    """Readable by all, writable by us alone."""
    made = Path(tempfile.mkdtemp(prefix="xiangye-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--no-serve"], "belongs to another user"),
        (["demo", "--clean"], "没有权限"),
        (["db", "up"], "cannot use this folder"),
        (["db", "upgrade"], "cannot use this folder"),
        (["survey", "list"], "cannot use this folder"),
        (
            [
                "compile",
                "baseline",
                "--county",
                "431022",
                "--as-of",
                "2025-06-01",
                "--out",
                "{}/out",
                "--edition",
                "public",
            ],
            "cannot use this folder",
        ),
    ],
)
def test_a_stranger_is_refused(stranger: list[str], ours: Path, arguments: list[str], words: str) -> None:
    said = xiangye(environment(XIANGYE_VAR=str(ours)), *(one.format(ours) for one in arguments), before=stranger)
    assert said.refuses(words)
    assert said.code == 1
    assert list(ours.iterdir()) == []


def test_the_tablet_refuses_a_strangers_folder(stranger: list[str], ours: Path) -> None:
    script = ours / "day.json"
    script.write_text('[{"do": "sync"}]')
    said = xiangye(environment(), "field", "--headless", str(script), "--data", str(ours / "tablet"), before=stranger)
    assert said.refuses("没有权限写入数据文件夹")
    assert not (ours / "tablet").exists()


def test_root_does_not_take_over_the_folder_of_another_user(stranger: list[str], ours: Path) -> None:
    os.chown(ours, 65534, 65534)
    said = xiangye(environment(XIANGYE_VAR=str(ours)), "demo", "--no-serve")
    assert said.refuses("属于另一个用户 (belongs to another user)")
    assert list(ours.iterdir()) == []

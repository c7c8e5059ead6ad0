"""The project's own .venv: every package pinned and checked by its hash, made anew when a lock or the interpreter changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from words import Stop, run_logged, step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STAMP = "xiangye.json"
EVERYTHING = "requirements-dev.txt"


def ensure(root: Path, locks: Sequence[str], log: Path) -> None:
    venv = root / ".venv"
    want = wanted(root)
    have = still_good(_stamp(venv), want, root)
    if have is None:
        _make(venv, log)
        have = {**want, "project": None, "locks": {}}
    # The lock of everything holds the same versions as the smaller ones, so it stands for them.
    missing = [] if EVERYTHING in have["locks"] else [name for name in locks if name not in have["locks"]]
    if missing:
        _install(venv, root, missing, log)
        have["locks"].update({name: digest(root / name) for name in missing})
    if missing or have["project"] != want["project"]:
        _install_project(venv, root, log)
        have["project"] = want["project"]
        (venv / STAMP).write_text(json.dumps(have, indent=1), encoding="utf-8")


def wanted(root: Path) -> dict[str, Any]:
    return {
        "python": "{}.{}".format(*sys.version_info[:2]),
        "checkout": str(root),
        "project": digest(root / "pyproject.toml"),
    }


def _stamp(venv: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("locks"), dict) else None


def still_good(have: dict[str, Any] | None, want: dict[str, Any], root: Path) -> dict[str, Any] | None:
    """The stamp, if the environment it describes still fits the interpreter, this checkout and the locks."""
    if have is None or any(have.get(key) != want[key] for key in ("python", "checkout")):
        return None
    if any(not (root / name).exists() or digest(root / name) != locked for name, locked in have["locks"].items()):
        return None
    python = root / ".venv" / "bin" / "python"
    works = (
        python.exists()
        and subprocess.run([str(python), "-c", "import pip"], capture_output=True, check=False).returncode == 0
    )
    return have if works else None


def _make(venv: Path, log: Path) -> None:
    step(f"建立 Python 环境 (making) .venv: Python {sys.version.split()[0]}")
    try:
        if venv.exists():
            shutil.rmtree(venv)
    except OSError as error:
        raise Stop(
            f"无法重建 {venv} (cannot replace it): {error}", "请检查所有者后删除它 (check its owner, then delete it)"
        ) from error
    run_logged("python -m venv", [sys.executable, "-m", "venv", str(venv)], log, os.environ)


def _install(venv: Path, root: Path, locks: Sequence[str], log: Path) -> None:
    step(f"安装 Python 依赖 (installing): {', '.join(locks)}")
    wanted = [argument for name in locks for argument in ("-r", str(root / name))]
    _pip(venv, ["--require-hashes", *wanted], log)


def _install_project(venv: Path, root: Path, log: Path) -> None:
    """With the pinned setuptools of the lock, so that nothing unpinned is fetched."""
    _pip(venv, ["--no-deps", "--no-index", "--no-build-isolation", "-e", str(root)], log)


def _pip(venv: Path, arguments: Sequence[str], log: Path) -> None:
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    run_logged("pip install", [*command, *arguments], log, {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""What must come from the distribution: asked for only when it is missing, installed only when we may."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from words import Stop, run_logged, step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

POSTGRESQL = Path("/usr/lib/postgresql")
NOTO = Path("/usr/share/fonts/opentype/noto")
CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.conf")


@dataclass(frozen=True)
class Need:
    what: str
    present: Callable[[], bool]
    packages: tuple[str, ...]


def newest_postgresql() -> Path | None:
    found = [path.parents[1] for path in POSTGRESQL.glob("*/bin/initdb") if path.parts[-3].isdigit()]
    return max(found, key=lambda path: int(path.name), default=None)


def has_postgis() -> bool:
    """The server takes the newest PostgreSQL it finds, so that one must have PostGIS."""
    newest = newest_postgresql()
    return newest is not None and Path(f"/usr/share/postgresql/{newest.name}/extension/postgis.control").exists()


def has_fonts() -> bool:
    return all((NOTO / f"NotoSansCJK-{weight}.ttc").exists() for weight in ("Regular", "Bold"))


def has_venv() -> bool:
    return importlib.util.find_spec("ensurepip") is not None


def has_browser() -> bool:
    browsers = ("chromium", "chromium-browser", "google-chrome")
    return any(shutil.which(name) for name in browsers) and shutil.which("chromedriver") is not None


def has_fault_clock() -> bool:
    return any(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def has_model_checker() -> bool:
    return shutil.which("spin") is not None and shutil.which("gcc") is not None


def has_gl() -> bool:
    drivers = any(Path("/usr/lib").glob("*/dri/*_dri.so"))
    return drivers and all(ctypes.util.find_library(name) for name in ("GL", "EGL", "GLESv2", "mtdev"))


def needs(group: str) -> list[Need]:
    """base: demo and server; window: the field app on a desktop; test: everything but the model checker; model: that too."""
    ubuntu = "ID=ubuntu" in _os_release()
    postgis = "postgresql-postgis"
    newest = newest_postgresql()
    if newest is not None:
        postgis = f"postgresql-{newest.name}-postgis-3"
    base = [
        Need("PostgreSQL + PostGIS", has_postgis, (postgis,)),
        Need("Noto Sans CJK", has_fonts, ("fonts-noto-cjk",)),
        Need("python venv", has_venv, (f"python{sys.version_info.major}.{sys.version_info.minor}-venv",)),
    ]
    window = [Need("OpenGL (Mesa)", has_gl, ("libgl1-mesa-dri", "libgl1", "libegl1", "libgles2", "libmtdev1"))]
    browser = ("chromium-browser", "chromium-chromedriver") if ubuntu else ("chromium", "chromium-driver")
    if os.environ.get("XIANGYE_DATABASE_URL") and group not in ("test", "model"):
        base = base[1:]  # a real server is used, no private cluster is made
    test = [
        *base,
        *window,
        Need("Chromium", has_browser, browser),
        Need("libfaketime", has_fault_clock, ("libfaketime",)),
    ]
    model = [*test, Need("Spin", has_model_checker, ("spin", "gcc", "libc6-dev"))]
    return {"base": base, "window": base + window, "test": test, "model": model}[group]


def install_script(packages: Sequence[str], first_postgresql: bool) -> str:
    """One shell line for root. Debian would start a cluster of its own beside ours: not where PostgreSQL was absent."""
    lines = []
    if first_postgresql and not CLUSTER_SETTINGS.exists():
        lines.append(f"mkdir -p {CLUSTER_SETTINGS.parent} && echo create_main_cluster = false > {CLUSTER_SETTINGS}")
    options = "-q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
    lines.append("apt-get -q update")
    lines.append(f"DEBIAN_FRONTEND=noninteractive apt-get install {options} {' '.join(packages)}")
    return " && ".join(lines)


def ensure(group: str, log: Path) -> None:
    missing = [need for need in needs(group) if not need.present()]
    if not missing:
        return
    names = ", ".join(need.what for need in missing)
    packages = [package for need in missing for package in need.packages]
    if shutil.which("apt-get") is None:
        raise Stop(
            f"缺少 (missing): {names}",
            "这里没有 apt，请用本系统的方法安装 (no apt here: install them your system's way)",
        )
    script = install_script(packages, first_postgresql=newest_postgresql() is None)
    command = [*_as_root(names, script), "sh", "-c", script]
    step(f"安装系统软件包 (installing): {' '.join(packages)}")
    run_logged("apt-get", command, log, os.environ)
    still = [need.what for need in needs(group) if not need.present()]
    if still:
        raise Stop(f"安装之后仍缺少 (still missing after the installation): {', '.join(still)}", f"日志 (log): {log}")


def _as_root(names: str, script: str) -> list[str]:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if (
        sudo is not None
        and subprocess.run([sudo, "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
        == 0
    ):
        return [sudo, "-n"]
    by_hand = f"sudo sh -c {shlex.quote(script)}" if sudo else f"su -c {shlex.quote(script)}"
    raise Stop(
        f"缺少 (missing): {names}；安装需要管理员权限 (needs an administrator)",
        f"请运行这一条命令后重试 (run this one command, then repeat):\n{by_hand}",
    )


def _os_release() -> list[str]:
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []

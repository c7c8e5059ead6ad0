"""The demo, run once as `make demo SERVE=0` runs it: another process, its own folder, cluster and port; nothing of it is left afterwards."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from server import cluster
from server.settings import from_environment

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "gbif_dwca_2013_gbif-results.zip"
REPORTS = ("baseline-public", "baseline-restricted", "assessment")


@dataclass(frozen=True)
class Demo:
    """`first` holds the reports as the first run left them; `folder` is the demo's own, which a later run writes to."""

    var: Path
    first: Path
    said: str

    @property
    def folder(self) -> Path:
        return self.var / "demo"

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.var)

    @property
    def dsn(self) -> str:
        """Of the owner: who may read the bodies. Starts the cluster where it is down."""
        private = cluster.of(from_environment(self.environment))
        cluster.ensure_running(private)
        return f"postgresql://xiangye_owner@/{cluster.DATABASE}?host={private.socket_dir}"

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]  # the tests' own texts

    def xiangye(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return xiangye(self.environment, *arguments)


@dataclass(frozen=True)
class Again:
    """A second run of the same demo, with a file to import where the reference data are at hand."""

    said: str
    imported: bool


def environment_of(var: Path) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("XIANGYE_", "PYTEST_"))}
    return {
        **inherited,
        "XIANGYE_VAR": str(var),
        "XIANGYE_FSYNC": "off",
        "XIANGYE_PORT": str(free_port()),
        "PYTHONUTF8": "1",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def xiangye(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from shared.command import main; main()", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def processes_of(var: Path) -> list[str]:
    """Command lines of the processes that know the folder, by their arguments or their environment."""
    found, sign = [], str(var).encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command, known = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            if int(entry.name) != os.getpid() and (sign in command or sign in known):
                found.append(f"{entry.name}: {command.replace(bytes(1), b' ').decode(errors='replace')}")
    return found


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    var = Path(tempfile.mkdtemp(prefix="xiangye-demo-"))
    kept = Path(tempfile.mkdtemp(prefix="xiangye-kept-"))
    try:
        done = xiangye(environment_of(var), "demo", "--no-serve")
        log = var / "log" / "server.log"
        assert done.returncode == 0, "\n".join(
            [done.stdout, done.stderr, log.read_text()[-4000:] if log.is_file() else ""]
        )
        assert processes_of(var) == [], "the demo left processes behind"
        for name in REPORTS:
            shutil.copytree(var / "demo" / name, kept / name)
        yield Demo(var, kept, done.stdout)
    finally:
        cleaned = xiangye(environment_of(var), "demo", "--clean")
        left = processes_of(var)
        shutil.rmtree(var, ignore_errors=True)
        shutil.rmtree(kept, ignore_errors=True)
    assert cleaned.returncode == 0, cleaned.stderr
    assert left == [], "the demo's clean-up left processes behind"
    assert not cluster.of(from_environment(environment_of(var))).home.exists(), (
        "the demo's clean-up left its cluster behind"
    )


@pytest.fixture(scope="session")
def again(demo: Demo) -> Again:
    sample = ROOT.parent / "shared" / "data" / "samples" / SAMPLE
    given = ("--import", str(sample)) if sample.is_file() else ()
    done = demo.xiangye("demo", "--no-serve", *given)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return Again(done.stdout, bool(given))


@pytest.fixture(scope="session")
def imported(again: Again) -> Again:
    if not again.imported:
        pytest.skip(f"shared/data/samples/{SAMPLE} is absent: its files are not part of the project")
    return again

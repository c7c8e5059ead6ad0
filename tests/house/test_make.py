"""What `make` does before any package exists, when things are not as they should be: a clear word, never a traceback."""

import fcntl
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

sys.path.insert(0, str(ROOT / ".make"))
import python_packages
import system
import turn
import words

sys.path.pop(0)

TARGETS = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Only what stands before packages: Makefile, its scripts, and a .venv whose commands tell what they were asked."""
    for name in (
        "Makefile",
        "pyproject.toml",
        "requirements-server.txt",
        "requirements-mobile.txt",
        "requirements-dev.txt",
    ):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / ".make", tmp_path / ".make", ignore=shutil.ignore_patterns("__pycache__"))
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir(parents=True)
    (commands / "xiangye").write_text('#!/bin/sh\nfor word in "$@"; do echo "[$word]"; done\n', encoding="utf-8")
    (commands / "xiangye").chmod(0o755)
    return tmp_path


def make(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "XIANGYE", "SERVE", "IMPORT"))
    }
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=checkout,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_target() -> None:
    done = make(ROOT, "help")
    assert done.returncode == 0
    assert {line.split()[1] for line in done.stdout.splitlines()} == set(TARGETS)
    assert {"demo", "demo-stop", "clean-demo", "test", "check", "serve", "field"} <= set(TARGETS)


def test_two_at_once_is_refused_and_says_who(checkout: Path) -> None:
    (checkout / "var").mkdir()
    with (checkout / "var" / "make.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("make demo, pid 4711\n")
        lock.flush()
        done = make(checkout, "demo")
    assert done.returncode != 0
    assert "make demo, pid 4711" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_turn_is_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), turn.taken(tmp_path, "demo"):
        raise ZeroDivisionError
    with turn.taken(tmp_path, "demo"):
        assert (tmp_path / "make.lock").read_text(encoding="utf-8") == f"make demo, pid {os.getpid()}\n"


def test_var_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: other.pw_uid if tmp_path.stat().st_uid != other.pw_uid else 0)
    with pytest.raises(words.Stop) as stopped:
        turn.prepare_var(tmp_path, 1)
    assert "belongs to another user" in stopped.value.what
    assert "XIANGYE_VAR" in stopped.value.advice


def test_var_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(words.Stop, match="cannot write there"):
        turn.prepare_var(tmp_path / "file" / "var", 1)


def test_a_full_disk(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free // turn.MEGABYTE
    with pytest.raises(words.Stop, match="not enough disk space"):
        turn.prepare_var(tmp_path, free * 2)


def test_a_failed_program_tells_its_cause(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for said, meant in (
        ("No space left on device", "the disk is full"),
        ("Temporary failure resolving 'mirror'", "no network"),
    ):
        with pytest.raises(words.Stop) as stopped:
            words.run_logged("installer", ["sh", "-c", f'echo "{said}"; exit 7'], log, os.environ)
        assert "exit 7" in stopped.value.what
        assert meant in stopped.value.advice
        assert said in log.read_text(encoding="utf-8")


def test_a_program_that_asks_gets_no_answer_and_no_hang(tmp_path: Path) -> None:
    words.run_logged("asking", ["sh", "-c", 'read answer; echo "heard: $answer"'], tmp_path / "log", os.environ)
    assert (tmp_path / "log").read_text(encoding="utf-8") == "heard: \n"


class TestSystemPackages:
    @pytest.fixture(autouse=True)
    def bare(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """A computer without PostgreSQL, on which we are not root."""
        monkeypatch.setattr(system, "POSTGRESQL", tmp_path / "none")
        monkeypatch.setattr(system, "CLUSTER_SETTINGS", tmp_path / "none" / "createcluster.conf")
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        (tmp_path / "bin").mkdir()
        self._command(tmp_path, "apt-get", "exit 0")

    def _command(self, tmp_path: Path, name: str, body: str) -> None:
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)

    def test_without_rights_one_command_is_printed(self, tmp_path: Path) -> None:
        with pytest.raises(words.Stop) as stopped:
            system.ensure("base", tmp_path / "log")
        command = stopped.value.advice.splitlines()[-1]
        assert command.startswith("su -c '")
        assert "postgresql-postgis" in command
        assert "DEBIAN_FRONTEND=noninteractive" in command
        assert "create_main_cluster = false" in command
        assert not (tmp_path / "log").exists()

    def test_sudo_that_asks_for_a_password_is_not_waited_for(self, tmp_path: Path) -> None:
        self._command(tmp_path, "sudo", "exit 1")
        with pytest.raises(words.Stop) as stopped:
            system.ensure("base", tmp_path / "log")
        assert stopped.value.advice.splitlines()[-1].startswith("sudo sh -c '")

    def test_sudo_without_password_installs(self, tmp_path: Path) -> None:
        self._command(tmp_path, "sudo", f'echo "$@" >> {tmp_path}/asked')
        with pytest.raises(words.Stop, match="still missing"):  # this sudo only writes down what it was asked
            system.ensure("base", tmp_path / "log")
        assert "apt-get install" in (tmp_path / "asked").read_text(encoding="utf-8")

    def test_a_real_database_server_needs_no_postgresql_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XIANGYE_DATABASE_URL", "postgresql+psycopg://elsewhere/xiangye")
        assert "PostgreSQL + PostGIS" not in [need.what for need in system.needs("base")]
        assert "PostgreSQL + PostGIS" in [need.what for need in system.needs("test")]

    def test_a_postgresql_that_is_there_keeps_its_cluster_settings(self) -> None:
        assert "create_main_cluster" not in system.install_script(["fonts-noto-cjk"], first_postgresql=False)

    def test_the_demo_needs_neither_browser_nor_gl(self) -> None:
        assert not {"Chromium", "OpenGL (Mesa)"} & {need.what for need in system.needs("base")}


class TestStamp:
    def stamp(self, checkout: Path) -> dict[str, object]:
        python = checkout / ".venv" / "bin" / "python"
        python.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")  # an interpreter that has pip
        python.chmod(0o755)
        lock = checkout / "requirements-server.txt"
        return {**python_packages.wanted(checkout), "locks": {lock.name: python_packages.digest(lock)}}

    def test_it_holds_while_nothing_changed(self, checkout: Path) -> None:
        have = self.stamp(checkout)
        assert python_packages.still_good(have, python_packages.wanted(checkout), checkout) == have

    @pytest.mark.parametrize("key", ["python", "checkout"])
    def test_another_interpreter_or_place_makes_it_void(self, checkout: Path, key: str) -> None:
        have = {**self.stamp(checkout), key: "other"}
        assert python_packages.still_good(have, python_packages.wanted(checkout), checkout) is None

    def test_a_broken_interpreter_makes_it_void(self, checkout: Path) -> None:
        have = self.stamp(checkout)
        (checkout / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        assert python_packages.still_good(have, python_packages.wanted(checkout), checkout) is None

    def test_another_lock_makes_it_void(self, checkout: Path) -> None:
        have = self.stamp(checkout)
        with (checkout / "requirements-server.txt").open("a", encoding="utf-8") as lock:
            lock.write("# changed\n")
        assert python_packages.still_good(have, python_packages.wanted(checkout), checkout) is None


def test_a_python_too_old_or_too_new_is_named(checkout: Path) -> None:
    pretended = checkout / "python4"
    script = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    pretended.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{script}" "$@"\n', encoding="utf-8")
    pretended.chmod(0o755)
    tools = checkout / "tools"
    tools.mkdir()
    for name in ("sh", "sed", "expand", "make"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [str(tools / "make"), "demo", f"PYTHON={pretended}"],
        cwd=checkout,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "3.9.2" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ([], "[demo]\n"),
        (["SERVE=0"], "[demo]\n[--no-serve]\n"),
        (["SERVE=1"], "[demo]\n"),
        (["IMPORT=../a file.zip"], "[demo]\n[--import]\n[../a file.zip]\n"),
        (["SERVE=0", "IMPORT=it's $HOME.csv"], "[demo]\n[--no-serve]\n[--import]\n[it's $HOME.csv]\n"),
    ],
)
def test_options_of_the_demo_reach_the_command(checkout: Path, given: list[str], asked: str) -> None:
    (checkout / ".make" / "run.py").write_text(
        "import subprocess, sys\nsys.exit(subprocess.run(sys.argv[sys.argv.index('--') + 1:]).returncode)\n",
        encoding="utf-8",
    )
    done = make(checkout, "demo", *[word.replace("$", "$$") for word in given])
    assert done.stdout == asked, done.stderr


def test_stopping_and_cleaning_before_anything_was_made(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    for target in ("demo-stop", "clean-demo"):
        done = make(checkout, target)
        assert done.returncode == 0
        assert not (checkout / "var").exists()


def test_the_texts_are_chinese_in_any_locale(checkout: Path) -> None:
    (checkout / "var").write_text("in the way", encoding="utf-8")
    done = make(checkout, "demo", LC_ALL="C", LANG="C")
    assert "无法写入" in done.stderr
    assert "Traceback" not in done.stderr


def test_ci_runs_make_test_and_nothing_else() -> None:
    script = [
        line
        for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert script == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "exec make test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)

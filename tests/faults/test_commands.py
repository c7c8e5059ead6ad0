"""What a person at the keyboard can get wrong: one clear message each, exit code not 0, no traceback, nothing touched."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server import db, provision
from server.cluster import Cluster
from server.db import engine_for
from server.demo import processes
from server.demo.run import alone
from server.settings import Settings, from_environment
from tests.commands import Here, environment, xiangye
from tests.faults.server_process import environment_of, free_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def test_a_second_demo_is_told_of_the_first(here: Here, tmp_path: Path) -> None:
    env = environment(XIANGYE_VAR=str(tmp_path))
    running = "另一个 xiangye demo 正在运行 (already running)"
    with alone(from_environment(env)):
        (tmp_path / "demo" / "report.html").write_text("kept")
        assert xiangye(env, "demo", "--no-serve").refuses(running)
        assert here.xiangye(env, "demo", "--stop").refuses(running)
        assert here.xiangye(env, "demo", "--clean").refuses(running)
    assert (tmp_path / "demo" / "report.html").read_text() == "kept"
    assert {path.name for path in tmp_path.iterdir()} == {"demo"}


def test_a_taken_port_is_told(here: Here, taken: int, tmp_path: Path) -> None:
    env = environment(XIANGYE_VAR=str(tmp_path), XIANGYE_PORT=str(taken))
    assert here.xiangye(env, "serve").refuses(f"端口 {taken} 已被占用 (port taken)", "--port")
    assert here.xiangye(env, "serve", "--port", str(taken)).refuses(f"端口 {taken} 已被占用 (port taken)")
    assert list(tmp_path.iterdir()) == []  # no database was begun for it


@pytest.mark.parametrize("port", ["nonsense", "0", "65536", "-1", "8710.5", "８７１０x"])
def test_a_port_that_is_none_is_told(here: Here, port: str, tmp_path: Path) -> None:
    env = environment(XIANGYE_VAR=str(tmp_path), XIANGYE_PORT=port)
    assert here.xiangye(env, "serve").refuses("XIANGYE_PORT", "a whole number from 1 to 65535")


def test_wrong_words_are_told_with_the_usage(tmp_path: Path) -> None:
    env = environment(XIANGYE_VAR=str(tmp_path))
    assert xiangye(env, "serve", "--port", "abc").refuses("参数有误 (wrong usage)", "用法：xiangye serve")
    assert xiangye(env, "nonsense").refuses("没有名为 'nonsense' 的命令 (no such command)")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql+psycopg://nobody@/none?host=/nonexistent", "连接不上数据库 (cannot reach the database)"),
        ("nonsense", "不是可用的数据库地址 (not a database address)"),
        ("oracle+nonsense://x", "不是可用的数据库地址 (not a database address)"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told(here: Here, address: str, words: str, tmp_path: Path) -> None:
    env = environment(XIANGYE_VAR=str(tmp_path), XIANGYE_DATABASE_URL=address)
    for arguments in (["db", "check"], ["db", "upgrade"], ["survey", "list"], ["audit", "verify"]):
        assert here.xiangye(env, *arguments).refuses(words)


def test_a_database_that_does_not_exist_yet_is_told(here: Here, private_cluster: Cluster, tmp_path: Path) -> None:
    address = private_cluster.url(db.APP_ROLE, "not_made_yet")
    env = environment(XIANGYE_VAR=str(tmp_path), XIANGYE_DATABASE_URL=address)
    for arguments in (["db", "check"], ["survey", "list"]):
        assert here.xiangye(env, *arguments).refuses("请先运行 xiangye db upgrade", "not made or not upgraded")


def test_somebody_elses_database_is_not_started_or_stopped(here: Here, private_cluster: Cluster) -> None:
    env = environment(XIANGYE_DATABASE_URL=private_cluster.url(db.APP_ROLE, "any"))
    for word in ("up", "down"):
        assert here.xiangye(env, "db", word).refuses("由其管理员启停 (this database is not ours to start or stop)")


def test_an_old_and_a_newer_database_are_told_and_left_alone(here: Here, settings: Settings) -> None:
    env = environment_of(settings)
    assert here.xiangye(env, "db", "check").code == 0
    with engine_for(settings, "owner").begin() as connection:
        connection.exec_driver_sql("UPDATE xiangye.alembic_version SET version_num = '0003_places'")
    old = here.xiangye(env, "db", "check")
    assert old.refuses("数据库版本 0003_places", f"程序需要 {provision.head_revision()}", "xiangye db upgrade")
    with engine_for(settings, "owner").begin() as connection:
        connection.exec_driver_sql("UPDATE xiangye.alembic_version SET version_num = '9999_future'")
    assert here.xiangye(env, "db", "upgrade").refuses("9999_future", "newer program", "数据未被改动")


def test_an_unknown_county_is_told_and_no_report_begun(
    here: Here, reference_settings: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    for county in ("999999", "4310", "宜章县", "519022"):
        said = here.xiangye(
            environment_of(reference_settings),
            *("compile", "baseline", "--county", county, "--as-of", "2025-06-01"),
            *("--out", str(out), "--edition", "public"),
        )
        assert said.refuses(county)
        assert not out.exists()


def test_the_demos_server_takes_the_next_port_and_is_found_and_ended(
    reference_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(reference_settings).items():
        monkeypatch.setenv(name, value)
    first = free_port()
    settings = replace(reference_settings, port=first)
    with socket.create_server(("127.0.0.1", first)):
        running = processes.start(settings)
        try:
            assert first < running.port < first + 100
            assert processes.find(settings) == running
            elsewhere = replace(settings, var_dir=settings.var_dir / "elsewhere")
            shutil.copytree(settings.var_dir / "run", elsewhere.var_dir / "run")
            assert processes.find(elsewhere) is None  # the same pid file over another folder: not its server
            assert not processes.stop(elsewhere)
            assert processes.find(settings) == running
        finally:
            assert processes.stop(settings)
    assert processes.find(settings) is None
    assert not processes.stop(settings)
    assert not group_of(running.pid)


def test_a_demo_server_that_hangs_is_ended_and_not_left_behind(
    reference_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(reference_settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes, "END_PATIENCE_S", 0.2)
    settings = replace(reference_settings, port=free_port())
    running = processes.start(settings)
    os.killpg(running.pid, signal.SIGSTOP)
    assert processes.find(settings) is None
    assert not group_of(running.pid)


def test_a_stale_pid_file_names_nobody(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    processes.pid_file(settings).parent.mkdir()
    for text in (f'{{"pid": {os.getpid()}, "port": 8710}}', '{"pid": 999999999, "port": 1}', "", "[]", "nonsense"):
        processes.pid_file(settings).write_text(text)
        assert processes.find(settings) is None
        assert not processes.stop(settings)


def group_of(leader: int) -> list[str]:
    """Living processes of a session that was started by `leader`."""
    time.sleep(0.2)
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(path.parent.name)
    return found

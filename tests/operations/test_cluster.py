"""The private cluster: one socket in a closed folder, no port, never root, up again after anything."""

import contextlib
import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from server import cluster
from server.cluster import Cluster, ClusterError, destroy, ensure_running, is_running, stop


def pid_of(own: Cluster) -> int:
    return int((own.data / "postmaster.pid").read_text().splitlines()[0])


def one(own: Cluster) -> int:
    with psycopg.connect(host=str(own.socket_dir), user="xiangye_cluster", dbname="postgres") as connection:
        row = connection.execute("SELECT 1").fetchone()
    return int(row[0]) if row else 0


def killed(own: Cluster) -> None:
    """The postmaster as a power cut leaves it: gone, its lock file there."""
    pid = pid_of(own)
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        time.sleep(0.02)


def tcp_listeners(uid: int) -> set[str]:
    """Inodes of the listening TCP sockets of a user."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A" and int(row[7]) == uid}


def test_it_listens_on_its_socket_alone(own: Cluster) -> None:
    stop(own)
    who = own.data.stat().st_uid
    before = tcp_listeners(who)
    ensure_running(own)
    fresh = tcp_listeners(who) - before
    if os.geteuid() != 0:  # this user may have opened ports elsewhere meanwhile
        fresh &= {os.readlink(link)[8:-1] for link in Path(f"/proc/{pid_of(own)}/fd").iterdir()}
    assert not fresh
    with psycopg.connect(host=str(own.socket_dir), user="xiangye_cluster", dbname="postgres") as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_socket_and_data_are_closed_to_others_and_never_roots(own: Cluster) -> None:
    ensure_running(own)
    for path in (own.socket_dir, own.data, own.home):
        found = path.stat()
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert found.st_uid != 0
    owner = Path(f"/proc/{pid_of(own)}").stat().st_uid
    assert owner == own.data.stat().st_uid
    assert len(str(own.socket_dir / ".s.PGSQL.5432")) < 107


def test_every_shell_finds_the_same_socket(own: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ensure_running(own)
    before = own.socket_dir
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert own.socket_dir == before


def test_settings_meant_for_another_server_do_not_reach_ours(own: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    stop(own)
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")
    ensure_running(own)
    monkeypatch.delenv("PGPORT")
    monkeypatch.delenv("PGOPTIONS")
    assert one(own) == 1


def test_it_stops_and_starts_and_says_which(own: Cluster) -> None:
    ensure_running(own)
    assert stop(own)
    assert not stop(own)
    assert not is_running(own)
    assert not own.socket_dir.exists()
    ensure_running(own)
    assert is_running(own)
    assert one(own) == 1


def test_it_starts_again_after_its_postmaster_was_killed(own: Cluster) -> None:
    ensure_running(own)
    killed(own)
    assert not is_running(own)
    ensure_running(own)
    assert one(own) == 1


def test_a_stale_lock_file_whose_pid_now_belongs_to_another_process_hinders_nothing(own: Cluster) -> None:
    ensure_running(own)
    killed(own)
    who = own.data.stat().st_uid
    lent = {"user": who} if os.geteuid() == 0 else {}
    with subprocess.Popen(["/bin/sleep", "60"], cwd="/", **lent) as stranger:  # type: ignore[call-overload]
        lock = own.data / "postmaster.pid"
        lock.write_text("\n".join([str(stranger.pid), *lock.read_text().splitlines()[1:]]) + "\n")
        assert not is_running(own)
        assert not stop(own)
        ensure_running(own)
        assert stranger.poll() is None
        stranger.terminate()
    assert one(own) == 1


def test_it_is_reached_again_when_its_socket_was_swept_away(own: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "START_PATIENCE_S", 0.5)
    ensure_running(own)
    for path in own.socket_dir.iterdir():
        path.unlink()
    own.socket_dir.rmdir()
    ensure_running(own)
    assert one(own) == 1


def test_one_that_ends_while_it_is_to_be_halted_is_started(own: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """It no longer answers and has not gone yet: by the time it is to be stopped there is nothing to stop."""
    ensure_running(own)
    real = cluster.is_running
    seen: list[bool] = []

    def is_dying(asked: Cluster) -> bool:
        if not seen:
            seen.append(True)
            stop(own)
            return True
        return real(asked)

    with monkeypatch.context() as patch:
        patch.setattr(cluster, "_one_at_a_time", lambda _: contextlib.nullcontext())
        patch.setattr(cluster, "is_running", is_dying)
        ensure_running(own)
    assert seen and one(own) == 1


def test_another_major_version_is_told_and_nothing_is_touched(own: Cluster) -> None:
    stop(own)
    version = own.data / "PG_VERSION"
    before = version.read_text()
    version.write_text("9\n")
    try:
        with pytest.raises(ClusterError, match=r"PostgreSQL 9 建立.*another major version"):
            ensure_running(own)
    finally:
        version.write_text(before)
    ensure_running(own)
    assert one(own) == 1


def test_a_damaged_data_folder_is_never_made_anew(folder: Path) -> None:
    damaged = Cluster(folder / "cluster")
    damaged.data.mkdir(parents=True)
    (damaged.data / "base").write_text("years of work")
    with pytest.raises(ClusterError, match=r"PG_VERSION.*damaged"):
        ensure_running(damaged)
    assert (damaged.data / "base").read_text() == "years of work"


def test_a_link_or_folder_that_somebody_else_planted_is_refused(own: Cluster, folder: Path) -> None:
    """/tmp is open to all: without this, root would give away whatever a planted link points to."""
    stop(own)
    treasure = folder / "treasure"
    treasure.mkdir(mode=0o755)
    mode = treasure.stat()
    own.socket_dir.symlink_to(treasure)
    try:
        with pytest.raises(ClusterError, match="another user"):
            ensure_running(own)
    finally:
        own.socket_dir.unlink()
    assert (treasure.stat().st_uid, treasure.stat().st_mode) == (mode.st_uid, mode.st_mode)
    ensure_running(own)


def test_a_folder_of_another_user_is_refused(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder that belongs to somebody else")
    planted = folder / "cluster"
    planted.mkdir()
    os.chown(planted, pwd.getpwnam("daemon").pw_uid, -1)
    with pytest.raises(ClusterError, match=r"属于另一个用户 \(belongs to another user\)"):
        ensure_running(Cluster(planted))


def test_two_at_once_make_one_cluster_under_any_umask(folder: Path) -> None:
    home = folder / "deep" / "cluster"
    code = (
        "import os, sys, pathlib; os.umask(0o077); from server.cluster import Cluster, ensure_running; "
        "ensure_running(Cluster(pathlib.Path(sys.argv[1]), fsync=False))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(home)], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    made = Cluster(home, fsync=False)
    try:
        assert one(made) == 1
        assert not (home / "data.making").exists()
    finally:
        destroy(made)
    assert not home.exists()
    assert not made.socket_dir.exists()
    destroy(made)  # once more does no harm

"""The private PostGIS cluster: made, started and stopped by us, reachable through one socket in a folder of mode 0700.

Written by hand because nothing kept exists for it: a newcomer needs no database administrator, and a station laptop no port.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.settings import Settings

START_PATIENCE_S = 10.0
DATABASE = "xiangye"
_PORT = "5432"  # only names the socket
_NEEDED_BYTES = 200 * 1024 * 1024
_NOBODYS_PID = 2**31 - 1  # above every kernel's limit


class ClusterError(RuntimeError):
    """What failed and what to do, in words for the person at the keyboard."""


@dataclass(frozen=True)
class Cluster:
    home: Path
    fsync: bool = True

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def socket_dir(self) -> Path:
        """Short, because a socket's path may not exceed 107 bytes; never by TMPDIR, so that every shell finds the same."""
        name = hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:10]
        return Path("/tmp") / f"xiangye-{_owner().pw_uid}-{name}"  # noqa: S108  closed to others, and theirs refused

    def url(self, user: str, database: str = DATABASE) -> str:
        return f"postgresql+psycopg://{user}@/{database}?host={self.socket_dir}&port={_PORT}"


def of(settings: Settings) -> Cluster:
    return Cluster(settings.cluster_dir, settings.cluster_fsync)


def ensure_running(cluster: Cluster) -> None:
    """Makes the cluster where there is none, starts it where it is down."""
    with _one_at_a_time(cluster):
        if not (cluster.data / "PG_VERSION").exists():
            _create(cluster)
        _check_version(cluster)
        if is_running(cluster) and not _answers(cluster):
            _halt_or_find_ended(cluster)  # alive, but its socket was swept away; or just dying
        if not is_running(cluster):
            _disown_pid_file(cluster)
            _start(cluster)


def _halt_or_find_ended(cluster: Cluster) -> None:
    try:
        _halt(cluster)
    except ClusterError:
        if is_running(cluster):
            raise


def is_running(cluster: Cluster) -> bool:
    """The pid in a lock file left by a power cut may be anybody's by now; only a postmaster of this folder is ours."""
    pid = _pid(cluster)
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return arguments[0].endswith(b"postgres") and os.fsencode(os.path.realpath(cluster.data)) in arguments


def stop(cluster: Cluster) -> bool:
    """True when a running cluster was stopped."""
    if not cluster.data.exists():
        return False
    with _one_at_a_time(cluster):
        return is_running(cluster) and _halt(cluster)


def destroy(cluster: Cluster) -> None:
    if not cluster.home.exists():
        return
    with _one_at_a_time(cluster):
        if is_running(cluster):
            _halt(cluster)
        shutil.rmtree(cluster.home, ignore_errors=True)
    if cluster.home.exists():
        raise ClusterError(f"未能删除 {cluster.home} (could not delete it)：请检查所有者")


def binaries(version: str = "") -> Path:
    """The folder of this PostgreSQL's programs, or of the newest one's where this one is not installed."""
    found = {path.parts[-3]: path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")}
    if version in found:
        return found[version]
    if found:
        return found[max(found, key=lambda name: int(name) if name.isdigit() else 0)]
    on_path = shutil.which("initdb")
    if on_path is None:
        raise ClusterError(
            "未找到 PostgreSQL (no PostgreSQL found): 请安装 postgresql-postgis，或设置 XIANGYE_DATABASE_URL"
        )
    return Path(on_path).resolve().parent


def _owner() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root, so root lends the cluster to a user without rights."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ClusterError("没有可用的非 root 用户来运行数据库 (neither postgres nor nobody exists)")


def _run(cluster: Cluster, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    options: dict[str, object] = {}
    if os.geteuid() == 0:
        options = {"user": _owner().pw_uid, "group": _owner().pw_gid, "extra_groups": []}
    # The caller's PGPORT, PGOPTIONS … speak of another server.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment = {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(  # type: ignore[call-overload]  # the options depend on who we are
        [str(binaries(_made_by(cluster)) / program), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        check=False,
        **options,
    )
    if check and done.returncode != 0:
        raise ClusterError(
            f"{program} 失败 (failed, exit {done.returncode}): {(done.stderr or done.stdout).strip()[-800:]}\n{_advice(cluster)}"
        )
    return done  # type: ignore[no-any-return]


def _advice(cluster: Cluster) -> str:
    free = shutil.disk_usage(_existing(cluster.home)).free
    if free < 300 * 1024 * 1024:
        return f"{cluster.home} 所在磁盘只剩 {free // 2**20} MB (disk nearly full): 请清理后重试"
    return f"日志 (log): {cluster.home / 'log'}"


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _make_folder(path: Path) -> None:
    """Owned by the cluster's user and closed to all others; a folder or link that somebody else put there is refused."""
    owner = _owner()
    try:
        _make_parents(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), owner.pw_uid):
            raise ClusterError(
                f"{path} 属于另一个用户 (belongs to another user): 请删除它，或用 XIANGYE_VAR 指定别的位置"
            )
        if os.geteuid() == 0:
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        path.chmod(0o700)
    except OSError as error:
        raise ClusterError(
            f"无法使用文件夹 {path} (cannot use this folder: {error.strerror}): 请检查所有者和剩余空间"
        ) from error


def _make_parents(path: Path) -> None:
    """What root makes on the way, whatever its umask, the cluster's user must be able to pass."""
    if not path.exists():
        _make_parents(path.parent)
        path.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            path.chmod(0o755)


def _create(cluster: Cluster) -> None:
    if cluster.data.exists() and any(cluster.data.iterdir()):
        raise ClusterError(
            f"{cluster.data} 不完整：缺少 PG_VERSION (the data folder is damaged)：不会覆盖，请先从备份恢复或移走它"
        )
    free = shutil.disk_usage(cluster.home).free
    if free < _NEEDED_BYTES:
        raise ClusterError(
            f"{cluster.home} 所在磁盘只剩 {free // 2**20} MB，数据库至少需要 {_NEEDED_BYTES // 2**20} MB (not enough disk space)"
        )
    half_made = cluster.home / "data.making"
    shutil.rmtree(half_made, ignore_errors=True)
    arguments = ["-D", str(half_made), "-U", "xiangye_cluster", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    _run(cluster, "initdb", *arguments, *([] if cluster.fsync else ["--no-sync"]))
    half_made.rename(cluster.data)


def _made_by(cluster: Cluster) -> str:
    try:
        return (cluster.data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return ""


def _check_version(cluster: Cluster) -> None:
    made_by = _made_by(cluster)
    here = _run(cluster, "postgres", "--version").stdout.split()[2].split(".")[0]
    if made_by != here:
        raise ClusterError(
            f"数据由 PostgreSQL {made_by} 建立，现在装的是 {here} (the data folder was made by another major version): "
            f"数据未被改动；请装回 PostgreSQL {made_by}，或用 pg_upgrade 转换 {cluster.data}"
        )


def _pid(cluster: Cluster) -> int:
    try:
        return int((cluster.data / "postmaster.pid").read_text().split("\n")[0])
    except (OSError, ValueError):
        return 0


def _disown_pid_file(cluster: Cluster) -> None:
    """PostgreSQL will not start while any process has the pid in its lock file, whoever that is now.

    The rest of the file stays: by it PostgreSQL finds out whether orphans of the dead postmaster still hold its memory.
    """
    path = cluster.data / "postmaster.pid"
    if _pid(cluster):
        _, _, rest = path.read_text().partition("\n")
        path.write_text(f"{_NOBODYS_PID}\n{rest}")


def _answers(cluster: Cluster) -> bool:
    """Waits while it recovers, and not for one that has ended."""
    deadline = time.monotonic() + START_PATIENCE_S
    while _run(cluster, "pg_isready", "-h", str(cluster.socket_dir), "-p", _PORT, check=False).returncode != 0:
        if time.monotonic() > deadline or not is_running(cluster):
            return False
        time.sleep(0.2)
    return True


def _halt(cluster: Cluster) -> bool:
    _run(cluster, "pg_ctl", "-D", str(cluster.data), "-m", "fast", "-w", "stop")
    shutil.rmtree(cluster.socket_dir, ignore_errors=True)
    return True


def _start(cluster: Cluster) -> None:
    _make_folder(cluster.socket_dir)
    options = f"-c listen_addresses='' -c unix_socket_directories={cluster.socket_dir} -c unix_socket_permissions=0700"
    options += f" -c port={_PORT} -c timezone=UTC"
    # An error quotes the row it is about, and with it a place or a name: the program is told, the log is not.
    options += " -c log_min_messages=log"
    if not cluster.fsync:
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    deadline = time.monotonic() + START_PATIENCE_S
    while True:
        done = _run(
            cluster,
            "pg_ctl",
            "-D",
            os.path.realpath(cluster.data),
            "-w",
            "-l",
            str(cluster.home / "log"),
            "-o",
            options,
            "start",
            check=False,
        )
        if done.returncode == 0:
            return
        # After a crash the dead process may not be reaped yet, and its lock file still stands.
        if time.monotonic() > deadline:
            raise ClusterError(
                f"数据库未能启动 (the database did not start): {done.stderr.strip()[-600:]}\n{_advice(cluster)}"
            )
        time.sleep(0.5)


@contextlib.contextmanager
def _one_at_a_time(cluster: Cluster) -> Iterator[None]:
    """Two commands at once make one cluster, not two halves."""
    while True:
        _make_folder(cluster.home)
        path = cluster.home / "lock"
        with open(path, "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Whoever destroyed the cluster while we waited took the lock file along.
            if path.exists() and os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                yield
                return

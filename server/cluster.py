"""The private PostGIS cluster: made, started and stopped by us, reachable through one socket in a folder of mode 0700.

Written by hand because nothing kept exists for it: a newcomer needs no database administrator, and a station laptop no port.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.settings import Settings

START_PATIENCE_S = 10.0
DATABASE = "xiangye"


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
        """Short, because a socket's path may not exceed 107 bytes."""
        name = hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"xiangye-{_owner().pw_uid}-{name}"

    def url(self, user: str, database: str = DATABASE) -> str:
        return f"postgresql+psycopg://{user}@/{database}?host={self.socket_dir}"


def of(settings: Settings) -> Cluster:
    return Cluster(settings.cluster_dir, settings.cluster_fsync)


def ensure_running(cluster: Cluster) -> None:
    """Makes the cluster where there is none, starts it where it is down."""
    with _one_at_a_time(cluster):
        if not (cluster.data / "PG_VERSION").exists():
            _create(cluster)
        _check_version(cluster)
        if not is_running(cluster):
            _start(cluster)


def is_running(cluster: Cluster) -> bool:
    if not (cluster.data / "postmaster.pid").exists():
        return False
    return _run(cluster, "pg_ctl", "-D", str(cluster.data), "status", check=False).returncode == 0


def stop(cluster: Cluster) -> bool:
    """True when a running cluster was stopped."""
    if not cluster.data.exists() or not is_running(cluster):
        return False
    _run(cluster, "pg_ctl", "-D", str(cluster.data), "-m", "fast", "-w", "stop")
    shutil.rmtree(cluster.socket_dir, ignore_errors=True)
    return True


def destroy(cluster: Cluster) -> None:
    stop(cluster)
    shutil.rmtree(cluster.home, ignore_errors=True)


def binaries() -> Path:
    """The folder of the newest installed PostgreSQL's programs."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if found:
        return found[-1].parent
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
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(  # type: ignore[call-overload]  # the options depend on who we are
        [str(binaries() / program), *arguments],
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
    """Owned by the cluster's user and closed to all others; a folder that somebody else put there is refused."""
    owner = _owner()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, owner.pw_uid, owner.pw_gid)
        path.chmod(0o700)
    except OSError as error:
        raise ClusterError(
            f"无法使用文件夹 {path} (cannot use this folder): {error.strerror}; 请检查所有者和剩余空间"
        ) from error
    if path.stat().st_uid != owner.pw_uid:
        raise ClusterError(f"{path} 属于另一个用户 (belongs to another user): 请删除它，或用 XIANGYE_VAR 指定别的位置")


def _create(cluster: Cluster) -> None:
    free = shutil.disk_usage(_existing(cluster.home)).free
    if free < 200 * 1024 * 1024:
        raise ClusterError(
            f"{_existing(cluster.home)} 只剩 {free // 2**20} MB，数据库至少需要 200 MB (not enough disk space)"
        )
    _make_folder(cluster.home)
    shutil.rmtree(cluster.data, ignore_errors=True)
    half_made = cluster.home / "data.making"
    shutil.rmtree(half_made, ignore_errors=True)
    arguments = ["-D", str(half_made), "-U", "xiangye_cluster", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    _run(cluster, "initdb", *arguments, *([] if cluster.fsync else ["--no-sync"]))
    half_made.rename(cluster.data)


def _check_version(cluster: Cluster) -> None:
    made_by = (cluster.data / "PG_VERSION").read_text().strip()
    here = _run(cluster, "postgres", "--version").stdout.split()[2].split(".")[0]
    if made_by != here:
        raise ClusterError(
            f"数据由 PostgreSQL {made_by} 建立，现在装的是 {here} (the data folder was made by another major version): "
            f"请装回 {made_by} 并用 xiangye db backup 导出，再恢复到新版本"
        )


def _start(cluster: Cluster) -> None:
    _make_folder(cluster.socket_dir)
    options = f"-c listen_addresses='' -c unix_socket_directories={cluster.socket_dir} -c unix_socket_permissions=0700 -c timezone=UTC"
    if not cluster.fsync:
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    deadline = time.monotonic() + START_PATIENCE_S
    while True:
        done = _run(
            cluster,
            "pg_ctl",
            "-D",
            str(cluster.data),
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
    _make_folder(cluster.home)
    with open(cluster.home / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

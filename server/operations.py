"""`xiangye serve`, `xiangye db …`: running the thing."""

import errno
import os
import socket
import sys
from datetime import timedelta

import click

from server import cluster, db, provision
from server.accounts.viewer import LOCAL_OPERATOR
from server.audit.restored import behind, refuse_behind
from server.audit.service import log
from server.ledger import service as ledger
from server.media.store import open_store
from server.media.sweeping import Sweep, sweep_at_start
from server.places.queries import hold_all_layers
from server.privacy.sealing import contact_key
from server.reference import load_reference
from server.sensitivity.relevelling import relevel
from server.sensitivity.restamping import restamp
from server.settings import Settings, from_environment
from server.web.safety import refuse_unsafe
from shared.clock import SystemClock


@click.command("serve", help="启动服务（默认仅本机）")
@click.option("--port", type=click.IntRange(1, 65535), help="端口；省略时取 XIANGYE_PORT 或 8710，被占用则报错")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="工作进程数")
@click.option("--preload", is_flag=True, help="先装入程序再分出工作进程：省内存，倒下的工作进程立即补上；升级须重启")
def serve(port: int | None, workers: int, preload: bool) -> None:
    settings = from_environment()
    refuse_unsafe(settings)
    port = port or settings.port
    if not port_is_free(settings.host, port):
        raise click.ClickException(f"端口 {port} 已被占用 (port taken)：用 --port 另选一个")
    contact_key(settings)  # one that cannot be used is told now, not to the first who writes a contact
    provision.upgrade(settings)
    with db.open_session(settings) as session:
        refuse_behind(session, settings.var_dir)
    sweep_at_start(settings)
    # The child inherits what it needs; replacing this process keeps one pid to stop.
    os.execv(sys.executable, [sys.executable, *gunicorn_arguments(settings.host, port, workers, preload)])


def gunicorn_arguments(host: str, port: int, workers: int, preload: bool = False) -> list[str]:
    """`preload`: nothing that is open before the workers part may be shared by them; `create_app` leaves no connection open."""
    return [
        "-m",
        "gunicorn",
        "--bind",
        f"{host}:{port}",
        "--workers",
        str(workers),
        "--threads",
        "8",
        "--worker-class",
        "gthread",
        "--timeout",
        "120",
        "--no-control-socket",
        *(["--preload"] if preload else []),
        "server.app:serving_app()",
    ]


def port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


@click.group("db", help="数据库")
def db_() -> None: ...


@db_.command("up", help="启动私有数据库")
def up() -> None:
    cluster.ensure_running(_private(from_environment()))
    click.echo("数据库已启动")


@db_.command("down", help="停止私有数据库")
def down() -> None:
    stopped = cluster.stop(_private(from_environment()))
    click.echo("数据库已停止" if stopped else "数据库本未运行")


@db_.command("upgrade", help="建立或升级数据库，并装入名录和行政区")
def upgrade() -> None:
    settings = from_environment()
    revision = provision.upgrade(settings)
    with db.open_session(settings) as session:
        hold_all_layers(session)
        changed = load_reference(session)
        restamp(session, "system")
        if changed:
            relevel(session, "system", SystemClock(), reason="upgrade")
    click.echo(f"数据库版本 {revision}")


@db_.command("check", help="检查数据库版本")
def check() -> None:
    settings = from_environment()
    current, head = provision.current_revision(settings), provision.head_revision()
    if current != head:
        raise click.ClickException(
            f"数据库版本 {current or '（无）'}，程序需要 {head} (the database is not up to date)：请运行 xiangye db upgrade"
        )
    click.echo(f"数据库版本 {current}，一致")


@db_.command("restored", help="数据库从备份恢复后运行一次：平板会把仍保留的记录和照片全部重新提交")
def restored() -> None:
    settings = from_environment()
    # First the photos: as long as the epoch is the old one nothing is served, and nothing swept away. What this writes into the log is
    # vouched for by the first entry of the new epoch: the old one's heads have other entries under these numbers.
    sessions = db.session_factory(settings, notes=False)
    kept = Sweep(sessions, open_store(settings), SystemClock().now(), timedelta()).adopt(LOCAL_OPERATOR.name)
    with db.open_session(settings, "owner") as session:
        before, found = ledger.epoch(session), behind(session, settings.var_dir)
        after = ledger.begin_epoch(session)
        missing = {"noted": found.noted, "known": found.known} if found else {}
        log(session, SystemClock(), LOCAL_OPERATOR.name, "begin_epoch", str(after), {"before": str(before), **missing})
    lost = f"：备份之后的审计日志第 {found.known + 1} 至 {found.noted} 条已不在库中" if found else ""
    click.echo(
        f"已开始新的纪元 {after}{lost}。备份之后收到、库中没有登记的照片原片已重新登记 {kept} 张。平板下次同步时重新提交仍保留的一切"
    )


def _private(settings: Settings) -> cluster.Cluster:
    if settings.database_url:
        raise click.ClickException(
            "已设置 XIANGYE_DATABASE_URL：数据库由其管理员启停 (this database is not ours to start or stop)"
        )
    return cluster.of(settings)

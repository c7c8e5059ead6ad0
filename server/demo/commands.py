"""`xiangye demo`."""

import os
import shutil
from pathlib import Path

import click

from server import cluster
from server.demo import processes
from server.demo.run import alone, run
from server.settings import Settings, from_environment


@click.command("demo", help="从野外一天到两份报告：全部是生成的演示数据")
@click.option("--serve/--no-serve", default=True, help="结束后让服务继续运行")
@click.option(
    "--import", "import_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="另外导入一个文件"
)
@click.option("--stop", "action", flag_value="stop", help="停止演示的服务和数据库")
@click.option("--clean", "action", flag_value="clean", help="停止并删除演示的全部数据")
def demo(serve: bool, import_file: Path | None, action: str | None) -> None:
    settings = from_environment()
    if action is None:
        _check_writable(settings.var_dir)
        run(settings, serve, import_file)
        if not serve and not settings.database_url:
            cluster.stop(cluster.of(settings))
        return
    with alone(settings):
        _end(settings, action)


def _end(settings: Settings, action: str) -> None:
    click.echo("服务已停止" if processes.stop(settings) else "服务本未运行")
    if not settings.database_url:
        _stop_cluster(settings, destroy=action == "clean")
    if action == "clean":
        for name in ("demo", "store", "run", "log"):
            if (settings.var_dir / name).exists():
                shutil.rmtree(settings.var_dir / name)
        click.echo("演示数据已删除")


def _stop_cluster(settings: Settings, destroy: bool) -> None:
    if destroy:
        cluster.destroy(cluster.of(settings))
    else:
        cluster.stop(cluster.of(settings))
    click.echo("数据库已删除" if destroy else "数据库已停止")


def _check_writable(folder: Path) -> None:
    """Before anything begins: a folder of somebody else, or a full disk, is told here and not in the middle."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise click.ClickException(
                f"{folder} 属于另一个用户 (belongs to another user)：请用该用户运行，或用 XIANGYE_VAR 指定别的位置"
            )
        probe = folder / ".writable"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise click.ClickException(
            f"无法写入 {folder} (cannot write here)：{error.strerror}；请检查所有者，或用 XIANGYE_VAR 指定别的位置"
        ) from error
    free = shutil.disk_usage(folder).free
    if free < 500 * 1024 * 1024:
        raise click.ClickException(
            f"{folder} 所在磁盘只剩 {free // 2**20} MB (not enough disk space)：演示至少需要 500 MB"
        )

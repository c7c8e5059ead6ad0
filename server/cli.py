"""`xiangye …`: the server's commands, each at home in its own room, named here so that listing them loads none."""

import errno
import importlib
import os
import re
import sys
from collections.abc import Mapping

import click

from server import usage
from server.cluster import ClusterError
from shared.problems import Problem

_ROOMS: Mapping[str, tuple[str, str, str]] = {
    "account": ("server.people_commands", "account", "人员"),
    "audit": ("server.auditing", "audit", "审计日志"),
    "compile": ("server.compilers", "compilers", "汇编县域本底报告或五年评估报告"),
    "db": ("server.operations", "db_", "数据库：启动、停止、升级、检查"),
    "demo": ("server.demo.commands", "demo", "演示：从野外一天到县域报告"),
    "device": ("server.accounts.commands", "device", "平板"),
    "export": ("server.exchange.commands", "export", "导出数据"),
    "import": ("server.exchange.commands", "import_", "导入达尔文核心档案或表格"),
    "media": ("server.media.commands", "media", "照片：清理无主的文件"),
    "places": ("server.reference_commands", "places", "行政区、保护地与网格"),
    "seal-key": ("server.sensitivity.seal_commands", "seal_key", "密封密钥：制作、更换、列出"),
    "relay": ("server.station_commands", "relay", "监测站中转：接收平板，有网时转交"),
    "serve": ("server.operations", "serve", "启动服务"),
    "species": ("server.reference_commands", "species", "物种名录与名录包"),
    "sync": ("server.sync.commands", "sync", "同步：未能读取的记录、重新读入"),
    "verification": ("server.verification.commands", "verification", "审核：规则、试运行、队列"),
    "verify": ("server.verifying", "verify", "核验报告：文件原样，快照重编相同"),
    "survey": ("server.surveys.commands", "survey", "调查项目"),
}
_SYSTEM: Mapping[int, tuple[str, str]] = {
    errno.EACCES: ("没有权限，请检查所有者", "permission denied"),
    errno.EPERM: ("没有权限，请检查所有者", "not permitted"),
    errno.EADDRINUSE: ("端口已被占用，请另选一个", "port taken"),
    errno.EADDRNOTAVAIL: ("本机没有这个地址，请检查 XIANGYE_HOST", "no such address here"),
    errno.EDQUOT: ("磁盘配额已用完，请清理后重试", "disk quota used up"),
    errno.EROFS: ("文件系统只读，请换一个位置", "read-only file system"),
    errno.ENOENT: ("文件或文件夹不存在", "no such file or folder"),
    errno.ENOSPC: ("磁盘已满，请清理后重试；已有的数据都还在", "no space left on the disk"),
    errno.EFBIG: ("文件超过允许的大小；已有的数据都还在", "file too large"),
}
_UPGRADE_FIRST = "数据库尚未建立或尚未升级 (not made or not upgraded)：请先运行 xiangye db upgrade"
_UNREACHABLE = "连接不上数据库 (cannot reach the database)：请检查它是否在运行，以及 XIANGYE_DATABASE_URL"
_NOT_MADE = re.compile(r'(database|role) ".*" does not exist')
_STATES: Mapping[str, str] = {
    "08": _UNREACHABLE,
    "28": "数据库拒绝了这个用户 (the database refused this user)：请检查 XIANGYE_DATABASE_URL",
    "3D": _UPGRADE_FIRST,
    "3F": _UPGRADE_FIRST,
    "42P01": _UPGRADE_FIRST,
    "42703": _UPGRADE_FIRST,
    "42501": "数据库权限不足 (not permitted by the database)：升级要用所有者账户，请设置 XIANGYE_DATABASE_OWNER_URL",
    "53100": "数据库所在磁盘已满 (the database's disk is full)：请清理后重试；已收到的数据都还在",
    "53": "数据库资源不足 (the database is short of resources)：请稍后重试",
    "57": "数据库正在停止或恢复 (the database is stopping or recovering)：请稍后重试",
}
COMMANDS: Mapping[str, str] = {name: text for name, (_, _, text) in _ROOMS.items()}


def run(name: str, argv: list[str]) -> int:
    module, attribute, _ = _ROOMS[name]
    click.Context.formatter_class = usage.ChineseHelp
    command: click.Command = getattr(importlib.import_module(module), attribute)
    try:
        result = command.main(argv, prog_name=f"xiangye {name}", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        click.echo("已中断", err=True)
        return 130
    except click.ClickException as error:
        return _show(error)
    except Exception as error:
        words = refusal(error)
        if words is None or os.environ.get("XIANGYE_TRACEBACK"):
            raise
        print(f"错误：{words}", file=sys.stderr)
        return 1


def _show(error: click.ClickException) -> int:
    if isinstance(error, click.UsageError):
        synopsis = error.ctx.get_usage() + "\n" if error.ctx else ""
        print(f"{synopsis}参数有误 (wrong usage)：{usage.in_chinese(error.format_message())}", file=sys.stderr)
    else:
        print(f"错误：{error.format_message()}", file=sys.stderr)
    return error.exit_code


def refusal(error: Exception) -> str | None:
    """What a person can act on; None where only a developer can. XIANGYE_TRACEBACK=1 shows the traceback of either."""
    if isinstance(error, Problem):
        field = error.extra.get("field")
        return f"{error}（字段 {field}）" if field else str(error)
    if isinstance(error, OSError):
        return _of_the_system(error)
    if isinstance(error, ClusterError | ValueError):
        return str(error)
    return _of_the_database(error)


def _of_the_system(error: OSError) -> str:
    zh, en = _SYSTEM.get(error.errno or 0, ("", ""))
    where = f"：{error.filename}" if error.filename else ""
    return f"{zh} ({en}){where}" if zh else str(error)


def _of_the_database(error: Exception) -> str | None:
    from psycopg import Error as DriverError
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

    if isinstance(error, ArgumentError | NoSuchModuleError):
        return "XIANGYE_DATABASE_URL 不是可用的数据库地址 (not a database address)，例如 postgresql+psycopg://用户@主机/库名"
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, DriverError):
        return None
    if _NOT_MADE.search(str(cause)):  # a refused connection bears no SQLSTATE
        return _UPGRADE_FIRST
    state = cause.sqlstate or ""
    words = _STATES.get(state) or _STATES.get(state[:2])
    if words is None and state:
        return None  # the statement itself is at fault
    return f"{words or _UNREACHABLE}\n  {str(cause).strip().splitlines()[0]}"

"""`xiangye …`: the server's commands, each at home in its own room, named here so that listing them loads none."""

import importlib
import os
import sys
from collections.abc import Mapping

import click

from server.cluster import ClusterError
from shared.problems import Problem

_ROOMS: Mapping[str, tuple[str, str, str]] = {
    "account": ("server.accounts.commands", "account", "人员"),
    "audit": ("server.audit.commands", "audit", "审计日志"),
    "compile": ("server.compilers", "compilers", "汇编县域本底报告或五年评估报告"),
    "db": ("server.operations", "db_", "数据库：启动、停止、升级、检查"),
    "demo": ("server.demo.commands", "demo", "演示：从野外一天到县域报告"),
    "device": ("server.accounts.commands", "device", "平板"),
    "export": ("server.exchange.commands", "export", "导出数据"),
    "import": ("server.exchange.commands", "import_", "导入达尔文核心档案或表格"),
    "places": ("server.places.commands", "places", "行政区与网格"),
    "serve": ("server.operations", "serve", "启动服务"),
    "species": ("server.taxa.commands", "species", "物种名录"),
    "survey": ("server.surveys.commands", "survey", "调查项目"),
}
COMMANDS: Mapping[str, str] = {name: text for name, (_, _, text) in _ROOMS.items()}


def run(name: str, argv: list[str]) -> int:
    module, attribute, _ = _ROOMS[name]
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
        error.show()
        return error.exit_code
    except (ClusterError, Problem, ValueError, OSError) as error:
        # What a person can act on, without a traceback; XIANGYE_TRACEBACK=1 shows it to a developer.
        return _refuse(error)


def _refuse(error: Exception) -> int:
    if os.environ.get("XIANGYE_TRACEBACK"):
        raise error
    field = error.extra.get("field") if isinstance(error, Problem) else None
    print(f"错误：{error}" + (f"（字段 {field}）" if field else ""), file=sys.stderr)
    return 1

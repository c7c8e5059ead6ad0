"""`xiangye compile baseline|assessment`: two compilers under one name, each loaded only when called."""

import importlib
from collections.abc import Mapping

import click

_COMPILERS: Mapping[str, str] = {"assessment": "server.assessments.commands", "baseline": "server.baselines.commands"}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMPILERS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMPILERS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMPILERS[cmd_name]), cmd_name)
        return command


compilers = _Lazy("compile", help="汇编：县域本底报告 (baseline)、五年评估报告 (assessment)")

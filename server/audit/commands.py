"""`xiangye audit verify`."""

import click

from server.audit.service import first_broken
from server.db import open_session
from server.settings import from_environment


@click.group("audit", help="审计日志")
def audit() -> None: ...


@audit.command("verify", help="核对审计日志的哈希链")
def verify() -> None:
    with open_session(from_environment()) as session:
        broken = first_broken(session)
    if broken is not None:
        raise click.ClickException(f"审计日志在第 {broken} 条断裂：此条被改动、删除或调换")
    click.echo("审计日志完整")

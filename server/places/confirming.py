"""The yes before a version is written."""

import sys

import click


def confirm(version: str, yes: bool) -> None:
    """Asks on stderr, so that stdout stays the result's; where nobody can answer, a yes must have been given."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("不在终端上运行，无法询问：核对差异后加 --yes 写入，或加 --dry-run 只看差异")
    click.confirm(f"写入新版本 {version}？", abort=True, err=True)

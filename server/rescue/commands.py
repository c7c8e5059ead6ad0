"""What `xiangye import` does with rescue files."""

from collections.abc import Sequence
from pathlib import Path

import click

from server.rescue.service import import_rescue, is_rescue_file
from server.settings import from_environment
from server.web.output import print_json
from shared.clock import SystemClock

_MOST_WORDS = 200


def import_rescues(files: Sequence[Path], vouched: str | None, as_json: bool) -> int:
    """1 where one of them was set aside."""
    for path in files:
        if not path.is_file() or not is_rescue_file(path):
            raise click.UsageError(f"{path} 不是平板的救援文件：救援文件与表格请分开导入")
    if vouched is not None and not 1 <= len(vouched.strip()) <= _MOST_WORDS:
        raise click.UsageError(f"--vouched 请写明理由（1–{_MOST_WORDS} 个字符）")
    settings = from_environment()
    done = [import_rescue(settings, SystemClock(), path, vouched) for path in files]
    if as_json:
        print_json([one.as_json() for one in done])
    else:
        for one in done:
            click.echo("\n".join(one.lines()), err=one.quarantined is not None)
    return int(any(one.quarantined for one in done))

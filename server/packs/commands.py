"""`xiangye species pack`: makes the taxon pack that tablets carry."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import click

from server import settings as settings_module
from server.db import open_session
from server.web.output import print_json
from shared.clock import SystemClock


@click.command("pack", help="制作平板的物种名录包（签名的 SQLite 文件），重新统计各县各月的常见种")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="另存一份到此文件")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def pack(out: Path | None, as_json: bool) -> None:
    # Readings and shapes are heavy, and `xiangye species find` comes by here too.
    from server.packs import service
    from server.packs.signing import pack_key

    settings = settings_module.from_environment()
    with open_session(settings) as session:
        made = service.ensure(settings, session, SystemClock(), anew=True)
    file = service.register_of(settings).file(made.version)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, out)
    told = {
        "version": made.version,
        "content_digest": made.content_digest,
        "sha256": made.sha256,
        "byte_count": made.byte_count,
        "compressed_bytes": made.compressed_bytes,
        **_counts(file),
        "public_key": pack_key(settings).public(),
        "file": str(out or file),
    }
    if as_json:
        print_json(told)
        return
    click.echo(
        f"名录包 {made.version}：{told['taxa']} 个分类单元，{told['names']} 个名称，{told['likely']} 行常见种\n"
        f"{made.byte_count / 1e6:.2f} MB，压缩后 {made.compressed_bytes / 1e6:.2f} MB\n"
        f"内容摘要 {made.content_digest}\nSHA-256  {made.sha256}\n文件 {told['file']}"
    )


def _counts(file: Path) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as opened:
        return {
            name: opened.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for name, table in (("taxa", "taxon"), ("names", "name"), ("lookalikes", "lookalike"), ("likely", "likely"))
        }

"""`xiangye account` whole: accounts, and the rights of the people behind them, which need rooms above."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from server.accounts.commands import CLOCK, account, find_person
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.privacy import erasing, exporting, notices, retention
from server.settings import from_environment
from server.web.output import print_json
from shared.notices import NOTICE_KINDS

__all__ = ["account"]
_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")


@account.command("export", help="导出关于某人的全部数据（ZIP，内为 JSON）")
@click.argument("person")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="写到哪个文件")
def export(person: str, out: Path) -> None:
    settings = from_environment()
    with open_session(settings) as session:
        found = find_person(session, person)
        data = exporting.export_person(session, LOCAL_OPERATOR, CLOCK, settings, found.id)
        out.write_bytes(data)
    click.echo(f"已导出 {len(data)} 字节：{out}")


@account.command("erase", help="删除个人信息：观察记录以代号保留，姓名和联系方式不再出现在任何地方")
@click.argument("person")
@click.option("--also", multiple=True, metavar="TEXT", help="其他能认出此人的文字，如电话、曾用名；可重复")
@click.option("--yes", is_flag=True, help="不再询问")
@_json
def erase(person: str, also: tuple[str, ...], yes: bool, as_json: bool) -> None:
    settings = from_environment()
    with open_session(settings) as session:
        found = find_person(session, person, erased_too=True)
        if not yes:
            click.confirm(f"删除 {found.name}（{found.id}）的个人信息？此操作不可恢复", abort=True, err=True)
        done = erasing.erase(session, LOCAL_OPERATOR, CLOCK, settings, found.id, also)
    if as_json:
        print_json(asdict(done))
    else:
        rows = sum(done.rows.values())
        click.echo(
            f"已删除：登记 {rows} 处，版本 {done.versions} 个，原始批次 {done.raw_batches} 个，"
            f"照片 {done.photos} 张，快照文件 {done.files} 个，导出文件 {done.exports} 个；今后的代号 {done.pseudonym}"
        )
    if done.still_named:
        raise click.ClickException(f"这些表只增不改，其中仍有此人的姓名，须人工处理：{'、'.join(done.still_named)}")


@account.command("retention", help="保存期限：列出、设定 (--set track=365)，或删除已到期的 (--apply)")
@click.option("--set", "changes", multiple=True, metavar="KIND=DAYS", help="某类资料保存多少天；可重复")
@click.option("--apply", "do_apply", is_flag=True, help="删除已到期的，并记入审计日志")
@_json
def retention_(changes: tuple[str, ...], do_apply: bool, as_json: bool) -> None:
    settings = from_environment()
    with open_session(settings) as session:
        for change in changes:
            kind, _, number = change.partition("=")
            if not number.isascii() or not number.isdecimal() or len(number) > 6:
                raise click.UsageError(f"--set {change}：应为 种类=天数，例如 track=365")
            retention.keep_for(session, CLOCK, LOCAL_OPERATOR.name, kind, int(number))
        removed = asdict(retention.apply(session, LOCAL_OPERATOR, CLOCK, settings)) if do_apply else None
        answer: dict[str, Any] = {"days": retention.days(session), "removed": removed}
    if as_json:
        print_json(answer)
        return
    for kind, number in answer["days"].items():
        click.echo(f"{kind:12}  {number:>6} 天  {retention.KINDS[kind]}")
    if removed is not None:
        click.echo("已删除：" + "，".join(f"{name} {count}" for name, count in removed.items()))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{path} 不是 UTF-8 编码的文字（--file）") from error


@account.command("notice", help="列出现行的告知书，或发布新版本 (--publish KIND VERSION --file FILE)")
@click.option("--publish", nargs=2, metavar="KIND VERSION", help=f"种类：{'、'.join(NOTICE_KINDS)}")
@click.option("--title", default="", help="标题")
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="正文（UTF-8）")
@_json
def notice(publish: tuple[str, str] | None, title: str, path: Path | None, as_json: bool) -> None:
    if (publish is None) != (path is None):
        raise click.UsageError("--publish 与 --file 须一起用")
    with open_session(from_environment()) as session:
        if publish is not None and path is not None:
            kind, version = publish
            text = _text(path)
            notices.publish(
                session, CLOCK, LOCAL_OPERATOR.name, kind, version, title or NOTICE_KINDS.get(kind, ""), text
            )
        told = {kind: asdict(one) for kind, one in notices.in_force(session).items()}
    if as_json:
        print_json(told)
        return
    for kind, one in told.items():
        click.echo(f"{kind}  {one['version']}  {one['title']}\n{one['text']}\n")

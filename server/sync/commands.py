"""`xiangye sync quarantine`, `xiangye sync readmit`: what could not be read when it came, and a second look at it; `xiangye sync twins`."""

from collections import Counter

import click
from sqlalchemy import select

from server import settings as settings_module
from server.accounts.model import Device
from server.db import EVERYTHING, looking_through, open_session, session_factory
from server.sensitivity import service as sensitivity
from server.sensitivity.service import Unread
from server.sync import queries
from server.sync.readmission import readmit
from server.web.output import print_json
from shared.clock import SystemClock
from shared.protocol import QUARANTINED

_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
_reason = click.option("--reason", help="只看这一种原因，如 seal_key_unknown、invalid")


@click.group("sync", help="同步：未能读取的记录，数据被复制过的平板")
def sync() -> None: ...


@sync.command("quarantine", help="列出未能读取、原文留存的记录")
@_reason
@_json
def quarantine(reason: str | None, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        found = sensitivity.unread(session, reason=reason)
        names = {row.id: row.name for row in session.scalars(select(Device))}
    told = [
        {
            "digest": one.digest,
            "record_id": one.record_id,
            "device_id": str(one.device_id),
            "device_name": names.get(one.device_id),
            "agent": one.agent,
            "received_at": one.received_at.isoformat(),
            "reason": one.reason,
            "detail": one.detail,
            "byte_count": len(one.body),
        }
        for one in found
    ]
    if as_json:
        print_json(told)
        return
    for row in told:
        click.echo(
            f"{row['digest']}  {row['received_at']}  {row['device_name'] or row['device_id']}  {row['agent'] or '—'}  "
            f"{row['record_id'] or '—'}  {row['reason']}  {row['byte_count']} 字节"
        )
    click.echo(f"共 {len(told)} 条未能读取" if told else "没有未能读取的记录")


@sync.command("twins", help="列出数据曾被复制或恢复的平板：同一编号用过两次，或已换用新编号（记录都已保存）")
@_json
def twins(as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session, looking_through(session, EVERYTHING):
        told = queries.twins(session)
    if as_json:
        print_json(told)
        return
    for row in told:
        words = [f"{row['numbers']} 个编号用过两次，最近 {row['latest']}"] if row["numbers"] else []
        words += [f"已换用新编号 {new}" for new in row["forks"]]
        click.echo(f"{row['device_id']}  {row['name']}  {row['person_name']}  {'；'.join(words)}")
    click.echo(
        "平板在全部送达后会自动换用新编号；久未换号的，请让使用人用新的登记码重新登记其中一台"
        if told
        else "没有发现数据被复制或恢复过的平板"
    )


@sync.command("readmit", help="原因消除之后（补了密钥、建了调查、升了级），重新读入留存的原文")
@click.option("--id", "digest", help="只读这一条：quarantine 列出的摘要")
@_reason
@click.option("--all", "everything", is_flag=True, help="全部重读")
@_json
def readmit_command(digest: str | None, reason: str | None, everything: bool, as_json: bool) -> None:
    if not (digest or reason or everything):
        raise click.UsageError("请指定 --id、--reason 或 --all")
    settings = settings_module.from_environment()
    with session_factory(settings)() as session:
        found: list[Unread] = sensitivity.unread(session, digest, reason)
        if digest and not found:
            raise click.ClickException(f"没有等待重读的记录 {digest}")
        told = list(readmit(session, SystemClock(), settings.holder, found))
    if as_json:
        print_json(
            [{"digest": t.digest, "record_id": t.record_id, "outcome": t.outcome, "reason": t.reason} for t in told]
        )
        return
    counts = Counter(one.outcome for one in told)
    for one in told:
        if one.outcome == QUARANTINED:
            click.echo(f"{one.digest}  仍不能读取：{one.reason}")
    click.echo(f"重读 {len(told)} 条，读入 {len(told) - counts[QUARANTINED]} 条，仍留存 {counts[QUARANTINED]} 条")

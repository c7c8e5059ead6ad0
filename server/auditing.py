"""`xiangye audit verify`: the chain, the versions and redactions that it tells of, their bodies, and the photos."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.audit import checking
from server.audit.rules import Broken
from server.db import open_session
from server.media.store import Store, open_store
from server.sensitivity.service import altered_batches, altered_bodies
from server.settings import Settings, from_environment
from server.sync.signing import untrue_signatures
from server.web.output import print_json

_BROKEN_ZH = {
    "forged": "内容被改动",
    "deleted": "被删除",
    "inserted": "是插入的",
    "reordered": "被调换次序",
    "cut_off": "从末尾被截去",
    "renumbered": "编号被挪动",
    "unanchored": "未记入库外的链头：或为插入，或提交后程序中断",
}
_RECORD_ZH = {
    "untold": "版本未载入审计日志（被插入）",
    "missing": "日志所载版本已不存在（被删除）",
    "received": "版本的收到时间与日志不符",
    "body_missing": "版本的正文已不存在",
    "body": "版本的正文与摘要不符",
    "columns": "版本的登记栏与正文不符",
    "redaction": "隐去未载入审计日志",
    "batch": "批次的原文与收到时的摘要不符",
    "signature": "批次的签名与平板的密钥不符",
    "photo_untold": "照片未载入审计日志（被插入）",
    "photo_row": "日志所载照片的登记已不存在",
    "photo_missing": "照片原件已不存在",
    "photo": "照片原件与摘要不符",
}
_PHOTOS = """
    SELECT coalesce(f.sha256, e.subject), f.sha256 IS NULL, e.subject IS NULL, (
        SELECT r.redacted_sha256 FROM xiangye.redaction r WHERE r.kind = 'photo' AND r.subject = f.sha256
        ORDER BY r.redaction_no DESC LIMIT 1)
    FROM xiangye.media_file f FULL JOIN
        (SELECT DISTINCT subject FROM xiangye.audit_entry WHERE action = 'photo') e ON e.subject = f.sha256
    ORDER BY 1
    """


@dataclass(frozen=True)
class Unlike:
    """A version, a redaction, a batch or a photo that is not what the log, its digest or its signature tells of it."""

    kind: str
    subject: str
    digest: str
    entry_no: int | None = None


@dataclass(frozen=True)
class Evidence:
    chain: checking.Checked
    records: tuple[Unlike, ...]
    versions: int
    photos: int

    @property
    def holds(self) -> bool:
        chain = self.chain
        return not (chain.broken or chain.unreadable_anchors or self.records or (chain.entries and not chain.anchored))


def verify_evidence(session: Session, settings: Settings, photos: bool = True) -> Evidence:
    """`photos` False leaves out reading the photo files, which takes as long as the disk does."""
    chain = checking.check_chain(session, settings.var_dir)
    found = [Unlike(one.kind, one.id, one.digest, one.entry_no) for one in checking.unlike_the_log(session)]
    found += [Unlike(one.kind, str(one.id), one.digest) for one in altered_bodies(session)]
    found += [Unlike("batch", str(id_), sha256) for id_, sha256 in altered_batches(session)]
    found += [Unlike("signature", str(id_), sha256) for id_, sha256 in untrue_signatures(session)]
    found += [Unlike("redaction", *both) for both in checking.untold_redactions(session)]
    found += _photos(session, open_store(settings) if photos else None)
    counts = session.execute(
        text("SELECT (SELECT count(*) FROM xiangye.version), (SELECT count(*) FROM xiangye.media_file)")
    ).one()
    return Evidence(chain, tuple(found), counts[0], counts[1])


def _photos(session: Session, store: Store | None) -> Iterator[Unlike]:
    for sha256, gone, untold, redacted in session.execute(text(_PHOTOS)).all():
        if gone or untold:
            yield Unlike("photo_row" if gone else "photo_untold", sha256, sha256)
        if store is None or gone:
            continue
        try:
            found = hashlib.sha256(store.original(sha256)).hexdigest()
        except FileNotFoundError:
            yield Unlike("photo_missing", sha256, sha256)
        else:
            if found != (redacted or sha256):
                yield Unlike("photo", sha256, sha256)


@click.group("audit", help="审计日志")
def audit() -> None: ...


@audit.command(
    "verify", help="核对审计日志、库外链头、版本正文、批次签名与照片原件，指出被改动、删除、插入或调换的是哪一条"
)
@click.option("--no-photos", is_flag=True, help="不读照片原件")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def verify(no_photos: bool, as_json: bool) -> None:
    settings = from_environment()
    with open_session(settings) as session:
        found = verify_evidence(session, settings, photos=not no_photos)
    if as_json:
        print_json(_as_json(found))
    if not found.holds:
        raise click.ClickException("审计日志不完整\n" + "\n".join(_words(found)))
    if not as_json:
        chain = found.chain
        click.echo(f"审计日志完整：{chain.entries} 条，版本 {found.versions} 个，照片 {found.photos} 张")
        click.echo(f"链头 {chain.entries} {chain.head}（库外记录：{chain.anchors}）")


def _as_json(found: Evidence) -> dict[str, object]:
    chain = found.chain
    return {
        "holds": found.holds,
        "entries": chain.entries,
        "head": chain.head,
        "anchored": chain.anchored,
        "anchors": str(chain.anchors),
        "unreadable_anchors": list(chain.unreadable_anchors),
        "versions": found.versions,
        "photos": found.photos,
        "broken": [asdict(one) for one in chain.broken],
        "records": [asdict(one) for one in found.records],
    }


def _words(found: Evidence) -> Iterator[str]:
    chain = found.chain
    if chain.entries and not chain.anchored:
        yield f"  库外没有链头记录，无法判断末尾是否被截去：{chain.anchors}"
    yield from (f"  库外链头记录第 {line} 行无法读取或自相矛盾" for line in chain.unreadable_anchors)
    yield from (f"  第 {_range(one)} 条{_BROKEN_ZH[one.kind]}" for one in chain.broken)
    for one in found.records:
        entry = f"（日志第 {one.entry_no} 条）" if one.entry_no else ""
        yield f"  {_RECORD_ZH[one.kind]}：{one.subject} {one.digest[:12]}{entry}"


def _range(one: Broken) -> str:
    return str(one.first) if one.first == one.last else f"{one.first}–{one.last}"

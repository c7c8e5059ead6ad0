"""Whether the database is older than what it has answered: put back from a backup, it no longer knows what tablets were promised."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.anchor import read
from server.audit.model import AuditEntry
from server.ledger.service import epoch

_WORDS = (
    "数据库比它已确认过的旧：审计日志只到第 {known} 条，而库外记到第 {noted} 条 (restored from a backup)。如果确是从备份恢复，"
    "请先运行 xiangye db restored：平板会把仍保留的记录和照片全部重新提交；否则请先用 xiangye audit verify 查明"
)


@dataclass(frozen=True)
class Behind:
    """`noted`: the last entry whose head was noted outside the database; `known`: the last that the database has."""

    noted: int
    known: int


def behind(session: Session, var_dir: Path) -> Behind | None:
    """None where the database knows the last entry that was noted, just as it was noted, or where none was."""
    heads = read(var_dir, epoch(session)).by_number
    if not heads:
        return None
    noted = max(heads)
    last = select(AuditEntry.entry_no).order_by(AuditEntry.entry_no.desc()).limit(1)
    mark = session.scalar(select(AuditEntry.entry_hash).where(AuditEntry.entry_no == noted))
    return None if mark == heads[noted] else Behind(noted, session.scalar(last) or 0)


def refuse_behind(session: Session, var_dir: Path) -> None:
    """Tablets believe what they were told: served as if nothing had happened, they would never send again what the backup lacks; and
    photos that came after it would be swept away. Raises ValueError with words for whoever looks after the server."""
    if found := behind(session, var_dir):
        raise ValueError(_WORDS.format(known=found.known, noted=found.noted))

"""Is the log what was written, and are the versions those that it tells of? What is not is named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.audit.anchor import read
from server.audit.rules import FIRST, Broken, Link, is_whole, what_is_broken
from server.ledger.service import epoch

UNANCHORED = "unanchored"
_PAGE = 5_000
_LINKS = """
    SELECT entry_no, CASE WHEN isfinite(at) THEN (extract(epoch FROM at) * 1000000)::bigint END, actor, action, subject, detail,
        previous_hash, entry_hash
    FROM xiangye.audit_entry WHERE entry_no > :after ORDER BY entry_no LIMIT :page
    """
# What an entry that was forged tells may have any shape: it is compared as text and never cast.
_TOLD = """
    SELECT e.entry_no, pair ->> 0 AS id, pair ->> 1 AS digest,
        CASE WHEN jsonb_typeof(e.detail -> 'received_from') = 'number' THEN (e.detail -> 'received_from')::numeric END AS low,
        CASE WHEN jsonb_typeof(e.detail -> 'received_to') = 'number' THEN (e.detail -> 'received_to')::numeric END AS high
    FROM xiangye.audit_entry e CROSS JOIN LATERAL jsonb_array_elements(
        CASE WHEN jsonb_typeof(e.detail -> 'versions') = 'array' THEN e.detail -> 'versions' ELSE '[]' END) AS pair
    WHERE e.action = 'records'
    """
_VERSIONS = f"""
    WITH told AS ({_TOLD})
    SELECT coalesce(told.id, v.id::text) AS id, coalesce(told.digest, v.digest) AS digest, told.entry_no,
        CASE WHEN told.id IS NULL THEN 'untold' WHEN v.id IS NULL THEN 'missing' ELSE 'received' END AS kind
    FROM told FULL JOIN xiangye.version v ON v.id::text = told.id AND v.digest = told.digest
    WHERE told.id IS NULL OR v.id IS NULL OR NOT isfinite(v.received_at)
        OR extract(epoch FROM v.received_at) * 1000000 NOT BETWEEN told.low AND told.high
    ORDER BY 1, 2
    """
_UNTOLD_REDACTIONS = """
    SELECT r.subject, r.digest FROM xiangye.redaction r WHERE NOT EXISTS (
        SELECT 1 FROM xiangye.audit_entry e WHERE e.action = 'redact'
        AND e.detail -> 'redactions' @> jsonb_build_array(jsonb_build_array(r.kind, r.subject, r.digest, r.redacted_sha256)))
    ORDER BY 1, 2
    """


class Unlike(NamedTuple):
    """A version that no entry tells of (untold), that is gone (missing), or that says it came at another time (received)."""

    id: str
    digest: str
    entry_no: int | None
    kind: str


@dataclass(frozen=True)
class Checked:
    """`entries`: how many there are; `anchored`: up to which one the heads outside the database vouch, None where there are none."""

    entries: int
    head: str
    anchored: int | None
    anchors: Path
    unreadable_anchors: tuple[int, ...]
    broken: tuple[Broken, ...]


def check_chain(session: Session, var_dir: Path) -> Checked:
    heads = read(var_dir, epoch(session))
    broken = broken_entries(session, heads.by_number)
    count, head = last_entry(session)
    anchored = max(heads.by_number, default=0) if heads.exists else None
    if heads.exists and anchored is not None and count > anchored:
        broken.append(Broken(UNANCHORED, anchored + 1, count))
    return Checked(count, head, anchored, heads.path, heads.unreadable, tuple(broken))


def check_some(session: Session, var_dir: Path, after: int, most: int) -> Checked:
    """So many entries behind that one, as much as fits into a request."""
    noted = read(var_dir, epoch(session))
    count, head = last_entry(session)
    heads = {number: mark for number, mark in noted.by_number.items() if after < number <= after + most}
    rows = session.execute(text(_LINKS), {"after": after, "page": most}).all()
    links = [link for link in (Link(*row) for row in rows) if link.entry_no <= after + most]
    before = session.execute(
        text("SELECT entry_hash FROM xiangye.audit_entry WHERE entry_no = :number"), {"number": after}
    ).scalar()
    whole = is_whole(links, heads, after, before if after else FIRST)
    broken = () if whole else tuple(what_is_broken(links, heads, after))
    last = max(noted.by_number, default=0) if noted.exists else None
    return Checked(count, head, last, noted.path, noted.unreadable, broken)


def broken_entries(session: Session, heads: Mapping[int, str]) -> list[Broken]:
    if is_whole(_links(session), heads):
        return []
    return what_is_broken(list(_links(session)), heads)


def first_broken(session: Session) -> int | None:
    """The number of the first entry that is not as it was written, or None; by the chain alone."""
    return next((one.first for one in broken_entries(session, {})), None)


def last_entry(session: Session) -> tuple[int, str]:
    row = session.execute(
        text("SELECT entry_no, entry_hash FROM xiangye.audit_entry ORDER BY entry_no DESC LIMIT 1")
    ).one_or_none()
    return (row[0], row[1]) if row else (0, "")


def unlike_the_log(session: Session) -> list[Unlike]:
    return [Unlike(*row) for row in session.execute(text(_VERSIONS))]


def untold_redactions(session: Session) -> list[tuple[str, str]]:
    """(subject, digest)."""
    return [(row[0], row[1]) for row in session.execute(text(_UNTOLD_REDACTIONS))]


def _links(session: Session) -> Iterator[Link]:
    after = -(2**62)
    while rows := session.execute(text(_LINKS), {"after": after, "page": _PAGE}).all():
        for row in rows:
            yield Link(*row)
        after = rows[-1][0]

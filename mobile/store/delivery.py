"""What the sync changes in the outbox: offered, answered, to be offered again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import SystemRandom

from mobile.store.copies import Copies
from mobile.store.database import Database
from mobile.store.owners import SENDABLE, Owners
from mobile.store.soundness import DAMAGED, Due, whole
from shared.failpoints import fail
from shared.protocol import CONFLICT, FREES_THE_TABLET, QUARANTINED

FIRST_PAUSE_S = 30
LONGEST_PAUSE = timedelta(hours=1)
_SELDOM = 10
LEFT_BEFORE = "left_before"
"""The setting that names the last receipt of a station which says nothing any more."""
_random = SystemRandom()
# A survey that was begun in the field goes before all that belongs to it, and events before their children: the server cannot read
# what names a survey that it never heard of, and seldom has to hold a child for its parent.
_ORDER = "case r.kind when 'survey' then 0 when 'event' then 1 when 'patrol' then 1 when 'occurrence' then 2 else 3 end, r.seq"


@dataclass(frozen=True)
class Offered:
    record_id: str
    digest: str
    canonical: bytes


@dataclass
class _Portion:
    """`reached`: how many of what was due were looked at; `aside`: what is not sent, and why."""

    offered: list[Offered] = field(default_factory=list)
    aside: list[tuple[Due, str]] = field(default_factory=list)
    reached: int = 0


@dataclass(frozen=True)
class Receipt:
    record_id: str
    digest: str
    outcome: str
    holder: str
    server_epoch: str
    reason: str


class Deliveries:
    def __init__(self, database: Database, copies: Copies, owners: Owners) -> None:
        self._database = database
        self._copies = copies
        self._owners = owners

    def due(self, now: datetime, ignore_pause: bool) -> list[Due]:
        """What waits, parents first."""
        rows = self._database.rows(
            f"""select r.seq, o.record_id, o.digest, o.next_try_at from outbox o join record r using (record_id, digest)
            where o.state in ('waiting', 'sent') order by {_ORDER}""",
        )
        return [Due(*row[:3]) for row in rows if ignore_pause or not pauses(row["next_try_at"], now)]

    def batches(
        self, due: Sequence[Due], most: Callable[[], int], max_bytes: int, now: datetime
    ) -> Iterator[list[Offered]]:
        """These records, in this order, as far as `most` and `max_bytes` of JSON reach (one at least). What is not the bytes that
        were confirmed, and what is somebody else's, goes nowhere and holds up nothing."""
        while due:
            portion = self._portion(due, most(), max_bytes)
            if portion.aside:
                self._put_aside(portion.aside, now)
            if portion.offered:
                yield portion.offered
            due = due[portion.reached :]

    def read(self, due: Sequence[Due], max_bytes: int) -> list[Offered]:
        """The first batch."""
        return self._portion(due, len(due), max_bytes).offered

    def _portion(self, due: Sequence[Due], most: int, max_bytes: int) -> "_Portion":
        found = _Portion()
        for one in due:
            canonical = whole(self._database, self._copies.newest_first, one)
            if canonical is None:
                found.aside.append((one, DAMAGED))
            elif words := self._owners.words_for(canonical):
                found.aside.append((one, words))
            else:
                max_bytes -= len(canonical) + 1
                if found.offered and (max_bytes < 0 or len(found.offered) == most):
                    break
                found.offered.append(Offered(one.record_id, one.digest, canonical))
            found.reached += 1
        return found

    def _put_aside(self, ones: Iterable[tuple[Due, str]], now: datetime) -> None:
        """They are looked at again, but seldom."""
        with self._database.transaction() as connection:
            connection.executemany(
                "update outbox set last_reason = ?, next_try_at = ? where record_id = ? and digest = ?",
                [(reason, next_try(_SELDOM, now), one.record_id, one.digest) for one, reason in ones],
            )

    def sendable_count(self) -> int:
        """Of what waits, what this person can send: once the last round put aside what is somebody else's, or damaged."""
        query = f"select count(*) from outbox where state in ('waiting', 'sent') and {SENDABLE} and last_reason <> ?"
        return self._database.count(query, (DAMAGED,))

    def damaged_count(self) -> int:
        """Of those that were to be sent."""
        query = "select count(*) from outbox where state in ('waiting', 'sent') and last_reason = ?"
        return self._database.count(query, (DAMAGED,))

    def posting(self, offered: Iterable[Offered]) -> None:
        with self._database.transaction() as connection:
            connection.executemany(
                "update outbox set state = 'sent', attempts = attempts + 1 where record_id = ? and digest = ?",
                [(o.record_id, o.digest) for o in offered],
            )
        fail("records_to_post")

    def answered(self, receipts: Sequence[Receipt], province: str, now: datetime) -> None:
        """Keeps receipts; the caller has matched each with an offered id and digest. Only the province's free anything."""
        with self._database.transaction() as connection:
            for receipt in receipts:
                frees = receipt.outcome in FREES_THE_TABLET and receipt.holder == province
                connection.execute(
                    "insert into receipt (record_id, digest, outcome, holder, server_epoch, reason, received_at, frees) values (?,?,?,?,?,?,?,?)",
                    (
                        receipt.record_id,
                        receipt.digest,
                        receipt.outcome,
                        receipt.holder,
                        receipt.server_epoch,
                        receipt.reason,
                        now.isoformat(timespec="seconds"),
                        frees,
                    ),
                )
                state, reason = _state_after(receipt, frees)
                connection.execute(
                    "update outbox set state = ?, last_reason = ?, next_try_at = null where record_id = ? and digest = ?",
                    (state, reason, receipt.record_id, receipt.digest),
                )
            fail("receipts_written")
        fail("receipts_taken")

    def failed(self, offered: Iterable[Offered], reason: str, now: datetime) -> None:
        """They wait again, a little longer each time."""
        with self._database.transaction() as connection:
            for item in offered:
                attempts = connection.execute(
                    "select attempts from outbox where record_id = ? and digest = ?",
                    (item.record_id, item.digest),
                ).fetchone()[0]
                connection.execute(
                    "update outbox set state = 'waiting', last_reason = ?, next_try_at = ? where record_id = ? and digest = ?",
                    (reason, next_try(attempts, now), item.record_id, item.digest),
                )

    def offer_quarantined_again(self) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "update outbox set state = 'waiting', attempts = 0, next_try_at = null where state = 'quarantined'"
            )

    def offer_all_again(self, reason: str) -> int:
        """After a restore the server may have lost what it once confirmed: everything still kept is offered again."""
        with self._database.transaction() as connection:
            changed = connection.execute(
                "update outbox set state = 'waiting', attempts = 0, next_try_at = null, last_reason = ? where state <> 'waiting'",
                (reason,),
            ).rowcount
            connection.execute(
                "update media_file set state = 'waiting', upload_url = null, attempts = 0, next_try_at = null, last_reason = ? "
                "where state = 'held'",
                (reason,),
            )
            # What a station passed on before went to the province that is no more; it has given up its own copy.
            connection.execute(
                "insert or replace into setting select ?, coalesce(max(receipt_no), 0) from receipt", (LEFT_BEFORE,)
            )
            # What the province signed in its new epoch may have come to a station before this tablet heard of it, and was not believed.
            connection.execute("delete from setting where name like 'station_reached:%'")
        return int(changed)


def pause_after(attempts: int) -> timedelta:
    """Twice as long each time, and no two tablets alike."""
    pause = min(LONGEST_PAUSE, timedelta(seconds=FIRST_PAUSE_S * 2 ** min(attempts, 10)))
    return pause * _random.uniform(0.75, 1.0)


def next_try(attempts: int, now: datetime) -> str:
    return (now + pause_after(attempts)).isoformat(timespec="seconds")


def pauses(next_try_at: str | None, now: datetime) -> bool:
    """A pause longer than the longest comes from a clock that jumped: it does not hold anything back."""
    if next_try_at is None:
        return False
    left = datetime.fromisoformat(next_try_at) - now
    return timedelta() < left <= LONGEST_PAUSE


def _state_after(receipt: Receipt, frees: bool) -> tuple[str, str]:
    words = receipt.reason
    if receipt.outcome == QUARANTINED:
        return "quarantined", words
    if not frees:
        return "waiting", "只有中转站收到，省级服务器尚未确认"
    return ("conflict", words or "与另一版本冲突，待人工处理") if receipt.outcome == CONFLICT else ("held", words)

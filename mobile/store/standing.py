"""How the records of this tablet stand with the province, counted as a person counts: a record once, whatever its versions."""

from dataclasses import dataclass
from datetime import datetime

from mobile.store.conflicts import SETTLED
from mobile.store.database import Database

_HELD = "('held', 'conflict')"


@dataclass(frozen=True)
class Standing:
    """`records` on the tablet; of these `held`: the province has every version of them, withdrawals too; `waiting`; `quarantined`:
    the province keeps their bytes and cannot read them; `conflicts`: held, and waiting for a person, so not those that were settled on
    this tablet. `next_try`: when what waits is next sent without a hand, by this tablet's clock."""

    records: int
    held: int
    waiting: int
    quarantined: int
    conflicts: int
    next_try: datetime | None


def standing(database: Database) -> Standing:
    row = database.rows(
        f"""select count(*) records, coalesce(sum(elsewhere = 0), 0) held, coalesce(sum(waits > 0), 0) waiting,
        coalesce(sum(unread > 0), 0) quarantined, coalesce(sum(conflict > 0 or server = 'conflict'), 0) conflicts from (
            select o.record_id, sum(o.state not in {_HELD}) elsewhere, sum(o.state in ('waiting', 'sent')) waits,
            sum(o.state = 'quarantined') unread, sum(o.state = 'conflict' and s.state is null) conflict,
            max(iif({SETTLED}, 'settled', s.state)) server
            from outbox o left join server_state s using (record_id) group by 1)"""
    )[0]
    tries = database.rows("select min(next_try_at) soonest from outbox where state in ('waiting', 'sent')")
    soonest = tries[0]["soonest"]
    return Standing(
        row["records"],
        row["held"],
        row["waiting"],
        row["quarantined"],
        row["conflicts"],
        datetime.fromisoformat(soonest) if soonest else None,
    )

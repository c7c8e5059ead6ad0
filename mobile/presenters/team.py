"""What colleagues recorded in the same surveys, in words: a number, and the newest of them."""

from mobile.store.store import Store
from mobile.store.team import TeamRecord
from shared.clock import CHINA, parse_aware

NEWEST = 20


def team_lines(store: Store) -> tuple[str, ...]:
    """Empty where there are none."""
    number = store.team.count()
    if not number:
        return ()
    return (f"同队记录 {number} 条（他人在同一调查中的，不含敏感物种）", *map(_line, store.team.latest(NEWEST)))


def _line(record: TeamRecord) -> str:
    try:
        day = f"{parse_aware(record.observed_from).astimezone(CHINA):%m月%d日}"
    except ValueError:
        day = ""
    parts = (day, record.name_zh or record.scientific_name or "未定名", record.county, record.observer)
    return " · ".join(part for part in parts if part)

"""Where the surveys are, and what colleagues recorded in them, in words: a number, and the newest."""

from mobile.store.store import Store
from mobile.store.team import TeamRecord
from shared.clock import CHINA, parse_aware

NEWEST, COUNTIES = 20, 5


def place_lines(store: Store) -> tuple[str, ...]:
    """One for each survey of which counties are known."""
    found = [(survey.title, store.survey_places.of(survey.survey_id)) for survey in store.surveys.all()]
    return tuple(f"{title}：{_counties(names)}" for title, names in found if names)


def _counties(names: list[str]) -> str:
    more = f"等 {len(names)} 个县" if len(names) > COUNTIES else ""
    return "、".join(names[:COUNTIES]) + more


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

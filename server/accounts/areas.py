"""Which area lies in which, asked of the county layer, the register of protected areas and the tree of organisations."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.settings import from_environment

EVERYWHERE = "province"
_COUNTIES = "SELECT code FROM xiangye.county WHERE code = :code OR prefecture_code = :code"
_NAMED: dict[str, str] = {
    "prefecture": "SELECT prefecture_name FROM xiangye.county WHERE prefecture_code = :code LIMIT 1",
    "county": "SELECT name_zh FROM xiangye.county WHERE code = :code LIMIT 1",
    "area": "SELECT name_zh FROM xiangye.named_place WHERE kind IN ('protected_area', 'priority_area') AND code = :code LIMIT 1",
    "organisation": "SELECT name FROM xiangye.organisation WHERE CAST(id AS text) = :code",
}
# What an organisation stands in: itself, those above it, and the areas that any of them is set over.
_STANDING = """
    WITH RECURSIVE above AS (
        SELECT id, area_code, parent_id FROM xiangye.organisation WHERE CAST(id AS text) = :code
        UNION SELECT o.id, o.area_code, o.parent_id FROM xiangye.organisation o JOIN above ON o.id = above.parent_id
    )
    SELECT EXISTS (
        SELECT 1 FROM above WHERE CAST(above.id AS text) = :outer OR above.area_code = :outer OR above.area_code IN (
            SELECT code FROM xiangye.county WHERE prefecture_code = :outer
        )
    )
"""
_LIES_IN = f"""
    SELECT EXISTS (
        SELECT 1 FROM xiangye.named_place p WHERE p.kind IN ('protected_area', 'priority_area') AND p.code = :inner
    ) AND NOT EXISTS (
        SELECT 1 FROM xiangye.named_place p WHERE p.kind IN ('protected_area', 'priority_area') AND p.code = :inner
            AND (p.county_codes = '{{}}' OR EXISTS (SELECT unnest(p.county_codes) EXCEPT {_COUNTIES}))
    )
"""


@dataclass(frozen=True, order=True)
class Area:
    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"


def named(told: str) -> Area:
    """`431022`, `431000` and `43` say by their form what they are; any other kind is written before its code."""
    kind, colon, code = told.strip().partition(":")
    if colon:
        return Area(kind, code)
    if len(told.strip()) == 2:
        return Area(EVERYWHERE, told.strip())
    return Area("prefecture" if told.strip().endswith("00") else "county", told.strip())


def name_of(session: Session, area: Area) -> str | None:
    """None where there is no such area. Until counties are loaded, any code of theirs will do."""
    if area.kind == EVERYWHERE:
        # Of the province that this server is for: whoever administers it administers all, and of another there is nothing here.
        home = from_environment().home_province[:2]
        return "全省" if len(area.code) in (2, 6) and area.code.isdecimal() and area.code[:2] == home else None
    found: str | None = session.execute(text(_NAMED[area.kind]), {"code": area.code}).scalar()
    if found is None and area.kind in ("county", "prefecture") and not _counties_are_loaded(session):
        return area.code if len(area.code) == 6 and area.code.isdecimal() else None
    return found


def covers(session: Session, outer: Area, inner: Area) -> bool:
    """Whether all of `inner` lies in `outer`, so far as is known: what cannot be told lies outside."""
    if outer == inner or outer.kind == EVERYWHERE:
        return True
    if inner.kind == EVERYWHERE:
        return False
    if inner.kind == "organisation":
        return bool(session.execute(text(_STANDING), {"code": inner.code, "outer": outer.code}).scalar())
    if outer.kind not in ("prefecture", "county"):
        return False
    if inner.kind == "area":
        return bool(session.execute(text(_LIES_IN), {"inner": inner.code, "code": outer.code}).scalar())
    if inner.kind == "prefecture" or outer.kind == "county":
        return False
    return inner.code in session.execute(text(_COUNTIES), {"code": outer.code}).scalars().all()


def group_is_known(session: Session, group: str) -> bool:
    return session.execute(text("SELECT xiangye.group_no(:group)"), {"group": group}).scalar() is not None


def _counties_are_loaded(session: Session) -> bool:
    return bool(session.execute(text("SELECT EXISTS (SELECT 1 FROM xiangye.county)")).scalar())

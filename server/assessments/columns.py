"""Columns that recur in the tables of both periods."""

from server.reporting.document import Column

NAME = (Column("name_zh", "中文名"), Column("scientific_name", "学名"))
COUNTY = Column("county", "县")
COUNTIES = (Column("counties_before", "上期有记录的县"), Column("counties_now", "本期有记录的县"))


def figure(key: str, title: str, unit: str | None, decimals: int = 0) -> Column:
    return Column(key, title, unit, decimals, align="right")


def both(key: str, title: str, unit: str, decimals: int = 0) -> tuple[Column, Column]:
    """The same figure of the period before and of this one."""
    return figure(f"{key}_before", f"上期{title}", unit, decimals), figure(f"{key}_now", f"本期{title}", unit, decimals)

"""Who may call what: one table, which the server holds to before a view runs, the docs print and the tests try cell by cell."""

import csv
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("policy.csv")
ROLES = (
    "public_reporter",
    "surveyor",
    "ranger",
    "station_lead",
    "reviewer",
    "county_admin",
    "prefecture_admin",
    "province_admin",
    "scientist",
    "auditor",
)
SUBJECTS = ("anonymous", "device", *ROLES)
NOT_SIGNED_IN, NOT_ALLOWED = "-", "x"
MEANINGS: Mapping[str, str] = {
    NOT_SIGNED_IN: "401：须先登录或登记",
    NOT_ALLOWED: "403：此角色无权",
    "ok": "允许，与地点无关",
    "self": "仅限本人的对象；他人的如同不存在 (404)",
    "own": "仅限本人授权范围内的对象；其他县的如同不存在 (404)",
    "city": "本市州各县的对象；其他市州的如同不存在 (404)",
    "all": "全省的对象",
    "grant": "仅凭获准、未过期的查阅许可；否则如同不存在 (404)",
}


@dataclass(frozen=True)
class Row:
    method: str
    route: str
    cells: Mapping[str, str]
    note: str

    @property
    def is_open(self) -> bool:
        return self.cells["anonymous"] != NOT_SIGNED_IN

    @property
    def is_for_devices(self) -> bool:
        return self.cells["device"] not in (NOT_SIGNED_IN, NOT_ALLOWED)

    def allows(self, roles: Iterable[str]) -> bool:
        """Whether any of the roles may call it somewhere; somebody without a role may do what the public may."""
        return any(self.cells[role] not in (NOT_SIGNED_IN, NOT_ALLOWED) for role in set(roles) or {"public_reporter"})


@functools.cache
def table() -> Mapping[tuple[str, str], Row]:
    """By method and route. ValueError where a cell is none of the meanings, or a route stands twice."""
    rows: dict[tuple[str, str], Row] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for line, told in enumerate(csv.DictReader(file), start=2):
            row = _row(line, told)
            if (row.method, row.route) in rows:
                raise ValueError(f"{TABLE.name} 第 {line} 行：{row.method} {row.route} 重复")
            rows[row.method, row.route] = row
    return rows


def _row(line: int, told: Mapping[str, str]) -> Row:
    cells = {subject: told[subject] for subject in SUBJECTS}
    strange = [f"{subject}={cell!r}" for subject, cell in cells.items() if cell not in MEANINGS]
    if strange:
        raise ValueError(f"{TABLE.name} 第 {line} 行：{'、'.join(strange)} 不是可用的值")
    return Row(told["method"], told["route"], cells, told["note"])

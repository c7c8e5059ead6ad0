"""A county with open and guarded finds, each at a place of its own that nothing open is near; for what leaves."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import openpyxl
from sqlalchemy.orm import Session

from tests.admitting import send
from tests.records import EGRET, PANGOLIN, event, occurrence

MACAQUE = {"name_zh": "藏酋猴", "scientific_name": "Macaca thibetana"}
TRAGOPAN = {"name_zh": "黄腹角雉", "scientific_name": "Tragopan caboti"}
YEARS = (2023, 2024)
SECRET = "天坑南口那棵大树下"
HIKER = "18612345678"


@dataclass
class Planted:
    """`guarded`: by record id, latitude and longitude in 1e-7 degree. `taxa`: by record id its scientific name."""

    guarded: dict[str, tuple[int, int]] = field(default_factory=dict)
    taxa: dict[str, str] = field(default_factory=dict)
    open_ids: list[str] = field(default_factory=list)
    walk: str = ""
    lone_walk: str = ""
    passing: str = ""

    def ids_of(self, name: str) -> list[UUID]:
        return [UUID(id_) for id_, taxon in self.taxa.items() if taxon == name]


def place(latitude_e7: int, longitude_e7: int) -> dict[str, Any]:
    told = {"latitude_e7": latitude_e7, "longitude_e7": longitude_e7, "coordinate_uncertainty_in_meters": "8"}
    return {**told, "altitude_m": "913", "vertical_datum": "EGM96", "source": "gnss"}


def plant(session: Session, base: tuple[int, int] = (254_000_000, 1_129_500_000)) -> Planted:
    """8 macaques (level 3) in two years, 7 pangolins (level 1), 3 tragopans (level 2), 6 egrets on a walk and 4 met by chance."""
    made, sent = Planted(), []
    walk = event(place=place(base[0] + 121, base[1] + 131), location_name="一号样线")
    lone = event(
        place=place(base[0] + 60_117, base[1] + 61_113), location_name="二号样线", sampling_protocol="mammal_transect"
    )
    passing = event(
        place=place(base[0] - 70_117, base[1] - 71_113), sampling_protocol="incidental", event_type="visit", effort={}
    )
    made.walk, made.lone_walk, made.passing = walk["id"], lone["id"], passing["id"]
    sent += [walk, lone, passing]
    for n in range(6):
        sent.append(_open(base[0] + n * 1_009, base[1] - n * 1_013, event_id=walk["id"], individual_count=n + 1))
    sent += [_open(base[0] - 30_000 - n * 1_009, base[1] + n * 977) for n in range(4)]
    made.open_ids = [one["id"] for one in sent if one["kind"] == "occurrence"]
    for taxon, count, step in ((MACAQUE, 8, 7_177), (PANGOLIN, 7, 9_173), (TRAGOPAN, 3, 11_171)):
        for n in range(count):
            at = base[0] + 7_777 + (n + 1) * step, base[1] + 9_999 + (n + 1) * (step + 12)
            found = _guarded(taxon, at, n, (walk["id"], lone["id"], passing["id"])[n % 3])
            made.guarded[found["id"]], made.taxa[found["id"]] = at, taxon["scientific_name"]
            sent.append(found)
    told = send(session, *sent)
    assert {one.outcome for one in told} == {"accepted"}, told
    return made


def _open(latitude_e7: int, longitude_e7: int, **fields: Any) -> dict[str, Any]:
    return occurrence(taxon=EGRET, place=place(latitude_e7, longitude_e7), **fields)


def _guarded(taxon: dict[str, str], at: tuple[int, int], n: int, event_id: str) -> dict[str, Any]:
    day = f"{YEARS[n % 2]}-03-{n + 10}"
    return occurrence(
        taxon={**taxon, "confidence": "certain", "method": "eye"},
        place=place(*at),
        event_id=event_id,
        individual_count=n + 1,
        observed_from=f"{day}T06:{n + 10}:00+08:00",
        verbatim_event_date=f"{day} 清晨",
        occurrence_remarks=f"{SECRET}，{at[0] / 1e7:.6f} {at[1] / 1e7:.6f}，电话{HIKER}",
        behavior="在洞口",
        verbatim={"decimalLatitude": f"{at[0] / 1e7:.7f}", "locality": SECRET, "recordedBy": "张三"},
        measurements=[{"code": "dbh_cm", "value": "12.5", "unit": "cm"}],
    )


def everything_in(data: bytes) -> str:
    """Every text of a file: members of archives, cells and raw XML of workbooks, values of JSON."""
    if data[:2] != b"PK":
        told = data.decode("utf-8-sig")
        return told + "\n" + _plain_json(told)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        texts = [name + "\n" + packed.read(name).decode(errors="replace") for name in packed.namelist()]
    if any(text.startswith("xl/") for text in texts):
        book = openpyxl.load_workbook(io.BytesIO(data))
        texts += [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    return "\n".join(texts)


def _plain_json(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False) if text.startswith("{") else ""


def leaks(data: bytes, made: Planted) -> Iterator[tuple[str, str]]:
    """(record, what of it stands in the file): its own ids, either coordinate in any spelling or within 5 m, its words and its day."""
    told = everything_in(data)
    numbers = sorted({float(text) for text in re.findall(r"-?\d{2,3}\.\d+", told)})
    for id_, at in made.guarded.items():
        if id_ in told or id_.replace("-", "") in told:
            yield id_, "id"
        for e7 in at:
            spelled = [str(e7), f"{e7 / 1e7:.7f}"[:-1], _degrees(e7)]
            yield from ((id_, text) for text in spelled if text in told)
            if any(abs(number - e7 / 1e7) < 5e-5 for number in numbers):
                yield id_, f"near {e7 / 1e7}"
    yield from (
        ("any", text) for text in (SECRET, HIKER, "张三", "清晨", "在洞口", "2023-03-1", "2024-03-1") if text in told
    )


def _degrees(e7: int) -> str:
    minutes, seconds = divmod(round(e7 / 1e7 * 3600, 1), 60)
    return f"{int(minutes // 60)}°{int(minutes % 60)}′{seconds}"

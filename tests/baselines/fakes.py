"""A county's frozen records made in memory: no database, no file, nothing ever observed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import shapely

from server.places.grid import cells_of, grid_cell
from server.places.rules import Stamp
from server.sensitivity.records import DisclosedPlace, ExactPlace, FrozenRecord
from server.sensitivity.rules import Cell as DisclosureCell
from server.sensitivity.rules import cell_of, words
from server.snapshots.context import Area, Cell, Context, DatasetFacts, Rendition, SurveyFacts, Taxon
from server.snapshots.service import Snapshot

COUNTY, NAME = "431022", "宜章县"
OUTLINE = shapely.Polygon(
    [(112.62, 24.92), (113.18, 24.88), (113.25, 25.25), (113.12, 25.62), (112.78, 25.58), (112.6, 25.3)]
)
NEIGHBOUR = shapely.Polygon([(112.2, 24.9), (112.62, 24.92), (112.6, 25.3), (112.3, 25.4)])
RECEIVED = datetime(2025, 5, 21, 2, 0, tzinfo=UTC)

_TAXA = (
    ("manis", "Manis pentadactyla", "穿山甲", "哺乳类", "Pholidota", "Manidae", "I", 1, ()),
    ("viper", "Protobothrops mangshanensis", "莽山烙铁头蛇", "爬行类", "Squamata", "Viperidae", "I", 1, ()),
    ("tragopan", "Tragopan caboti", "黄腹角雉", "鸟类", "Galliformes", "Phasianidae", "I", 2, ()),
    ("macaque", "Macaca thibetana", "藏酋猴", "哺乳类", "Primates", "Cercopithecidae", "II", 3, ()),
    ("magpie", "Urocissa erythroryncha", "红嘴蓝鹊", "鸟类", "Passeriformes", "Corvidae", None, 0, ()),
    ("bulbul", "Spizixos semitorques", "领雀嘴鹎", "鸟类", "Passeriformes", "Pycnonotidae", None, 0, ()),
    ("tit", "Parus minor", "大山雀", "鸟类", "Passeriformes", "Paridae", None, 0, ()),
    ("redstart", "Phoenicurus fuliginosus", "红尾水鸲", "鸟类", "Passeriformes", "Muscicapidae", None, 0, ()),
    ("forktail", "Enicurus scouleri", "小燕尾", "鸟类", "Passeriformes", "Muscicapidae", None, 0, ()),
    ("yew", "Taxus wallichiana var. mairei", "南方红豆杉", "维管束植物", "Pinales", "Taxaceae", "I", 0, ()),
    (
        "weed",
        "Alternanthera philoxeroides",
        "空心莲子草",
        "维管束植物",
        "Caryophyllales",
        "Amaranthaceae",
        None,
        0,
        ("重点管理外来入侵物种名录",),
    ),
    (
        "horseweed",
        "Erigeron canadensis",
        "小蓬草",
        "维管束植物",
        "Asterales",
        "Asteraceae",
        None,
        0,
        ("重点管理外来入侵物种名录",),
    ),
    ("swallowtail", "Papilio xuthus", "柑橘凤蝶", "昆虫", "Lepidoptera", "Papilionidae", None, 0, ()),
)
LEVELS = {row[0]: row[7] for row in _TAXA}
RANKS = {"yew": "variety"}


def taxa() -> dict[str, Taxon]:
    made = {
        key: Taxon(
            taxon_id=key,
            scientific_name=latin,
            name_zh=chinese,
            rank=RANKS.get(key, "species"),
            kingdom=None,
            phylum=None,
            class_name=None,
            order_name=order,
            family=family,
            genus=latin.split()[0],
            group_zh=group,
            status="accepted",
            family_zh=None,
            order_zh=None,
            protection_class=grade,
            protection_entry=None,
            wild_only=False,
            invasive_lists=invasive,
            red_list="CR" if key == "manis" else None,
            red_list_source=None,
            endemic=True if key == "viper" else None,
        )
        for key, latin, chinese, group, order, family, grade, _, invasive in _TAXA
    }
    made["genus"] = replace(
        made["tit"], taxon_id="genus", scientific_name="Phylloscopus", name_zh="柳莺属", rank="genus"
    )
    made["unheard"] = replace(
        made["tit"], taxon_id="unheard", scientific_name="Parus ignotus", name_zh=None, status="provisional"
    )
    return made


class Field:
    """Makes records one after another, each at its own place."""

    def __init__(self) -> None:
        self.records: list[FrozenRecord] = []

    def add(
        self, kind: str, body: Mapping[str, Any], at: tuple[float, float] | None = None, level: int = 0, **facts: Any
    ) -> FrozenRecord:
        number = len(self.records) + 1
        id_ = f"018f0000-0000-7000-8000-{number:012d}"
        place = (
            None
            if at is None
            else {
                "latitude_e7": round(at[1] * 1e7),
                "longitude_e7": round(at[0] * 1e7),
                "coordinate_uncertainty_in_meters": "8",
                "source": "gnss",
                "altitude_m": None,
                "vertical_datum": None,
                "mock": False,
            }
        )
        base = {
            "survey_id": "survey",
            "dataset_id": None,
            "observed_from": "2025-05-20T08:29:00+08:00",
            "observed_to": None,
            "date_precision": "minute",
            "verbatim_event_date": None,
            "place": place,
        }
        record = FrozenRecord(
            id=id_,
            kind=kind,
            observed_year=2025,
            received_at=RECEIVED,
            head_digest=f"{number:064x}",
            state="current",
            author="author",
            device="device",
            body={**base, **body},
            exact=exact(at) if at else None,
            disclosed=disclosed(at, level) if at else None,
            **facts,
        )
        self.records.append(record)
        return record

    def sighting(
        self,
        taxon: str,
        at: tuple[float, float] | None,
        event: FrozenRecord | None = None,
        count: int = 1,
        **fields: Any,
    ) -> FrozenRecord:
        facts = taxa()[taxon]
        body = {
            "event_id": event.id if event else None,
            "taxon": {
                "taxon_id": taxon,
                "scientific_name": facts.scientific_name,
                "name_zh": facts.name_zh,
                "verbatim_name": None,
            },
            "occurrence_status": "present",
            "individual_count": count,
            "organism_quantity": None,
            "organism_quantity_type": None,
            "sex": None,
            "life_stage": None,
            "behavior": None,
            "evidence_class": "field",
            "basis_of_record": "HumanObservation",
            "establishment_means": None,
            "degree_of_establishment": None,
            "pathway": None,
            "occurrence_remarks": None,
            "measurements": [],
            "recorded_by": ["p0123456789abcdef"],
            "verbatim": {},
        }
        level = LEVELS.get(taxon, 2)
        return self.add("occurrence", {**body, **fields}, at, level, taxon_id=taxon, asked_level=level)

    def event(self, at: tuple[float, float], kind: str = "event", level: int = 0, **fields: Any) -> FrozenRecord:
        body = {
            "parent_event_id": None,
            "event_type": "transect",
            "sampling_protocol": "bird_transect",
            "target_group": "birds",
            "location_name": "样线",
            "geometry": None,
            "effort": {"length_m": "2000", "duration_min": "60", "area_m2": None, "observers": 2},
            "participants": [{"person_id": "person-1", "role": "observer", "order": 0}],
            "measurements": [],
        }
        return self.add(kind, {**body, **fields}, at, level)


def exact(at: tuple[float, float]) -> ExactPlace:
    stamp = Stamp(COUNTY, NAME, "431000", "郴州市", True, False, 3000.0, (), grid_cell(*at), "fake-layer-1")
    return ExactPlace(at[1], at[0], round(at[1] * 1e7), round(at[0] * 1e7), 8.0, None, stamp)


def disclosed(at: tuple[float, float], level: int) -> DisclosedPlace:
    cell = cell_of(round(at[1] * 1e7), round(at[0] * 1e7), level)
    within = cell is not None and OUTLINE.covers(shapely.box(*_bounds(cell)))
    if level > 1 and not within:
        return DisclosedPlace(
            level,
            None,
            None,
            cell.size_deg if cell else None,
            None,
            COUNTY,
            NAME,
            True,
            False,
            None,
            "仅到县",
            "敏感",
            False,
        )
    shown: tuple[float | None, float | None] = cell.centre if cell else (at if level == 0 else (None, None))
    generalised, withheld = words(level, "county")
    code = grid_cell(shown[0], shown[1]) if shown[0] is not None and shown[1] is not None else None
    return DisclosedPlace(
        level,
        shown[1],
        shown[0],
        cell.size_deg if cell else None,
        cell.half_diagonal_m if cell else 8.0,
        COUNTY,
        NAME,
        True,
        False,
        code,
        generalised,
        withheld,
        within if level > 1 else None,
    )


def _bounds(cell: DisclosureCell) -> tuple[float, float, float, float]:
    side = cell.size_deg
    return cell.x * side, cell.y * side, (cell.x + 1) * side, (cell.y + 1) * side


def context(demonstration: bool = True, renditions: Mapping[str, Rendition] | None = None) -> Context:
    cells = tuple(Cell(one.code, one.share, one.polygon.wkt) for one in cells_of(shapely.MultiPolygon([OUTLINE])))
    lists = (
        {
            "list_id": "protected_animals_2021",
            "kind": "protected",
            "title_zh": "国家重点保护野生动物名录",
            "short_title_zh": "国家重点保护野生动物",
            "version": "2021",
            "announcement": "国家林业和草原局、农业农村部公告2021年第3号",
            "issued_on": "2021-02-01",
            "in_force_on": "2021-02-01",
            "digest": "0" * 64,
            "taxon_count": 980,
            "group_count": 8,
            "unverified_count": 0,
            "unverified_rows": "",
        },
    )
    return Context(
        boundary_version="fake-layer-1",
        boundary_source="fake",
        grid_label="非国家网格编码",
        counties=(Area(COUNTY, NAME, "郴州市", "湖南省", OUTLINE.wkt),),
        neighbours=(Area("431023", "临武县", "郴州市", "湖南省", NEIGHBOUR.wkt),),
        cells=cells,
        taxa=taxa(),
        lists=lists,
        surveys={"survey": SurveyFacts("survey", "宜章县生物多样性本底调查", "county_baseline", "dataset")},
        datasets={
            "dataset": DatasetFacts(
                "dataset", "演示数据集" if demonstration else "调查数据集", "测试单位", "CC BY-NC 4.0", demonstration
            )
        },
        renditions=renditions or {},
    )


def snapshot(records: Sequence[FrozenRecord], about: Context | None = None) -> Snapshot:
    return Snapshot(
        id="baseline-20250630-0123456789ab",
        kind="baseline",
        parameters={"counties": [COUNTY], "profile": "hunan-county/1"},
        as_of=date(2025, 6, 30),
        change_no=77,
        digest="ab" * 32,
        software="xiangye 0.1.0",
        records=tuple(records),
        context=about or context(),
    )


INCIDENTAL = {
    "manis": (112.93713, 24.96371),
    "viper": (112.94719, 24.97173),
    "tragopan": (112.95, 25.05),
    "macaque": (112.96, 25.06),
    "yew": (113.0, 25.1),
    "swallowtail": (113.0, 25.1),
}


def field_day() -> Field:
    """Five transects with zero counts, two plots, a patrol with a gap and findings, guarded and doubtful records."""
    field = Field()
    walks = [field.event((112.93 + n * 0.03, 24.99 + n * 0.02), location_name=f"{n + 1}号样线") for n in range(5)]
    for n, walk in enumerate(walks):
        at = (112.93 + n * 0.03, 24.99 + n * 0.02)
        for taxon in ("magpie", "bulbul", "tit", "redstart", "forktail")[: 2 + n % 4]:
            field.sighting(taxon, at, walk, count=n + 2)
        field.sighting("tragopan", at, walk, count=0, occurrence_status="absent")
    for taxon, at in INCIDENTAL.items():
        field.sighting(taxon, at)
    for taxon, area, cover, grade in (
        ("weed", "320", "45", "moderate"),
        ("weed", "80.5", "10", "light"),
        ("horseweed", "150", "20", "light"),
    ):
        plot = field.event(
            (113.02, 25.15),
            event_type="plot",
            sampling_protocol="invasive_plot",
            target_group="invasive",
            effort={"area_m2": "100"},
        )
        measurements = [
            {"code": "occurrence_area_m2", "value": area, "unit": "m2"},
            {"code": "cover_pct", "value": cover, "unit": "%"},
            {"code": "damage_grade", "value": grade, "unit": None},
        ]
        field.sighting(taxon, (113.02, 25.15), plot, measurements=measurements)
    patrol = field.event(
        (112.92377, 24.96191),
        "patrol",
        level=2,
        event_type="patrol",
        sampling_protocol="patrol",
        target_group=None,
        effort={},
        location_name="天台山巡护线",
        observed_to="2025-05-20T10:29:00+08:00",
        leader="person-1",
        nil_report=False,
        pauses=[],
        gaps=[{"from_": "2025-05-20T09:00:00+08:00", "to": "2025-05-20T09:09:00+08:00"}],
    )
    for leg in range(2):
        points = [[n * 10_000, 1_129_200_000 + leg * 500_000 + n * 10_000, 249_600_000, 500, None] for n in range(31)]
        field.add("track_segment", {"patrol_id": patrol.id, "leg": leg, "points": points})
    for kind, state in (("snare", "closed"), ("fire", "open")):
        body = {
            "event_id": patrol.id,
            "finding_type": kind,
            "case_state": state,
            "action_taken": "拆除",
            "evidence_number": "证1",
            "finding_remarks": None,
        }
        field.add("finding", body, (112.92519, 24.96237), 3)
    field.sighting("genus", (113.0, 25.1))
    field.sighting("unheard", (113.0, 25.1))
    field.sighting("magpie", (113.0, 25.1), evidence_only=True)
    field.sighting("tit", None)
    return field

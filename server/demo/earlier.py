"""Generated records of earlier years in three counties, as the Darwin Core table that an institute would hand over.

Every number comes from one seed, so the table is the same each time; nothing in it was ever observed.
"""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

YEARS = range(2016, 2025)
TURN_OF_PERIOD = 2021
COLUMNS = (
    "occurrenceID",
    "eventID",
    "basisOfRecord",
    "occurrenceStatus",
    "scientificName",
    "vernacularName",
    "individualCount",
    "eventDate",
    "samplingProtocol",
    "sampleSizeValue",
    "sampleSizeUnit",
    "decimalLatitude",
    "decimalLongitude",
    "geodeticDatum",
    "coordinateUncertaintyInMeters",
    "countryCode",
    "stateProvince",
    "county",
    "recordedBy",
    "occurrenceRemarks",
)

Pool = Sequence[tuple[str, str]]
BIRDS: Pool = (
    ("白鹭", "Egretta garzetta"),
    ("苍鹭", "Ardea cinerea"),
    ("池鹭", "Ardeola bacchus"),
    ("小䴙䴘", "Tachybaptus ruficollis"),
    ("黑水鸡", "Gallinula chloropus"),
    ("山斑鸠", "Streptopelia orientalis"),
    ("普通翠鸟", "Alcedo atthis"),
    ("家燕", "Hirundo rustica"),
    ("白鹡鸰", "Motacilla alba"),
    ("领雀嘴鹎", "Spizixos semitorques"),
    ("白头鹎", "Pycnonotus sinensis"),
    ("棕背伯劳", "Lanius schach"),
    ("红嘴蓝鹊", "Urocissa erythroryncha"),
    ("鹊鸲", "Copsychus saularis"),
    ("红尾水鸲", "Rhyacornis fuliginosa"),
    ("乌鸫", "Turdus mandarinus"),
    ("大山雀", "Parus minor"),
    ("麻雀", "Passer montanus"),
    ("白腰文鸟", "Lonchura striata"),
    ("灰头鹀", "Emberiza spodocephala"),
    ("灰胸竹鸡", "Bambusicola thoracicus"),
    ("环颈雉", "Phasianus colchicus"),
)
MAMMALS: Pool = (
    ("黄鼬", "Mustela sibirica"),
    ("鼬獾", "Melogale moschata"),
    ("花面狸", "Paguma larvata"),
    ("野猪", "Sus scrofa"),
    ("小麂", "Muntiacus reevesi"),
    ("赤腹松鼠", "Callosciurus erythraeus"),
    ("中国豪猪", "Hystrix hodgsoni"),
    ("藏酋猴", "Macaca thibetana"),
    ("毛冠鹿", "Elaphodus cephalophus"),
)
HERPS: Pool = (
    ("中国石龙子", "Plestiodon chinensis"),
    ("铜蜓蜥", "Sphenomorphus indicus"),
    ("银环蛇", "Bungarus multicinctus"),
    ("尖吻蝮", "Deinagkistrodon acutus"),
    ("乌梢蛇", "Ptyas dhumnades"),
    ("王锦蛇", "Elaphe carinata"),
)
PLANTS: Pool = (
    ("南方红豆杉", "Taxus wallichiana var. mairei"),
    ("伯乐树", "Bretschneidera sinensis"),
    ("鹅掌楸", "Liriodendron chinense"),
    ("闽楠", "Phoebe bournei"),
    ("马尾松", "Pinus massoniana"),
    ("杉木", "Cunninghamia lanceolata"),
)
INVASIVES: Pool = (
    ("空心莲子草", "Alternanthera philoxeroides"),
    ("小蓬草", "Erigeron canadensis"),
    ("加拿大一枝黄花", "Solidago canadensis"),
    ("福寿螺", "Pomacea canaliculata"),
)


@dataclass(frozen=True)
class Ground:
    """A county's survey ground: four visited sites about its centre, and what only one of the two periods had."""

    code: str
    name: str
    longitude: float
    latitude: float
    only_before: Pool
    only_after: Pool


GROUNDS = (
    Ground(
        "431022",
        "宜章县",
        112.80,
        25.27,
        (("白颈长尾雉", "Syrmaticus ellioti"), ("原矛头蝮", "Protobothrops mucrosquamatus")),
        (
            ("黄腹角雉", "Tragopan caboti"),
            ("紫啸鸫", "Myophonus caeruleus"),
            ("莽山烙铁头蛇", "Protobothrops mangshanensis"),
        ),
    ),
    Ground(
        "430621",
        "岳阳县",
        113.10,
        29.20,
        (("中华秋沙鸭", "Mergus squamatus"), ("凤头麦鸡", "Vanellus vanellus")),
        (("小天鹅", "Cygnus columbianus"), ("豆雁", "Anser fabalis"), ("麋鹿", "Elaphurus davidianus")),
    ),
    Ground(
        "430529",
        "城步苗族自治县",
        110.29,
        26.35,
        (("红腹角雉", "Tragopan temminckii"), ("华南兔", "Lepus sinensis")),
        (("白冠长尾雉", "Syrmaticus reevesii"), ("大鲵", "Andrias davidianus")),
    ),
)
_METHODS: Mapping[str, tuple[Pool, str, str]] = {
    "鸟类样线": (BIRDS, "2", "km"),
    "兽类样线": (MAMMALS, "5", "km"),
    "两栖爬行类样线": (HERPS, "1", "km"),
    "植物样方": (PLANTS, "400", "m2"),
    "外来入侵物种踏查": (INVASIVES, "3", "km"),
}
_SEASONS = ("03-18", "05-22", "09-14", "12-06")


def write(path: Path) -> int:
    """Rows written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [row for ground in GROUNDS for row in _rows(ground)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _rows(ground: Ground) -> Iterator[dict[str, str]]:
    chance = random.Random(f"earlier years, {ground.code}")
    for year in YEARS:
        for number, (method, (pool, size, unit)) in enumerate(_METHODS.items()):
            if chance.random() < 0.45 and year != TURN_OF_PERIOD:
                continue
            site = chance.randrange(4)
            event = {
                "eventID": f"XY-{ground.code}-{year}-{number + 1}",
                "eventDate": f"{year}-{_SEASONS[(year + number) % 4]}",
                "samplingProtocol": method,
                "sampleSizeValue": size,
                "sampleSizeUnit": unit,
                "county": ground.name,
                "stateProvince": "湖南省",
                "countryCode": "CN",
                "geodeticDatum": "WGS84",
                "coordinateUncertaintyInMeters": "30",
                "recordedBy": "演示数据生成程序",
                "occurrenceRemarks": "演示数据",
                "basisOfRecord": "HumanObservation",
                "occurrenceStatus": "present",
            }
            yield from _visit(chance, ground, event, _seen(chance, ground, pool, year, method), site)


def _seen(chance: random.Random, ground: Ground, pool: Pool, year: int, method: str) -> list[tuple[str, str]]:
    seen = [name for place, name in enumerate(pool) if chance.random() < 0.75 - 0.5 * place / len(pool)]
    special = ground.only_before if year < TURN_OF_PERIOD else ground.only_after
    if method in ("鸟类样线", "兽类样线", "两栖爬行类样线"):
        seen += [name for name in special if chance.random() < 0.5]
    return seen or [pool[0]]


def _visit(
    chance: random.Random, ground: Ground, event: Mapping[str, str], seen: Sequence[tuple[str, str]], site: int
) -> Iterator[dict[str, str]]:
    for number, (name_zh, scientific_name) in enumerate(seen, 1):
        longitude = ground.longitude + (site % 2) * 0.09 - 0.045 + chance.uniform(-0.01, 0.01)
        latitude = ground.latitude + (site // 2) * 0.09 - 0.045 + chance.uniform(-0.01, 0.01)
        yield {
            **event,
            "occurrenceID": f"{event['eventID']}-{number}",
            "scientificName": scientific_name,
            "vernacularName": name_zh,
            "individualCount": str(1 + int(chance.expovariate(0.35))),
            "decimalLatitude": f"{latitude:.6f}",
            "decimalLongitude": f"{longitude:.6f}",
        }

"""What a five-yearly assessment says of each county's index, counted anew; imports nothing of the project."""

from recounting.baseline import ANY, EVIDENCE, Row
from recounting.figures import DASH, text
from recounting.index import BUTTERFLIES, PARAMETERS, VERTEBRATES, natives, raw_values
from recounting.region import Region

NONE = "不能计算"


def covered(region: Region) -> list[str]:
    """Counties with a record, by code."""
    return [code for code, lines in region.recorded.items() if lines[1]]


def county_index(region: Region) -> list[Row]:
    rows = []
    for code in covered(region):
        raw = raw_values(list(region.recorded[code][1].values()))
        rows.append(
            [
                region.names[code],
                *(text(value, 0 if n < 3 else 4) if value is not None else NONE for n, value in enumerate(raw)),
                NONE,
                NONE,
            ]
        )
    return rows


def county_weighted(region: Region) -> list[Row]:
    rows = []
    for code in covered(region):
        raw = raw_values(list(region.recorded[code][1].values()))
        normal = [
            None if v is None else v * 100 / float(maximum) for v, (_, maximum, _) in zip(raw, PARAMETERS, strict=True)
        ]
        weighted = [
            None if v is None else float(weight) * (100 - v if name.startswith("外来") else v)
            for v, (name, _, weight) in zip(normal, PARAMETERS, strict=True)
        ]
        for step, values in (("归一化", normal), ("加权", weighted)):
            rows.append([region.names[code], step, *(NONE if v is None else text(v, 4) for v in values)])
    return rows


def county_matrix(region: Region) -> list[Row]:
    rows = []
    for code in covered(region):
        counts = [raw_values(list(lines.values()))[:2] for lines in region.recorded[code]]
        figures = (counts[0][0], counts[1][0], counts[0][1], counts[1][1])
        rows.append([region.names[code], *map(text, figures), NONE, NONE])
    return rows


def county_basis(region: Region) -> list[Row]:
    rows = []
    for code in covered(region):
        lines = region.recorded[code][1].values()
        evidence = {one.body["evidence_class"] for line in lines for one in line.seen}
        animals = natives(list(lines))[0]
        has = {"蝶类" if one.family in BUTTERFLIES else one.group for one in animals}
        missing = "、".join(name for name in (*VERTEBRATES, "蝶类") if name not in has) or DASH
        unknown = sum(not line.taxon.endemic for line in lines)
        rows.append(
            [
                region.names[code],
                "、".join(zh for key, zh in EVIDENCE.items() if key in evidence),
                ANY,
                missing,
                text(unknown),
                ANY,
            ]
        )
    return rows

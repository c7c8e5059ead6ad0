"""The county index of HJ 623-2011 from recorded wild taxa; imports nothing of the project. The parameters are those that the report prints."""

from decimal import Decimal
from typing import Any

from recounting.figures import text

PARAMETERS = (
    ("野生动物丰富度（R_V）", "635", "0.20"),
    ("野生维管束植物丰富度（R_P）", "3662", "0.20"),
    ("生态系统类型多样性（D_E）", "124", "0.20"),
    ("物种特有性（E_D）", "0.3070", "0.20"),
    ("受威胁物种的丰富度（R_T）", "0.1572", "0.10"),
    ("外来物种入侵度（E_I）", "0.1441", "0.10"),
)
ANIMALS, PLANTS = 635, 3662
VERTEBRATES = ("哺乳类", "鸟类", "爬行类", "两栖类", "鱼类")
BUTTERFLIES = ("Papilionidae", "Pieridae", "Nymphalidae", "Lycaenidae", "Riodinidae", "Hesperiidae")
THREATENED = ("CR", "EN", "VU")


def index_rows(lines: list[Any]) -> list[list[str]]:
    raw = raw_values(lines)
    rows = []
    for (name, maximum, weight), value in zip(PARAMETERS, raw, strict=True):
        normal = None if value is None else value * 100 / float(maximum)
        counted = None if normal is None else 100 - normal if name.startswith("外来") else normal
        weighted = None if counted is None else float(weight) * counted
        rows.append(
            [
                name,
                text(value, 4),
                text(Decimal(maximum), 4),
                text(normal, 4),
                text(Decimal(weight), 2),
                text(weighted, 4),
            ]
        )
    return [*rows, ["生物多样性指数（BI）", *["—"] * 5]]


def raw_values(lines: list[Any]) -> list[float | None]:
    """R_V, R_P, D_E (vegetation was not surveyed), E_D, R_T, E_I."""
    animals, plants, invaders = natives(lines)
    native = len(animals) + len(plants)
    return [
        float(len(animals)),
        float(len(plants)),
        None,
        (sum(one.endemic for one in animals) / ANIMALS + sum(one.endemic for one in plants) / PLANTS) / 2,
        (
            sum(one.red_list in THREATENED for one in animals) / ANIMALS
            + sum(one.red_list in THREATENED for one in plants) / PLANTS
        )
        / 2,
        len(invaders) / native if native else None,
    ]


def natives(lines: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Wild animals of the six groups, wild vascular plants, and listed invaders of both, which are not native."""
    wild = [line.taxon for line in lines if any(one.wild for one in line.seen)]
    below = {" ".join(one.name.split()[:2]) for one in wild if one.rank != "species"}
    wild = [one for one in wild if one.name not in below]
    animals = [one for one in wild if one.group in VERTEBRATES or one.family in BUTTERFLIES]
    plants = [one for one in wild if one.group == "维管束植物"]
    invaders = [one for one in (*animals, *plants) if one.invasive]
    native_animals, native_plants = ([one for one in group if not one.invasive] for group in (animals, plants))
    return native_animals, native_plants, invaders

"""Names by the ten thousand, made from the parts of real ones, the same for the same seed."""

import csv
import random
from functools import cache
from pathlib import Path

from pypinyin import lazy_pinyin

from mobile.species.entry import Species
from mobile.species.pack import NamedSpecies

LISTS = Path(__file__).resolve().parents[2] / "species_lists"
SOURCES = ("checklist_hunan_common", "protected_animals_2021", "protected_plants_2021", "invasive_key_managed_2022")


@cache
def real_names() -> tuple[tuple[str, str], ...]:
    """(Chinese, Latin) of the species in our own lists."""
    found = []
    for source in SOURCES:
        with (LISTS / f"{source}.csv").open(encoding="utf-8", newline="") as file:
            found += [(row["name_zh"], row["scientific_name"]) for row in csv.DictReader(file)]
    return tuple(sorted({pair for pair in found if len(pair[0]) > 1 and len(pair[1].split()) == 2}))


@cache
def make_names(count: int, seed: int = 20261127) -> tuple[NamedSpecies, ...]:
    """`count` names of two fifths as many species: each has a Chinese and a Latin one, every fourth a synonym of either."""
    dice = random.Random(seed)
    chinese, latin = zip(*real_names(), strict=True)
    heads = [name[: len(name) - cut] for name in chinese for cut in (1, 2) if len(name) > cut]
    tails = [name[-cut:] for name in chinese for cut in (1, 2)]
    genera, epithets = zip(*(name.split() for name in latin), strict=True)

    def chinese_name() -> str:
        return dice.choice(heads) + dice.choice(tails)

    def latin_name() -> str:
        return f"{dice.choice(genera)} {dice.choice(epithets)}"

    names: list[NamedSpecies] = []
    used: set[str] = set()
    while len(names) < count:
        species = Species(f"t{len(used)}", latin_name(), chinese_name())
        if species.name_zh in used:
            continue
        used.add(species.name_zh)
        names += [_spoken(species, species.name_zh), NamedSpecies(species, species.scientific_name, "", "")]
        if len(used) % 4 == 0:
            names += [_spoken(species, chinese_name()), NamedSpecies(species, latin_name(), "", "")]
    return tuple(names[:count])


def _spoken(species: Species, name: str) -> NamedSpecies:
    syllables = [_syllable(sign) for sign in name]
    return NamedSpecies(species, name, " ".join(syllables), "".join(syllable[0] for syllable in syllables))


@cache
def _syllable(sign: str) -> str:
    """A sign that pypinyin cannot read stands for nothing real here, so any syllable will do."""
    (syllable,) = lazy_pinyin(sign, v_to_u=False)
    return syllable if syllable.isascii() and syllable.isalpha() else "ju"

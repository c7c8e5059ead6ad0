"""What the installed pack knows beyond names: what is likely in this county and month, and what a species is taken for.

All of it only helps to choose; what cannot be read is not offered, and nobody is stopped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from mobile.device.ports import Fix, TabletClock
from mobile.species.entry import Species
from mobile.species.pack import PackUnreadable, county_at, open_pack, read_likely, read_lookalikes
from shared.clock import CHINA
from shared.taxon_pack import CELL_E7, cell_of


@dataclass(frozen=True)
class Expected:
    """`weights` by taxon id, larger is likelier; empty where nothing is known of this county and month."""

    county_name: str = ""
    month: int = 0
    weights: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LookAlike:
    """`difference`: by what the eye tells the other from the one chosen."""

    species: Species
    difference: str


class Guide:
    """`position` is the best fix or None; without one, the last county counts. Asked again and again, so what was read is kept
    until the pack, the county or the month changes; what could not be read is not kept, since the same pack may come again."""

    def __init__(self, pack: Callable[[], Path | None], position: Callable[[], Fix | None], clock: TabletClock) -> None:
        self._pack, self._position, self._clock = pack, position, clock
        self._cell: tuple[int, int] | None = None

    def expected(self) -> Expected:
        path, fix = self._pack(), self._position()
        if fix is not None:
            self._cell = cell_of(fix.latitude_e7, fix.longitude_e7)
        if path is None or self._cell is None:
            return Expected()
        try:
            return _expected(path, self._cell, self._clock.now().astimezone(CHINA).month)
        except PackUnreadable:
            return Expected()

    def look_alikes(self, species: Species | None) -> tuple[LookAlike, ...]:
        path = self._pack()
        if path is None or species is None or species.taxon_id is None:
            return ()
        try:
            return _look_alikes(path, species.taxon_id)
        except PackUnreadable:
            return ()


@lru_cache(maxsize=8)
def _expected(path: Path, cell: tuple[int, int], month: int) -> Expected:
    row, column = cell
    code = county_at(path, row * CELL_E7, column * CELL_E7)
    return Expected(_county_name(path, code), month, read_likely(path, code, month)) if code else Expected()


def _county_name(path: Path, code: str) -> str:
    with open_pack(path) as pack:
        found = pack.execute("select name_zh from county where county_code = ?", (code,)).fetchone()
        return str(found["name_zh"]) if found else ""


@lru_cache(maxsize=32)
def _look_alikes(path: Path, taxon_id: str) -> tuple[LookAlike, ...]:
    return tuple(LookAlike(species, difference) for species, difference in read_lookalikes(path, taxon_id))

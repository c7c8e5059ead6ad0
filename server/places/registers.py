"""What is known of places without a boundary: our own registers, put in force beneath whatever layers are loaded."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

import shapely
from sqlalchemy.orm import Session

from server.places.features import Place
from server.places.model import BoundaryVersion
from server.places.standing import places, standing
from server.places.writing import carry_over, open_version, write_places
from shared.clock import SystemClock, today_in_china

_FILES: Mapping[str, str] = {
    "protected_area": "protected_areas.csv",
    "priority_area": "priority_areas.csv",
    "river_section": "river_sections.csv",
}
_TYPED = frozenset(
    "code name_zh level category county_codes area_ha status source note west south east north parent_code".split()
)


@dataclass(frozen=True)
class Register:
    kind: str
    file: str
    digest: str
    places: tuple[Place, ...]

    @property
    def version(self) -> str:
        return f"{self.kind}-register-{self.digest[:8]}"


def read_registers() -> tuple[Register, ...]:
    return tuple(_read(kind, name) for kind, name in _FILES.items())


def read_register(kind: str, file: str, content: bytes) -> Register:
    """ValueError, with the row, for a code that comes twice, a status that is neither, or half an extent."""
    rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
    found: dict[str, Place] = {}
    for n, row in enumerate(rows, 2):
        place = _place(row, f"{file} row {n}")
        if place.code in found:
            raise ValueError(f"{file} row {n}: the code {place.code} comes twice")
        found[place.code] = place
    return Register(kind, file, hashlib.sha256(content).hexdigest(), tuple(found.values()))


def load_registers(session: Session, registers: Sequence[Register], loaded_by: str) -> dict[str, int]:
    """How many places of each register are new or changed by it. A register loaded once, in force or not, changes nothing.

    A place that has a boundary already keeps all that was loaded with it."""
    changed = {}
    for register in registers:
        if session.get(BoundaryVersion, register.version) is None:
            changed[register.kind] = _put_in_force(session, register, loaded_by)
    return changed


def _put_in_force(session: Session, register: Register, loaded_by: str) -> int:
    at = standing(session, register.kind)
    known = places(session, at, [place.code for place in register.places])
    taken = [place for place in register.places if place.code not in known or known[place.code].shape is None]
    open_version(
        session,
        BoundaryVersion(
            id=register.version,
            kind=register.kind,
            source=f"server/places/data/{register.file}",
            digest=register.digest if at.version is None else _after(at.version, register.digest),
            valid_from=None if at.version is None else today_in_china(SystemClock()),
            loaded_by=loaded_by,
        ),
    )
    write_places(session, register.kind, register.version, taken)
    if at.version is not None:
        carry_over(session, register.kind, at.version, register.version, [place.code for place in taken])
    return len(taken)


def _after(before: str, digest: str) -> str:
    """Rows of the version before are carried over, so they belong to what is digested."""
    return hashlib.sha256(f"{before} {digest}".encode()).hexdigest()


def _read(kind: str, name: str) -> Register:
    return read_register(kind, name, (files("server.places") / "data" / name).read_bytes())


def _place(row: Mapping[str, str], where: str) -> Place:
    if row["status"] not in ("verified", "unverified") or not row["code"] or not row["name_zh"]:
        raise ValueError(f"{where}: code, name and a status of verified or unverified are needed")
    edges = [row.get(edge, "") for edge in ("west", "south", "east", "north")]
    if any(edges) and not all(edges):
        raise ValueError(f"{where}: an extent has four edges")
    place = Place(
        row["code"],
        row["name_zh"],
        parent_code=row.get("parent_code") or None,
        level=row.get("level") or None,
        category=row.get("category") or None,
        county_codes=tuple(code for code in row.get("county_codes", "").split(";") if code),
        status=row["status"],
        source=row["source"],
        note=row.get("note") or None,
        properties={name: cell for name, cell in row.items() if cell and name not in _TYPED},
    )
    area, extent = row.get("area_ha"), shapely.box(*map(float, edges)) if all(edges) else None
    return replace(place, area_ha=float(area) if area else None, extent=extent)

"""A whole record with both homes of its place, as compilers and exports read it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from server.places.rules import Stamp

_STAMPED = tuple(one.name for one in fields(Stamp))


def stamp_of(row: Mapping[str, Any]) -> Stamp:
    """Out of a row or a JSON object that has its fields, and maybe others; what an older one lacks is unknown."""
    told = {name: row[name] for name in _STAMPED if name in row}
    return Stamp(**{**told, "areas": tuple(row["areas"]), "zones": tuple(row.get("zones") or ())})


@dataclass(frozen=True)
class ExactPlace:
    latitude: float
    longitude: float
    latitude_e7: int
    longitude_e7: int
    uncertainty_m: float | None
    altitude_m: str | None
    stamp: Stamp


@dataclass(frozen=True)
class DisclosedPlace:
    """`level` 0 is not guarded; at level 1 there are no coordinates at all, nor where a border would cut the cell
    (`cell_within_county` False). `cell_size_deg` None where there is no cell."""

    level: int
    latitude: float | None
    longitude: float | None
    cell_size_deg: float | None
    uncertainty_m: float | None
    county_code: str | None
    county_name: str | None
    in_scope: bool
    uncertain: bool
    grid_cell: str | None
    data_generalizations: str | None
    information_withheld: str | None
    cell_within_county: bool | None = None
    altitude_m: float | None = None


@dataclass(frozen=True)
class GivenName:
    """What a reviewer, or the observer asked by one, called it."""

    taxon_id: str | None
    scientific_name: str | None
    name_zh: str | None
    qualifier: str | None
    method: str
    confidence: str | None


@dataclass(frozen=True)
class Review:
    """How a record stood with its reviewers. `flags`: rules that held something against it; `name` None: the observer's stands;
    `decided_by` the role, `decided_at` in ISO 8601, of the last decision."""

    state: str = "pending"
    flags: tuple[str, ...] = ()
    name: GivenName | None = None
    decided_by: str | None = None
    decided_at: str | None = None

    @property
    def left_out(self) -> str | None:
        """Why it is no observation: rejected, or flagged and not (yet) accepted in spite of it; None where it is one."""
        if self.state == "rejected":
            return "rejected"
        return "flagged" if self.flags and self.state not in ("confirmed", "reidentified") else None

    @property
    def counts(self) -> bool:
        return self.left_out is None


NOT_REVIEWED = Review()


@dataclass(frozen=True)
class FrozenRecord:
    id: str
    kind: str
    observed_year: int
    received_at: datetime
    head_digest: str
    state: str
    author: str
    device: str
    body: Mapping[str, Any]
    exact: ExactPlace | None = None
    disclosed: DisclosedPlace | None = None
    taxon_id: str | None = None
    flags: tuple[str, ...] = field(default=())
    asked_level: int | None = None
    review: Review = NOT_REVIEWED
    withheld: tuple[str, ...] = ()
    """Fields of the body, and terms of `verbatim` as verbatim.term, whose words speak of something guarded although this record is not:
    no edition for others prints them."""

    @property
    def level(self) -> int | None:
        """The strictest level ever asked for, with or without a place; None where nothing asked, which is closed by default."""
        return self.asked_level if self.disclosed is None else self.disclosed.level

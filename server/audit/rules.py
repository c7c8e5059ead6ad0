"""The chain of the audit log, and what was done to it; pure.

Each entry's hash covers its number, its content and the hash before it. What a database's owner could rewrite from some entry
on, hashes included, is found by the heads that were noted outside the database when each entry was committed.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.canonical import NotCanonical, canonical_bytes

FIRST = "0" * 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FORGED, DELETED, INSERTED, REORDERED, CUT_OFF, RENUMBERED = (
    "forged",
    "deleted",
    "inserted",
    "reordered",
    "cut_off",
    "renumbered",
)


def microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it stands; `at_us` is None where its time is none."""

    entry_no: int
    at_us: int | None
    actor: str
    action: str
    subject: str
    detail: Any
    previous_hash: str
    entry_hash: str

    def hash_as(self, number: int) -> str | None:
        """What its hash would be under this number; None where it could not have been written."""
        told = [number, self.at_us, self.actor, self.action, self.subject, self.detail, self.previous_hash]
        try:
            return hashlib.sha256(canonical_bytes(told)).hexdigest() if self.at_us is not None else None
        except NotCanonical:
            return None

    def holds(self) -> bool:
        return self.hash_as(self.entry_no) == self.entry_hash


@dataclass(frozen=True)
class Broken:
    """Entries `first` to `last` by the numbers that they had; an inserted one by the number that it claims."""

    kind: str
    first: int
    last: int


@dataclass
class _Found:
    """`places`: where the entry of each number stands now."""

    places: dict[int, int] = field(default_factory=dict)
    forged: set[int] = field(default_factory=set)
    missing: set[int] = field(default_factory=set)


def is_whole(links: Iterable[Link], heads: Mapping[int, str], after: int = 0, previous: str | None = FIRST) -> bool:
    """The common case, in one pass over the entries behind number `after` in the order of their numbers."""
    expected = after
    for expected, link in enumerate(links, start=after + 1):
        if link.entry_no != expected or link.previous_hash != previous or not link.holds():
            return False
        if heads.get(expected, link.entry_hash) != link.entry_hash:
            return False
        previous = link.entry_hash
    return max(heads, default=0) <= expected


def what_is_broken(links: Sequence[Link], heads: Mapping[int, str], after: int = 0) -> list[Broken]:
    """`heads`: the hash of each entry as it was noted outside the database, as far as it was."""
    found = _match(links, heads, after)
    here = {link.entry_no for link in links}
    genuine_places = set(found.places.values())
    inserted = here - genuine_places - found.forged
    last = max((*found.places, *found.forged), default=0)
    cut = {number for number in found.missing if number > last}
    reordered, renumbered = _moved(found.places)
    by_kind = {
        FORGED: found.forged,
        DELETED: found.missing - cut,
        CUT_OFF: cut,
        INSERTED: inserted,
        REORDERED: reordered,
    }
    broken = [run for kind, numbers in by_kind.items() for run in _runs(kind, numbers)]
    if renumbered:
        broken.append(Broken(RENUMBERED, min(renumbered), max(renumbered)))
    return sorted(broken, key=lambda one: (one.first, one.kind))


def _match(links: Sequence[Link], heads: Mapping[int, str], after: int) -> _Found:
    """From the last entry down: each that is genuine vouches for the hash of the one before."""
    by_place = {link.entry_no: link for link in links}
    by_hash: dict[str, list[Link]] = {}
    for link in links:
        by_hash.setdefault(link.entry_hash, []).append(link)
    found, unvouched = _Found(), set()
    vouched: str | None = None
    for number in range(max((*by_place, *heads), default=after), after, -1):
        wanted = heads.get(number) or vouched
        genuine = _genuine(number, wanted, by_place.get(number), by_hash)
        vouched = genuine.previous_hash if genuine else None
        if genuine:
            found.places[number] = genuine.entry_no
        else:
            found.missing.add(number)
        if wanted is None:
            unvouched.add(number)
    taken = set(found.places.values())
    found.forged = (found.missing & by_place.keys()) - taken
    # A number that nothing vouches for, under which a moved entry stands, never was one.
    found.missing -= found.forged | (unvouched & taken)
    return found


def _genuine(number: int, wanted: str | None, at_place: Link | None, by_hash: Mapping[str, list[Link]]) -> Link | None:
    if wanted is None:  # nothing vouches for it: it stands or falls by itself
        return at_place if at_place is not None and at_place.holds() else None
    candidates = ([at_place] if at_place else []) + by_hash.get(wanted, [])
    return next((link for link in candidates if link.entry_hash == wanted == link.hash_as(number)), None)


def _moved(places: Mapping[int, int]) -> tuple[set[int], set[int]]:
    """(out of their order, only under another number because others went or came)."""
    in_order = sorted(places)
    by_place = sorted(places, key=lambda number: places[number])
    reordered = {number for number, other in zip(in_order, by_place, strict=True) if number != other}
    return reordered, {number for number, place in places.items() if number != place} - reordered


def _runs(kind: str, numbers: set[int]) -> list[Broken]:
    runs: list[Broken] = []
    for number in sorted(numbers):
        if runs and runs[-1].last == number - 1:
            runs[-1] = Broken(kind, runs[-1].first, number)
        else:
            runs.append(Broken(kind, number, number))
    return runs

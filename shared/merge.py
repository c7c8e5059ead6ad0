"""The merged view of a record: a pure function of the set of its versions.

Versions are ordered by what they were based on, never by number or time, so that any order of arrival ends in one state.
Children of one base that touch different fields merge; the same field twice, or a tombstone against an edit, is a conflict
for a person, and both values stay.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Version:
    digest: str
    base_digest: str | None
    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Merged:
    """`state` is current, deleted, conflict or waiting; `conflicts` names the fields with every value that claims them.

    `lead` is the head whose envelope speaks for the record; `sources` names, by field, the version that gave its value;
    `waiting` are the versions whose bases have not come.
    """

    state: str
    heads: tuple[str, ...]
    body: Mapping[str, Any]
    conflicts: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    lead: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Claim:
    """That a version gave a field its value."""

    digest: str
    value: Any


_GONE = object()


def merge(versions: Iterable[Version]) -> Merged:
    by_digest = {version.digest: version for version in versions}
    reachable = _reachable(by_digest)
    waiting = tuple(sorted(by_digest.keys() - reachable))
    if not reachable:
        return Merged("waiting", waiting[:1], by_digest[waiting[0]].body, lead=waiting[0], waiting=waiting)
    bases = {by_digest[d].base_digest for d in reachable}
    heads = tuple(sorted(d for d in reachable if d not in bases))
    edits = [head for head in heads if by_digest[head].kind != "tombstone"]
    if not edits:
        return Merged("deleted", heads, by_digest[heads[0]].body, lead=heads[0], waiting=waiting)
    claims = _live_claims(by_digest, edits)
    conflicts = {
        name: tuple(None if claim.value is _GONE else claim.value for claim in found)
        for name, found in claims.items()
        if len(found) > 1
    }
    given = {name: found[0] for name, found in sorted(claims.items()) if found[0].value is not _GONE}
    return Merged(
        "conflict" if conflicts or len(edits) < len(heads) else "current",
        heads,
        {name: claim.value for name, claim in given.items()},
        conflicts,
        edits[0],
        {name: claim.digest for name, claim in given.items()},
        waiting,
    )


def _reachable(by_digest: Mapping[str, Version]) -> set[str]:
    """Versions whose chain of bases is complete down to a first version."""
    children: dict[str | None, list[str]] = {}
    for version in by_digest.values():
        children.setdefault(version.base_digest, []).append(version.digest)
    found: set[str] = set()
    queue = list(children.get(None, []))
    while queue:
        current = queue.pop()
        if current not in found:
            found.add(current)
            queue.extend(children.get(current, []))
    return found


def _live_claims(by_digest: Mapping[str, Version], edits: Iterable[str]) -> dict[str, list[_Claim]]:
    """By field: its claims that no later version of the same line has replaced, one a value, by digest."""
    lines = {head: [head, *_ancestors(by_digest, head)] for head in edits}
    above = {d: set(line[at + 1 :]) for line in lines.values() for at, d in enumerate(line)}
    claims: dict[str, list[_Claim]] = {}
    for current in sorted(above):
        for name, value in _changes(by_digest, current).items():
            claims.setdefault(name, []).append(_Claim(current, value))
    return {name: _distinct(_unreplaced(found, above)) for name, found in claims.items()}


def _unreplaced(claims: list[_Claim], above: Mapping[str, set[str]]) -> list[_Claim]:
    replaced = {old for claim in claims for old in above[claim.digest]}
    return [claim for claim in claims if claim.digest not in replaced]


def _distinct(claims: list[_Claim]) -> list[_Claim]:
    found: dict[str, _Claim] = {}
    for claim in claims:
        found.setdefault(repr(claim.value), claim)
    return list(found.values())


def _changes(by_digest: Mapping[str, Version], digest: str) -> dict[str, Any]:
    """What a version says anew; a tombstone says nothing of fields, and what follows it is measured against what it buried."""
    version = by_digest[digest]
    if version.kind == "tombstone":
        return {}
    buried = (by_digest[d] for d in _ancestors(by_digest, digest))
    base = next((one.body for one in buried if one.kind != "tombstone"), {})
    # By what is written, since Python takes 1 for true.
    changed = {n: value for n, value in version.body.items() if n not in base or repr(base[n]) != repr(value)}
    return changed | {name: _GONE for name in base if name not in version.body}


def _ancestors(by_digest: Mapping[str, Version], start: str) -> list[str]:
    line, current = [], by_digest[start].base_digest
    while current is not None:
        line.append(current)
        current = by_digest[current].base_digest
    return line

"""The merged view of a record: a pure function of the set of its versions.

Versions are ordered by what they were based on, never by number or time, so that any order of arrival ends in one state.
Children of one base that touch different fields merge; the same field twice, or a tombstone against an edit, is a conflict
for a person, and both values stay. A person settles it with a version that names the other heads beside its base: it stands for all of
them, and what is based on one of them afterwards is a new question.
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
    settles: tuple[str, ...] = ()

    @property
    def parents(self) -> tuple[str, ...]:
        """The base first."""
        return (*([self.base_digest] if self.base_digest else []), *self.settles)


@dataclass(frozen=True)
class Merged:
    """`state` is current, deleted, conflict or waiting; `conflicts` names the fields with every value that claims them.

    `disputed` names the same fields with the versions that claim each value. `lead` is the head whose envelope speaks for the
    record; `sources` names, by field, the version that gave its value;
    `waiting` are the versions whose bases have not come.
    """

    state: str
    heads: tuple[str, ...]
    body: Mapping[str, Any]
    conflicts: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    lead: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    disputed: Mapping[str, tuple["Claim", ...]] = field(default_factory=dict)


_GONE = object()


@dataclass(frozen=True)
class Claim:
    """That a version gave a field its value, or took the field away."""

    digest: str
    value: Any

    @property
    def dropped(self) -> bool:
        return self.value is _GONE


def claims_of(heads: Iterable[Version], name: str) -> tuple[Claim, ...]:
    """What each of these says of a field, one a value, where none has claimed it against another."""
    return tuple(_distinct([Claim(head.digest, head.body.get(name, _GONE)) for head in heads]))


def merge(versions: Iterable[Version]) -> Merged:
    by_digest = {version.digest: version for version in versions}
    if len(by_digest) == 1:
        [only] = by_digest.values()
        if not only.parents and only.kind != "tombstone":  # nearly every record: nothing to weigh against anything
            names = sorted(only.body)
            body, sources = {name: only.body[name] for name in names}, dict.fromkeys(names, only.digest)
            return Merged("current", (only.digest,), body, lead=only.digest, sources=sources)
    reachable = _reachable(by_digest)
    waiting = tuple(sorted(by_digest.keys() - reachable))
    if not reachable:
        return Merged("waiting", waiting[:1], by_digest[waiting[0]].body, lead=waiting[0], waiting=waiting)
    bases = {parent for d in reachable for parent in by_digest[d].parents}
    heads = tuple(sorted(d for d in reachable if d not in bases))
    edits = [head for head in heads if by_digest[head].kind != "tombstone"]
    if not edits:
        return Merged("deleted", heads, by_digest[heads[0]].body, lead=heads[0], waiting=waiting)
    claims = _live_claims(by_digest, edits)
    disputed = {name: tuple(found) for name, found in claims.items() if len(found) > 1}
    conflicts = {
        name: tuple(None if claim.dropped else claim.value for claim in found) for name, found in disputed.items()
    }
    given = {name: found[0] for name, found in sorted(claims.items()) if not found[0].dropped}
    return Merged(
        "conflict" if conflicts or len(edits) < len(heads) else "current",
        heads,
        {name: claim.value for name, claim in given.items()},
        conflicts,
        edits[0],
        {name: claim.digest for name, claim in given.items()},
        waiting,
        disputed,
    )


def _reachable(by_digest: Mapping[str, Version]) -> set[str]:
    """Versions whose chains of bases are complete down to a first version."""
    children: dict[str, list[str]] = {}
    for version in by_digest.values():
        for parent in version.parents:
            children.setdefault(parent, []).append(version.digest)
    found: set[str] = set()
    queue = [version.digest for version in by_digest.values() if version.base_digest is None]
    while queue:
        current = queue.pop()
        if current not in found and found.issuperset(by_digest[current].parents):
            found.add(current)
            queue.extend(children.get(current, []))
    return found


def _live_claims(by_digest: Mapping[str, Version], edits: Iterable[str]) -> dict[str, list[Claim]]:
    """By field: its claims that no later version of the same line has replaced, one a value, by digest."""
    lines = {head: [head, *_ancestors(by_digest, head)] for head in edits}
    above = {d: set(_ancestors(by_digest, d)) for line in lines.values() for d in line}
    claims: dict[str, list[Claim]] = {}
    for current in sorted(above):
        for name, value in _changes(by_digest, current).items():
            claims.setdefault(name, []).append(Claim(current, value))
    return {name: _distinct(_unreplaced(found, above)) for name, found in claims.items()}


def _unreplaced(claims: list[Claim], above: Mapping[str, set[str]]) -> list[Claim]:
    replaced = {old for claim in claims for old in above[claim.digest]}
    return [claim for claim in claims if claim.digest not in replaced]


def _distinct(claims: list[Claim]) -> list[Claim]:
    found: dict[str, Claim] = {}
    for claim in claims:
        found.setdefault(repr(claim.value), claim)
    return list(found.values())


def _changes(by_digest: Mapping[str, Version], digest: str) -> dict[str, Any]:
    """What a version says anew; a tombstone says nothing of fields, and what follows it is measured against what it buried."""
    version = by_digest[digest]
    if version.kind == "tombstone":
        return {}
    changed: dict[str, Any] = {}
    for parent in version.parents or (None,):
        base = _body_below(by_digest, parent)
        # By what is written, since Python takes 1 for true.
        changed |= {n: value for n, value in version.body.items() if n not in base or repr(base[n]) != repr(value)}
        changed |= {name: _GONE for name in base if name not in version.body}
    return changed


def _body_below(by_digest: Mapping[str, Version], start: str | None) -> Mapping[str, Any]:
    """That of the version, or of what it buried."""
    while start is not None:
        if by_digest[start].kind != "tombstone":
            return by_digest[start].body
        start = by_digest[start].base_digest
    return {}


def _ancestors(by_digest: Mapping[str, Version], start: str) -> list[str]:
    """The nearest first where there is one line; each once."""
    found: dict[str, None] = {}
    queue = list(by_digest[start].parents)
    while queue:
        current = queue.pop(0)
        if current not in found:
            found[current] = None
            queue.extend(by_digest[current].parents)
    return list(found)

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
    """`state` is current, deleted, conflict or waiting; `conflicts` names the fields with every value that claims them."""

    state: str
    heads: tuple[str, ...]
    body: Mapping[str, Any]
    conflicts: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def merge(versions: Iterable[Version]) -> Merged:
    by_digest = {version.digest: version for version in versions}
    reachable = _reachable(by_digest)
    if not reachable:
        waiting = min(by_digest)
        return Merged("waiting", (waiting,), by_digest[waiting].body)
    bases = {by_digest[d].base_digest for d in reachable}
    heads = tuple(sorted(d for d in reachable if d not in bases))
    if len(heads) == 1:
        head = by_digest[heads[0]]
        return Merged("deleted" if head.kind == "tombstone" else "current", heads, head.body)
    return _join(by_digest, heads)


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


def _join(by_digest: Mapping[str, Version], heads: tuple[str, ...]) -> Merged:
    base = _common_base(by_digest, heads)
    base_body = by_digest[base].body if base else {}
    claims: dict[str, set[str]] = {}
    values: dict[str, list[Any]] = {}
    edits = [head for head in heads if by_digest[head].kind != "tombstone"]
    for head in edits:
        for name, value in _changes(base_body, by_digest[head].body).items():
            if repr(value) not in claims.setdefault(name, set()):
                claims[name].add(repr(value))
                values.setdefault(name, []).append(value)
    conflicts = {name: tuple(found) for name, found in values.items() if len(found) > 1}
    if not edits:
        return Merged("deleted", heads, by_digest[heads[0]].body)
    body = {**base_body, **{name: found[0] for name, found in values.items()}}
    state = "conflict" if conflicts or len(edits) < len(heads) else "current"
    return Merged(state, heads, {k: v for k, v in body.items() if v is not _GONE}, conflicts)


_GONE = "\0gone"


def _changes(base: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    changed = {name: value for name, value in body.items() if name not in base or base[name] != value}
    return changed | {name: _GONE for name in base if name not in body}


def _common_base(by_digest: Mapping[str, Version], heads: tuple[str, ...]) -> str | None:
    """The nearest version that all heads descend from."""
    lines = [_ancestors(by_digest, head) for head in heads]
    shared_by_all = set(lines[0]).intersection(*map(set, lines[1:]))
    return next((step for step in lines[0] if step in shared_by_all), None)


def _ancestors(by_digest: Mapping[str, Version], start: str) -> list[str]:
    line, current = [], by_digest[start].base_digest
    while current is not None:
        line.append(current)
        current = by_digest[current].base_digest
    return line

"""The bridge between two versions of a list: what became of each taxon, so that later comparisons follow it; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

_BACKWARDS: Mapping[str, str] = {"added": "gone", "gone": "added", "split": "merged", "merged": "split"}
MOVING = frozenset({"renamed", "split", "merged"})


@dataclass(frozen=True)
class Bridge:
    """`change`: added, gone, renamed, split, merged or reclassified; the values are its name, category or family."""

    change: str
    from_taxon_id: str | None
    to_taxon_id: str | None
    from_value: str | None
    to_value: str | None
    from_version: str = ""
    to_version: str = ""

    def backwards(self) -> "Bridge":
        return replace(
            self,
            change=_BACKWARDS.get(self.change, self.change),
            from_taxon_id=self.to_taxon_id,
            to_taxon_id=self.from_taxon_id,
            from_value=self.to_value,
            to_value=self.from_value,
            from_version=self.to_version,
            to_version=self.from_version,
        )


def carry(bridge: Sequence[Bridge], taxon_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Each taxon of the old version → the taxa that it is in the new one: itself where nothing moved, none where it is gone."""
    carried = {taxon_id: frozenset({taxon_id}) for taxon_id in taxon_ids}
    for step in _steps(bridge):
        moved: dict[str, set[str]] = {}
        for one in step:
            if one.change in MOVING and one.from_taxon_id and one.to_taxon_id:
                moved.setdefault(one.from_taxon_id, set()).add(one.to_taxon_id)
            elif one.change == "gone" and one.from_taxon_id:
                moved.setdefault(one.from_taxon_id, set())
        carried = {
            key: frozenset().union(*(moved.get(taxon_id, {taxon_id}) for taxon_id in found))
            for key, found in carried.items()
        }
    return carried


def _steps(bridge: Sequence[Bridge]) -> list[list[Bridge]]:
    """A bridge over several versions is walked version by version."""
    steps: dict[tuple[str, str], list[Bridge]] = {}
    for one in bridge:
        steps.setdefault((one.from_version, one.to_version), []).append(one)
    return list(steps.values())


def way(replaces: Mapping[str, str | None], start: str, end: str) -> list[tuple[str, str]] | None:
    """The steps from one version to another along what replaced what, forwards or backwards; None where no way leads."""
    up, down = _line(replaces, start), _line(replaces, end)
    meeting = next((version for version in up if version in down), None)
    if meeting is None:
        return None
    back = up[: up.index(meeting) + 1]
    forth = down[: down.index(meeting) + 1][::-1]
    return [*pairwise(back), *pairwise(forth)]


def _line(replaces: Mapping[str, str | None], version: str) -> list[str]:
    line = [version]
    while (before := replaces.get(line[-1])) is not None:
        line.append(before)
    return line

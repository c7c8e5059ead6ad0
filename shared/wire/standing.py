"""How a record stands: the merged view of all its versions, read through the schema of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.merge import Merged, Version, merge
from shared.vocabulary import VERSION, renamed
from shared.wire.envelope import InvalidRecord, load_body


@dataclass(frozen=True)
class Standing:
    """`kind` is unknown while only tombstones have come; `lead` is the record as it came whose envelope speaks for it;
    `body` is the merged body with defaults, None for what does not live (deleted or waiting). `buried`: what a deleted survey said,
    since the records that name it stay."""

    view: Merged
    kind: str
    lead: Mapping[str, Any]
    body: Mapping[str, Any] | None
    buried: Mapping[str, Any] | None = None

    @property
    def taxon_digest(self) -> str:
        """The version that gave the record its name."""
        return self.view.sources.get("taxon", self.view.lead)

    @property
    def dated_by(self) -> str:
        """The version that gave the record its date."""
        return self.view.sources.get("observed_from", self.view.lead)


def stand(versions: Mapping[str, Mapping[str, Any]], loaded: Mapping[str, Mapping[str, Any]] | None = None) -> Standing:
    """`versions`: records as they came, by digest; `loaded`: those of them that were read already, with defaults."""
    view = merge(as_versions(versions).values())
    kinds = [versions[mark]["kind"] for mark in sorted(versions)]
    kind = next((one for one in kinds if one != "tombstone"), "unknown")
    lead = versions[view.lead]
    if view.state not in ("current", "conflict"):
        return Standing(
            view, kind, lead, None, _buried(versions) if (kind, view.state) == ("survey", "deleted") else None
        )
    if view.heads == (view.lead,) and view.lead in (loaded or {}):
        return Standing(view, kind, lead, (loaded or {})[view.lead]["body"])
    try:
        return Standing(view, kind, lead, load_body(kind, view.body, _foreign(versions)))
    except InvalidRecord as error:
        return _disagreeing(versions, view, kind, error)


def _buried(versions: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return stand({mark: record for mark, record in versions.items() if record["kind"] != "tombstone"}).body


def as_versions(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Version]:
    """By digest, of records as they came; codes by the names of today, so that who only calls one by its new name changes nothing."""
    return {
        mark: Version(
            mark,
            record.get("base_digest"),
            record["kind"],
            renamed(record["body"], record["vocabulary"]),
            tuple(record.get("merged_digests") or ()),
        )
        for mark, record in records.items()
    }


def _disagreeing(versions: Mapping[str, Mapping[str, Any]], view: Merged, kind: str, error: InvalidRecord) -> Standing:
    """Edits of different fields that do not go together (a least count above the greatest): a conflict for a person,
    and meanwhile the lead's own body."""
    lead = versions[view.lead]
    own = renamed(lead["body"], lead["vocabulary"])
    claims = {name: (view.body.get(name),) for name in _fields(error)}
    view = replace(view, state="conflict", body=own, conflicts={**claims, **view.conflicts}, sources={})
    return Standing(view, kind, lead, load_body(kind, own, _foreign(versions)))


def _fields(error: InvalidRecord) -> list[str]:
    parts = [problem["field"].split(".") for problem in error.problems]
    return sorted({part[1] for part in parts if part[0] == "body" and len(part) > 1})


def _foreign(versions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a field may have its value from a version of another vocabulary than ours."""
    return any(record["vocabulary"] != VERSION for record in versions.values())

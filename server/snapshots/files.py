"""A snapshot's three files: exact, disclosed, context. One JSON object a line, keys sorted, nothing depends on the machine."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from server.sensitivity.records import (
    NOT_REVIEWED,
    DisclosedPlace,
    ExactPlace,
    FrozenRecord,
    GivenName,
    Review,
    stamp_of,
)
from server.snapshots import context as context_module
from server.snapshots.context import Context
from server.snapshots.rules import disclosed_body, pseudonym, without_persons

EXACT, DISCLOSED, CONTEXT = "records_exact.jsonl", "records_disclosed.jsonl", "context.json"


def write(records: Sequence[FrozenRecord], context: Context, seed: str) -> dict[str, bytes]:
    """Persons appear as pseudonyms of `seed`; devices not at all."""
    exact = [
        {"id": r.id, "body": without_persons(r.body, seed), "exact": asdict(r.exact) if r.exact else None}
        for r in records
    ]
    shown = [{**_facts(r, seed), "body": without_persons(disclosed_body(r), seed)} for r in records]
    return {
        EXACT: _lines(exact),
        DISCLOSED: _lines(shown),
        CONTEXT: (_dump(context_module.to_json(context)) + "\n").encode(),
    }


def read(files: Mapping[str, bytes]) -> tuple[tuple[FrozenRecord, ...], Context]:
    exact = {row["id"]: row for row in _rows(files[EXACT])}
    records = tuple(_record(row, exact[row["id"]]) for row in _rows(files[DISCLOSED]))
    return records, context_module.from_json(json.loads(files[CONTEXT]))


def _facts(record: FrozenRecord, seed: str) -> dict[str, Any]:
    return {
        "id": record.id,
        "kind": record.kind,
        "observed_year": record.observed_year,
        "received_at": record.received_at.isoformat(),
        "head_digest": record.head_digest,
        "state": record.state,
        "author": pseudonym(record.author, seed),
        "taxon_id": record.taxon_id,
        "flags": list(record.flags),
        "review": asdict(record.review) if record.review != NOT_REVIEWED else None,
        "asked_level": record.asked_level,
        "withheld": list(record.withheld),
        "disclosed": asdict(record.disclosed) if record.disclosed else None,
    }


def _record(shown: Mapping[str, Any], exact: Mapping[str, Any]) -> FrozenRecord:
    return FrozenRecord(
        id=shown["id"],
        kind=shown["kind"],
        observed_year=shown["observed_year"],
        received_at=datetime.fromisoformat(shown["received_at"]),
        head_digest=shown["head_digest"],
        state=shown["state"],
        author=shown["author"],
        device="",
        body=exact["body"],
        exact=_exact(exact["exact"]),
        disclosed=DisclosedPlace(**shown["disclosed"]) if shown["disclosed"] else None,
        taxon_id=shown["taxon_id"],
        flags=tuple(shown["flags"]),
        withheld=tuple(shown.get("withheld", ())),
        review=_review(shown.get("review")),
        asked_level=shown.get("asked_level"),
    )


def _exact(row: Mapping[str, Any] | None) -> ExactPlace | None:
    if row is None:
        return None
    return ExactPlace(**{**row, "stamp": stamp_of(row["stamp"])})


def _review(row: Mapping[str, Any] | None) -> Review:
    if row is None:
        return NOT_REVIEWED
    name = GivenName(**row["name"]) if row["name"] else None
    return Review(**{**row, "flags": tuple(row["flags"]), "name": name})


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(_dump(row) + "\n" for row in rows).encode()


def _rows(data: bytes) -> list[dict[str, Any]]:
    # Not splitlines(): a text may hold U+0085 or U+2028, which that would take for line ends.
    return [json.loads(line) for line in data.decode().split("\n") if line]


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)

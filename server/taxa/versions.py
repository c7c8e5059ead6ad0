"""Versions of lists: which one is in force, what a changed file is called, and every row as its file had it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa.inserting import insert
from shared.canonical import digest

Row = Mapping[str, str]
BUILT_IN = "system"
_NOT_CONTENT = frozenset({"no", "status"})


@dataclass(frozen=True)
class Version:
    list_id: str
    version: str
    kind: str
    in_force_on: date | None
    loaded_no: int
    digest: str
    loaded_by: str
    replaces: str | None
    descriptor: Mapping[str, Any] = field(compare=False)


def label_of(version: str) -> str:
    """The label as its issuer has it, without our number for a changed file."""
    return re.sub(r"\+\d+$", "", version)


def next_version(label: str, taken: Collection[str]) -> str:
    """A changed file under a label that is taken becomes label+2, label+3 …"""
    number = 2
    while f"{label}+{number}" in taken:
        number += 1
    return f"{label}+{number}" if label in taken else label


def row_digest(row: Row) -> str:
    """Over what a row says: the same row has it in every version, whatever its number and status."""
    return digest({field: value for field, value in row.items() if field not in _NOT_CONTENT and value})


def in_force(versions: Iterable[Version], day: date) -> Version | None:
    """Of one list: the latest date in force that has come, then the latest loaded."""
    begun = [v for v in versions if (v.in_force_on or date.min) <= day]
    return max(begun, key=lambda v: (v.in_force_on or date.min, v.loaded_no), default=None)


def base_for(versions: Collection[Version], label: str, in_force_on: date | None, today: date) -> Version | None:
    """What a new file is compared with: the last one under its label, else the one it takes over from."""
    same = [v for v in versions if label_of(v.version) == label_of(label)]
    return max(same, key=lambda v: v.loaded_no) if same else in_force(versions, in_force_on or today)


def stored(session: Session) -> dict[str, list[Version]]:
    """By list, in the order of loading."""
    rows = session.execute(
        text("""
        SELECT v.list_id, v.version, l.kind, v.in_force_on, v.loaded_no, v.digest, v.loaded_by, v.replaces, v.descriptor
        FROM xiangye.list_version v JOIN xiangye.species_list l USING (list_id) ORDER BY v.loaded_no""")
    ).mappings()
    found: dict[str, list[Version]] = {}
    for row in rows:
        found.setdefault(row["list_id"], []).append(Version(**row))
    return found


def rows_of(session: Session, list_id: str, version: str) -> list[Row]:
    """A row whose name no list had, or that was confirmed since, is still as its file has it."""
    found = session.execute(
        text("""
        SELECT cells FROM xiangye.list_row WHERE (list_id, version) = (:list_id, :version) ORDER BY entry_no"""),
        {"list_id": list_id, "version": version},
    )
    return list(found.scalars())


def write_rows(session: Session, list_id: str, version: str, rows: Sequence[Row], open_rows: Collection[str]) -> None:
    """`open_rows`: numbers of the rows that stay unverified whatever their file says."""
    insert(
        session,
        "list_row",
        (
            {
                "list_id": list_id,
                "version": version,
                "entry_no": int(row["no"]),
                "cells": row,
                "digest": row_digest(row),
                "status": "unverified" if row["no"] in open_rows else row["status"],
            }
            for row in rows
        ),
    )

"""Writes: loads lists, all or none, and gives a provisional taxon to every name that no list knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.settings import REPOSITORY
from server.taxa import loading, provisional
from server.taxa.lists import ParsedList, read_list

LISTS_DIR = REPOSITORY / "species_lists"


@dataclass(frozen=True)
class Loaded:
    list_id: str
    version: str
    title_zh: str
    changed: bool
    rows: int


def load_lists(session: Session, paths: Sequence[Path] | None = None) -> list[Loaded]:
    """Loads the lists (default: all of species_lists/). Everything is read and checked before anything is written; an
    unchanged list writes nothing. Raises ListError naming file, row and field."""
    given = [read_list(path) for path in (paths if paths is not None else default_paths())]
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('xiangye.species_list'))"))
    known = {
        (row[0], row[1]): row[2]
        for row in session.execute(text("SELECT list_id, version, digest FROM xiangye.list_version"))
    }
    ordered = sorted(given, key=ParsedList.order)
    changed = [
        parsed for parsed in ordered if known.get((parsed.list_id, parsed.descriptor["version"])) != parsed.digest
    ]
    if changed:
        loading.Loading(session, _with_names(given)).apply(changed)
    return [
        Loaded(p.list_id, str(p.descriptor["version"]), str(p.descriptor["title_zh"]), p in changed, len(p.rows))
        for p in ordered
    ]


def default_paths() -> list[Path]:
    return sorted(LISTS_DIR.glob("*.csv"))


def _with_names(given: list[ParsedList]) -> list[ParsedList]:
    """Synonyms must be known before the lists that use them, even where only one list is loaded."""
    path = LISTS_DIR / "names.csv"
    return given if any(p.kind == "names" for p in given) or not path.exists() else [*given, read_list(path)]


def ensure_taxa(session: Session, names: Iterable[tuple[str | None, str | None]]) -> int:
    """A provisional taxon for each name that resolve_many does not find; returns how many were made."""
    rows: list[dict[str, Any]] = provisional.missing(session, list(names))
    if rows:
        provisional.write(session, rows)
    return len(rows)

"""A list of sensitivity rules of a test's own, beside those in force."""

from pathlib import Path

from sqlalchemy.orm import Session

from server.taxa.service import load_lists
from tests.taxa.agency import AGENCY, PLAIN, hand_in


def rule(scientific_name: str, name_zh: str, level: int, **more: str) -> dict[str, str]:
    named = {"coarsest_name": "county"} if level == 1 else {}
    told = {"scientific_name": scientific_name, "name_zh": name_zh, "category": str(level), "reason": "试验"}
    return {**told, "review_on": "2030-01-01", "entry_kind": "taxon", "rank": "species", **named, **more}


def put_in_force(session: Session, folder: Path, *rules: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    made = hand_in(folder, list(rules), id="sensitivity_test", kind="sensitivity", version="1", **PLAIN)
    load_lists(session, [made], AGENCY)

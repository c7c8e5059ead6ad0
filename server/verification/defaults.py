"""The rules that come with the program, as data; each says where it is from and whether that was checked."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.verification.model import VerificationRule

FILE = Path(__file__).with_name("default_rules.json")
BUILT_IN = "built-in"


@cache
def default_rules() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(FILE.read_text(encoding="utf-8")))


def ensure_rules(session: Session, now: datetime) -> None:
    """They are in force from the first record on; what a scientist has changed since stays as it is."""
    if session.scalar(select(VerificationRule.rule_id).limit(1)) is None:
        made = {
            "state": "active",
            "created_by": BUILT_IN,
            "created_at": now,
            "activated_by": BUILT_IN,
            "activated_at": now,
        }
        session.execute(insert(VerificationRule).on_conflict_do_nothing(), [rule | made for rule in default_rules()])

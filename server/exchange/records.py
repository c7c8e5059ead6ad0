"""Rows and visits into records as the wire has them, each with the key by which the next import knows it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from server.accounts.viewer import Actor
from shared import __version__
from shared.canonical import digest
from shared.ids import uuid7_from
from shared.protocol import PROTOCOL
from shared.vocabulary import VERSION

FORM = "import/1"


@dataclass(frozen=True)
class Target:
    """Where the records of one import go, who brings them and when."""

    survey_id: UUID
    dataset_id: UUID
    profile: str
    actor: Actor
    now: datetime

    def record(
        self, kind: str, id_: UUID, seq: int, base_digest: str | None, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            "kind": kind,
            "id": str(id_),
            "base_digest": base_digest,
            "author": str(self.actor.person_id),
            "device": str(self.actor.device_id),
            "seq": seq,
            "app_version": __version__,
            "form": FORM,
            "profile": self.profile,
            "vocabulary": VERSION,
            "saved_at": {"wall": self.now.isoformat(), "monotonic_ms": 0, "gnss": None},
            "body": {**body, "survey_id": str(self.survey_id), "dataset_id": str(self.dataset_id)},
        }

    def new_id(self, source_id: str) -> UUID:
        """The same row of the same data set gets the same id on every server; time plays no part in it."""
        return uuid7_from(f"{self.dataset_id}\n{source_id}", 0)


def visit_keys(event_id: str, body: Mapping[str, Any]) -> tuple[str, str]:
    """(identifier, content) of a visit."""
    short = event_id if len(event_id) <= 200 else digest(event_id)
    return f"eventID:{short}", "event:" + digest([event_id, body])

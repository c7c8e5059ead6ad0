"""What the audit chain costs: a batch of 100 records with and without its entry, and how fast the chain is verified."""

import json
import random
import time
from collections.abc import Callable, Iterator
from unittest.mock import patch
from uuid import UUID

from sqlalchemy.orm import Session

from server.accounts.viewer import Actor
from server.audit.checking import check_chain
from server.db import open_session, session_factory
from server.ledger.service import number_changes
from server.settings import Settings
from server.sync import service
from shared.clock import Clock
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK, set_up
from tests.audit.tampering import fill
from tests.benchmarks.measure import Goal, Result, compare, figure
from tests.own_database import reference_database

RECORDS, ROUNDS, ENTRIES = 100, 7, 20_000
CHANCE = random.Random(28)
COSTS_LITTLE = Goal(at_least=0.9)
VERIFIES = Goal(at_most=100)


def cases() -> Iterator[Result]:
    with reference_database() as settings:
        with open_session(settings) as session:
            set_up(session)
        with session_factory(settings)() as session:
            assert check_chain(session, settings.var_dir).broken == ()
        yield from compare(
            f"a batch of {RECORDS} records, digests chained",
            _bringing(settings),
            {"only numbered": _unchained(settings)},
            {"only numbered": COSTS_LITTLE},
            ROUNDS,
        )
        yield _verifying(settings)


def _bringing(settings: Settings) -> Callable[[], None]:
    actor = Actor(UUID(records.PERSON), UUID(records.DEVICE))

    def bring() -> None:
        made = [records.occurrence(place=_somewhere()) for _ in range(RECORDS)]
        body = json.dumps(
            {"protocol": 1, "batch_id": str(uuid7()), "sent_at": "2025-05-21T00:00:00+00:00", "records": made}
        ).encode()
        with open_session(settings) as session:
            answer = service.accept_batch(session, actor, CLOCK, "province", body)
        assert all(one["outcome"] == "accepted" for one in answer["receipts"])

    return bring


def _somewhere() -> dict[str, object]:
    """Apart from each other, so that no rule takes them for one sighting."""
    return {**records.MANGSHAN, "latitude_e7": CHANCE.randrange(25_000_0000, 26_500_0000)}


def _unchained(settings: Settings) -> Callable[[], None]:
    bring = _bringing(settings)

    def only_number(session: Session, _clock: Clock, _actor: str, _subject: str) -> None:
        number_changes(session)

    def run() -> None:
        with patch.object(service, "seal_versions", only_number):
            bring()

    return run


def _verifying(settings: Settings) -> Result:
    with session_factory(settings)() as session:
        for _ in range(ENTRIES // 1000):
            fill(session, 1000)
            session.commit()
        seconds = []
        for _ in range(3):
            begun = time.perf_counter()
            checked = check_chain(session, settings.var_dir)
            seconds.append((time.perf_counter() - begun) * 1e6 / checked.entries)
            assert not checked.broken and checked.entries > ENTRIES
    return figure("verifying the chain and its heads", seconds, "µs an entry", VERIFIES)

"""P13, T5: a thousand entries of the audit log, tampered with in five ways by the owner of the database: each is found, and which."""

import random
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.audit.anchor import read
from server.audit.checking import broken_entries, check_chain, check_some, first_broken
from server.audit.rules import Broken
from server.db import session_factory
from server.ledger.service import epoch
from server.settings import Settings
from tests.audit import tampering
from tests.audit.conftest import ENTRIES

EACH = 200
CHANCE = random.Random(20251127)
CHOSEN = sorted(CHANCE.sample(range(2, ENTRIES), EACH))

Tamper = Callable[[Session], None]


def found(session: Session, heads: dict[int, str]) -> dict[str, set[int]]:
    session.expire_all()
    by_kind: dict[str, set[int]] = {}
    for one in broken_entries(session, heads):
        by_kind.setdefault(one.kind, set()).update(range(one.first, one.last + 1))
    return by_kind


def test_two_hundred_forged(owner: Session, heads: dict[int, str]) -> None:
    tampering.forge(owner, *CHOSEN)
    assert found(owner, heads) == {"forged": set(CHOSEN)}


@pytest.mark.parametrize("renumber", [False, True], ids=["gaps", "renumbered"])
def test_two_hundred_deleted(owner: Session, heads: dict[int, str], renumber: bool) -> None:
    tampering.delete(owner, *CHOSEN, renumber=renumber)
    told = found(owner, heads)
    assert told.pop("renumbered", set()) <= set(range(CHOSEN[0], ENTRIES + 1))
    assert told == {"deleted": set(CHOSEN)}


def test_two_hundred_inserted(owner: Session, heads: dict[int, str]) -> None:
    tampering.insert(owner, *CHOSEN)
    told = found(owner, heads)
    told.pop("renumbered")
    assert told == {"inserted": set(CHOSEN)}


def test_two_hundred_reordered(owner: Session, heads: dict[int, str]) -> None:
    shuffled = random.Random(7).sample(CHOSEN, EACH)
    for one, other in zip(shuffled[::2], shuffled[1::2], strict=True):
        tampering.swap(owner, one, other)
    assert found(owner, heads) == {"reordered": set(CHOSEN)}


def test_the_last_two_hundred_cut_off(owner: Session, heads: dict[int, str]) -> None:
    tampering.cut_from(owner, ENTRIES - EACH + 1)
    assert found(owner, heads) == {"cut_off": set(range(ENTRIES - EACH + 1, ENTRIES + 1))}
    assert first_broken(owner) is None, "the chain alone cannot know of it: that is what the heads are for"


def test_the_last_two_hundred_rewritten_hashes_and_all(owner: Session, heads: dict[int, str]) -> None:
    tampering.rewrite_from(owner, ENTRIES - EACH + 1)
    assert first_broken(owner) is None, "the chain alone cannot know of it"
    assert found(owner, heads) == {"forged": set(range(ENTRIES - EACH + 1, ENTRIES + 1))}


WAYS: dict[str, tuple[Callable[[Session, int], None], Callable[[int], Broken]]] = {
    "forge": (tampering.forge, lambda n: Broken("forged", n, n)),
    "delete": (tampering.delete, lambda n: Broken("deleted", n, n)),
    "insert": (tampering.insert, lambda n: Broken("inserted", n, n)),
    "reorder": (lambda s, n: tampering.swap(s, n, n + 1), lambda n: Broken("reordered", n, n + 1)),
    "cut": (tampering.cut_from, lambda n: Broken("cut_off", n, ENTRIES)),
    "rewrite": (tampering.rewrite_from, lambda n: Broken("forged", n, ENTRIES)),
}


@pytest.mark.parametrize("way", WAYS)
def test_one_alone_is_found_wherever_it_is(owner: Session, heads: dict[int, str], way: str) -> None:
    tamper, expected = WAYS[way]
    for number in random.Random(way).sample(range(2, ENTRIES), 8):
        with owner.begin_nested() as attempt:
            tamper(owner, number)
            told = [one for one in broken_entries(owner, heads) if one.kind != "renumbered"]
            attempt.rollback()
        owner.expire_all()
        assert told == [expected(number)]
    assert broken_entries(owner, heads) == []


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "at = 'infinity'",
        "actor = 'x'",
        "action = 'x'",
        "detail = '{\"rows\": 1.5}'",
        "detail = '[]'",
        "previous_hash = 'x'",
        "entry_hash = 'x'",
        "entry_no = 5000",
        "entry_no = -3",
    ],
)
def test_any_column_forged_is_found(owner: Session, heads: dict[int, str], change: str) -> None:
    owner.execute(text(f"UPDATE audit_entry SET {change} WHERE entry_no = 500"))
    assert any(one.first <= 500 <= one.last for one in broken_entries(owner, heads))


def test_a_part_is_checked_alone(logged: Settings, owner: Session) -> None:
    """What one request verifies: behind the forged entry and before it everything holds."""
    tampering.forge(owner, 500)
    tampering.cut_from(owner, 990)
    told = {after: check_some(owner, logged.var_dir, after, 300).broken for after in (0, 300, 600, 900)}
    assert told == {0: (), 300: (Broken("forged", 500, 500),), 600: (), 900: (Broken("cut_off", 990, ENTRIES),)}


def test_without_the_heads_the_chain_still_tells_what_it_can(owner: Session) -> None:
    tampering.forge(owner, 500)
    assert first_broken(owner) == 500
    tampering.delete(owner, 400)
    assert first_broken(owner) == 400
    tampering.swap(owner, 300, 310)
    assert first_broken(owner) == 300


def test_a_forger_who_mends_one_hash_is_found_by_the_next_entry(owner: Session) -> None:
    from server.audit.model import AuditEntry

    entry = owner.get_one(AuditEntry, 500)
    entry.subject = "another record"
    entry.entry_hash = tampering.mark_of(entry)
    owner.flush()
    assert first_broken(owner) == 500


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET actor = actor", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
@pytest.mark.parametrize("role", ["app", "owner"])
def test_the_database_refuses_every_change(logged: Settings, statement: str, role: str) -> None:
    from server.db import engine_for

    with (
        engine_for(logged, role).connect() as connection,
        pytest.raises(DBAPIError, match=r"only grows|permission denied"),
    ):
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE version SET author = author", "DELETE FROM version", "TRUNCATE version CASCADE", "DELETE FROM redaction"],
)
def test_versions_and_redactions_only_grow_either(logged: Settings, statement: str) -> None:
    from server.db import engine_for

    with engine_for(logged, "owner").connect() as connection, pytest.raises(DBAPIError, match="only grows"):
        connection.exec_driver_sql(statement)


def test_heads_are_noted_only_of_what_was_committed(settings: Settings) -> None:
    with session_factory(settings)() as session:
        tampering.fill(session, 3)
        session.rollback()
        tampering.fill(session, 2)
        with session.begin_nested() as attempt:
            tampering.fill(session, 5)
            attempt.rollback()
        tampering.fill(session, 1)
        assert not read(settings.var_dir, epoch(session)).exists
        session.commit()
        heads = read(settings.var_dir, epoch(session))
        assert heads.by_number and max(heads.by_number) == 3
        assert heads.path.stat().st_mode & 0o077 == 0
        checked = check_chain(session, settings.var_dir)
    assert (checked.entries, checked.anchored, checked.broken) == (3, 3, ())


def test_an_entry_behind_the_last_head_is_told(settings: Settings) -> None:
    """Inserted at the end with every hash right, it is still nothing that this program committed."""
    from server.db import engine_for

    with session_factory(settings).begin() as session:
        tampering.fill(session, 3)
    with Session(engine_for(settings, "owner")) as session:
        tampering.put_guard_aside(session)
        tampering.insert(session, 4)
        session.commit()
    with session_factory(settings)() as session:
        assert check_chain(session, settings.var_dir).broken == (Broken("unanchored", 4, 4),)

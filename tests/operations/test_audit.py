"""The audit log is a chain: whoever forges, deletes or reorders an entry is found, and at the right link."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.audit.service import entry_hash, first_broken, log
from server.db import engine_for
from server.settings import Settings
from tests.admitting import CLOCK
from tests.commands import Here, environment

LINKS = 12


@pytest.fixture
def chain(migrated: Settings) -> Iterator[Session]:
    """As the owner, who alone could rewrite it; rolled back at the end."""
    with Session(engine_for(migrated, "owner")) as session:
        for number in range(LINKS):
            log(session, CLOCK, "测试员", "read_precise", f"record {number}", {"purpose": "核查", "rows": number})
        assert first_broken(session) is None
        yield session
        session.rollback()


@pytest.mark.parametrize("column", ["actor", "action", "subject", "previous_hash", "entry_hash"])
def test_a_forged_word_is_found(chain: Session, column: str) -> None:
    chain.execute(text(f"UPDATE audit_entry SET {column} = 'x' || {column} WHERE entry_no = 5"))
    chain.expire_all()
    assert first_broken(chain) == 5


@pytest.mark.parametrize("change", ["at = at + interval '1 microsecond'", "detail = '{\"rows\": 0}'", "entry_no = 99"])
def test_a_forged_time_detail_or_number_is_found(chain: Session, change: str) -> None:
    chain.execute(text(f"UPDATE audit_entry SET {change} WHERE entry_no = 5"))
    chain.expire_all()
    assert first_broken(chain) == 5


def test_a_deleted_entry_is_found(chain: Session) -> None:
    chain.execute(text("DELETE FROM audit_entry WHERE entry_no = 5"))
    chain.expire_all()
    assert first_broken(chain) == 5


def test_an_entry_cut_out_and_renumbered_is_found(chain: Session) -> None:
    chain.execute(text("DELETE FROM audit_entry WHERE entry_no = 5"))
    for number in range(6, LINKS + 1):
        chain.execute(
            text("UPDATE audit_entry SET entry_no = entry_no - 1 WHERE entry_no = :number"), {"number": number}
        )
    chain.expire_all()
    assert first_broken(chain) == 5


def test_two_entries_in_each_others_place_are_found(chain: Session) -> None:
    for before, after in ((5, 105), (6, 5), (105, 6)):
        chain.execute(
            text("UPDATE audit_entry SET entry_no = :after WHERE entry_no = :before"),
            {"before": before, "after": after},
        )
    chain.expire_all()
    assert first_broken(chain) == 5


def test_a_forger_who_mends_the_hash_breaks_the_next_link(chain: Session) -> None:
    from server.audit.model import AuditEntry

    entry = chain.get_one(AuditEntry, 5)
    entry.subject = "another record"
    entry.entry_hash = entry_hash(entry)
    chain.flush()
    assert first_broken(chain) == 6


def test_the_command_names_the_broken_link(settings: Settings, here: Here) -> None:
    env = environment(
        XIANGYE_DATABASE_URL=str(settings.database_url), XIANGYE_DATABASE_OWNER_URL=str(settings.owner_url)
    )
    assert here.xiangye(env, "audit", "verify").code == 0
    with Session(engine_for(settings, "owner")) as session:
        for number in range(3):
            log(session, CLOCK, "测试员", "export", f"{number}", {})
        session.commit()
        assert here.xiangye(env, "audit", "verify").code == 0
        session.execute(text("UPDATE audit_entry SET actor = '别人' WHERE entry_no = 2"))
        session.commit()
    assert here.xiangye(env, "audit", "verify").refuses("第 2 条断裂")

"""Enrolment: a code works once, in time, for one person; what it brings is kept as a hash and can be taken away."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.service import CODE_LIFETIME, add_person, authenticate, enrol, issue_code, revoke
from server.db import session_factory
from server.settings import Settings
from shared.clock import FixedClock
from shared.ids import uuid7
from shared.problems import Problem
from tests.admitting import CLOCK
from tests.commands import Here, environment


@pytest.fixture
def accounts(migrated: Settings) -> Iterator[Session]:
    with session_factory(migrated)() as session:
        yield session
        session.rollback()


@pytest.fixture
def person(accounts: Session) -> UUID:
    return add_person(accounts, CLOCK, "测试员").id


def join(session: Session, code: str, device: UUID | None = None, clock: FixedClock = CLOCK) -> str:
    return enrol(session, clock, code, device or uuid7(), "平板", "0.1.0")[1]


def refused(session: Session, code: str, device: UUID | None = None, clock: FixedClock = CLOCK) -> str:
    with pytest.raises(Problem) as caught:
        join(session, code, device, clock)
    return caught.value.kind.code


def test_a_code_brings_one_device_once(accounts: Session, person: UUID) -> None:
    code, device = issue_code(accounts, CLOCK, person), uuid7()
    credential = join(accounts, f"  {code.lower()} ", device)
    assert authenticate(accounts, credential).id == device
    assert authenticate(accounts, credential).person_id == person
    assert refused(accounts, code) == "enrolment_used"


def test_an_unknown_or_late_code_is_refused_alike(accounts: Session, person: UUID) -> None:
    code = issue_code(accounts, CLOCK, person)
    late = FixedClock(CLOCK.now() + CODE_LIFETIME + timedelta(seconds=1))
    assert refused(accounts, code, clock=late) == "enrolment_used"
    assert refused(accounts, "AAAA-BBBB-CCCC") == "enrolment_used"
    in_time = FixedClock(CLOCK.now() + CODE_LIFETIME)
    assert authenticate(accounts, join(accounts, code, clock=in_time)).person_id == person


def test_neither_code_nor_credential_is_kept(accounts: Session, person: UUID) -> None:
    code = issue_code(accounts, CLOCK, person)
    credential = join(accounts, code)
    for table in ("enrolment", "device", "person"):
        rows = accounts.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t")).scalars().all()
        assert not [row for row in rows if code in row or credential in row], table


def test_a_device_of_somebody_else_cannot_be_taken(accounts: Session, person: UUID) -> None:
    device = uuid7()
    credential = join(accounts, issue_code(accounts, CLOCK, person), device)
    other = add_person(accounts, CLOCK, "另一人").id
    assert refused(accounts, issue_code(accounts, CLOCK, other), device) == "invalid"
    assert authenticate(accounts, credential).person_id == person


def test_a_tablet_that_enrols_again_has_one_credential(accounts: Session, person: UUID) -> None:
    device = uuid7()
    first = join(accounts, issue_code(accounts, CLOCK, person), device)
    second = join(accounts, issue_code(accounts, CLOCK, person), device)
    assert authenticate(accounts, second).id == device
    with pytest.raises(Problem):
        authenticate(accounts, first)


def test_a_revoked_device_is_a_stranger(accounts: Session, person: UUID) -> None:
    device = uuid7()
    credential = join(accounts, issue_code(accounts, CLOCK, person), device)
    revoke(accounts, CLOCK, device)
    accounts.flush()
    for attempt in (credential, "", "x" * 43):
        with pytest.raises(Problem) as caught:
            authenticate(accounts, attempt)
        assert caught.value.kind.code == "credential_unknown"
    with pytest.raises(Problem, match="没有设备"):
        revoke(accounts, CLOCK, uuid7())


def test_the_commands_do_the_same(settings: Settings, here: Here) -> None:
    env = environment(
        XIANGYE_DATABASE_URL=str(settings.database_url), XIANGYE_DATABASE_OWNER_URL=str(settings.owner_url)
    )
    added = here.xiangye(env, "account", "add", "--name", "张三", "--json")
    person = json.loads(added.out)["person_id"]
    code = json.loads(here.xiangye(env, "device", "enrol", person, "--json").out)["code"]
    device = uuid7()
    with session_factory(settings).begin() as session:
        credential = join(session, code, device, FixedClock(CLOCK.now()))
    assert here.xiangye(env, "device", "revoke", str(device)).code == 0
    with session_factory(settings)() as session, pytest.raises(Problem):
        authenticate(session, credential)
    assert here.xiangye(env, "device", "enrol", str(uuid7())).refuses("没有账号或编号为", "xiangye account add")
    assert here.xiangye(env, "device", "revoke", str(uuid7())).refuses("没有设备")
    assert here.xiangye(env, "device", "enrol", "nonsense").refuses("没有账号或编号为")


@pytest.mark.parametrize("name", ["", "  ", "名" * 121])
def test_a_person_has_a_name_by_command_as_over_http(accounts: Session, name: str) -> None:
    with pytest.raises(Problem) as caught:
        add_person(accounts, CLOCK, name)
    assert caught.value.extra["field"] == "name"


def test_a_notice_that_is_no_text_is_refused_in_words(settings: Settings, here: Here, tmp_path: Path) -> None:
    env = environment(
        XIANGYE_DATABASE_URL=str(settings.database_url), XIANGYE_DATABASE_OWNER_URL=str(settings.owner_url)
    )
    (tmp_path / "notice.txt").write_bytes("告知".encode("gb18030"))
    publish = ("account", "notice", "--publish", "track", "2099-1", "--file", str(tmp_path / "notice.txt"))
    assert here.xiangye(env, *publish).refuses("不是 UTF-8 编码的文字")


def test_a_contact_key_that_cannot_be_used_keeps_the_server_from_starting(here: Here, tmp_path: Path) -> None:
    (tmp_path / "contacts.key").write_bytes(b"short")
    (tmp_path / "contacts.key").chmod(0o600)
    env = environment(XIANGYE_CONTACT_KEY=str(tmp_path / "contacts.key"), XIANGYE_VAR=str(tmp_path))
    assert here.xiangye(env, "serve").refuses("不是可用的联系方式密钥，应为 32 字节")

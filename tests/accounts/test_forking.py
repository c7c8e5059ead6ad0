"""T15: a tablet whose store was copied or put back becomes a device of its own at once, by the credential of the old one and no other way."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError

from mobile.device.desktop_key import FileKey
from server.accounts import device_keys, forking, relays, service
from server.accounts.forking import Wanted
from server.accounts.model import Device, DeviceKey, Person
from server.accounts.viewer import LOCAL_OPERATOR
from server.audit.model import AuditEntry
from server.db import open_session, session_factory
from shared.ids import uuid7
from shared.problems import Problem
from shared.protocol import MAX_FORKS
from shared.wire.signature import key_id
from tests.accounts.console import ask, code_of
from tests.accounts.tablets import GROUP, Tablet, enrolled, keyed, proof
from tests.admitting import CLOCK
from tests.people import headers, token_for
from tests.serving import Live

pytestmark = GROUP


@pytest.fixture
def tablet(served: Live) -> Tablet:
    return enrolled(served)


def row(live: Live, device: str) -> Device:
    with open_session(live.settings) as session:
        found = session.get_one(Device, UUID(device))
        session.expunge(found)
        return found


def test_a_tablet_gets_an_id_of_its_own_and_its_twin_keeps_the_old_one(tablet: Tablet, key: FileKey) -> None:
    old, new = keyed(tablet, key), str(uuid7())
    answer = old.fork(new)
    assert (answer.status_code, answer.headers["Xiangye-Protocol"]) == (200, "1")
    told = answer.json()
    assert told.keys() == {"person_id", "device_id", "forked_from", "credential", "device_key"}
    assert (told["device_id"], told["forked_from"]) == (new, old.id)
    assert told["device_key"] == key_id(key.public_key())
    both = (old, replace(old, id=new, credential=told["credential"]))
    assert [one.pull() for one in both] == [(200, ""), (200, "")]
    with open_session(tablet.live.settings) as session:
        logged = session.scalars(select(AuditEntry).where(AuditEntry.subject == new)).all()
        assert [(one.action, one.actor) for one in logged] == [
            ("set_device_key", told["person_id"]),
            ("fork_device", told["person_id"]),
        ]
        assert logged[1].detail == {"forked_from": old.id}
        made = session.get_one(Device, UUID(new))
        assert str(made.person_id) == told["person_id"]
        assert device_keys.in_force(session, made.id) is not None


def test_lists_tell_what_a_device_was_forked_from(tablet: Tablet) -> None:
    new = tablet.forked()
    with open_session(tablet.live.settings) as session:
        owner = session.get_one(Device, UUID(tablet.id)).person_id
        script = headers(token_for(session, session.get_one(Person, owner)))
    listed = ask(tablet.live, script, "GET", "devices").json()["items"]
    assert {one["id"]: one["forked_from"] for one in listed} == {tablet.id: None, new.id: tablet.id}


@pytest.mark.parametrize("with_key", [False, True])
def test_a_lost_answer_is_asked_for_again_until_it_came(tablet: Tablet, key: FileKey, with_key: bool) -> None:
    """P3: the credential of the answer that was lost is dead; that of the one that came is in force, whoever asks after that."""
    old = keyed(tablet, key) if with_key else tablet
    first = old.forked()
    second = old.forked(first.id)
    assert first.pull() == (401, "credential_unknown")
    assert second.pull()[0] == 200
    replayed = old.fork(first.id)
    assert (code_of(replayed), replayed.json()["field"]) == ((422, "invalid"), "device_id")
    assert second.pull()[0] == 200, "a copy that asks for the same id, or a captured request, puts nobody out"
    with open_session(tablet.live.settings) as session:
        forks = session.scalars(select(Device.id).where(Device.forked_from == UUID(old.id))).all()
        assert forks == [UUID(first.id)]
        keys = session.scalars(select(DeviceKey.key_id).where(DeviceKey.device_id == UUID(first.id))).all()
        assert keys == ([key_id(key.public_key())] if with_key else [])


def test_an_id_that_is_known_is_no_new_one(tablet: Tablet) -> None:
    """Of another person, of the same one, one's own, forked from another, revoked, or given a code since: one answer for all."""
    with open_session(tablet.live.settings) as session:
        owner = session.get_one(Device, UUID(tablet.id)).person_id
    revoked, anew = tablet.forked(), tablet.forked()
    with open_session(tablet.live.settings) as session:
        service.revoke(session, CLOCK, UUID(revoked.id))
    enrolled(tablet.live, owner, anew.id)
    cousin = enrolled(tablet.live, owner).forked()
    known = (enrolled(tablet.live), enrolled(tablet.live, owner), tablet, cousin, revoked, anew)
    before = [row(tablet.live, one.id).credential_hash for one in known]
    answers = [tablet.fork(one.id) for one in known]
    assert {(one.status_code, one.text) for one in answers} == {(422, answers[0].text)}
    assert answers[0].json()["field"] == "device_id"
    assert [row(tablet.live, one.id).credential_hash for one in known] == before


def test_a_stolen_credential_brings_no_device_without_the_key(tablet: Tablet, key: FileKey, tmp_path: Path) -> None:
    """T6: whoever has the credential alone can hand nothing in, so must not get a device that signs nothing, or otherwise."""
    old, other, new = keyed(tablet, key), FileKey(tmp_path / "other.pem"), str(uuid7())
    assert code_of(old.fork(new, device_public_key=None, device_key_proof=None)) == (422, "signature_missing")
    assert code_of(old.fork(new, **proof(other, new, old.credential))) == (409, "key_known")
    for wrong in (
        proof(other, new, old.credential) | {"device_public_key": key.public_key()},
        proof(key, old.id, old.credential),
        proof(key, new, "another secret"),
    ):
        refused = old.fork(new, **wrong)
        assert (code_of(refused), refused.json()["field"]) == ((422, "invalid"), "device_key_proof")
    with open_session(tablet.live.settings) as session:
        assert session.get(Device, UUID(new)) is None
    keyless = enrolled(tablet.live)
    first = replace(keyless, key=other).forked()
    with open_session(tablet.live.settings) as session:
        kept = device_keys.in_force(session, UUID(first.id))
        assert kept and kept.key_id == key_id(other.public_key()), "one that never told a key tells its first"
    for again in (keyless, replace(keyless, key=key)):
        assert again.fork(first.id).json()["field"] == "device_id", "and asks for the same id with the same key alone"


def test_bodies_that_are_none_are_refused_in_words(tablet: Tablet) -> None:
    for wrong in (
        {"device_id": None},
        {"device_id": "A" * 36},
        {"device_id": 7},
        {"device_name": "名" * 121},
        {"app_version": None},
        {"device_public_key": "AAAA"},
        {"device_public_key": "AAAA", "device_key_proof": "AAAA"},
        {"forked_from": str(uuid7())},
        {"person_id": str(uuid7())},
    ):
        assert code_of(tablet.fork(str(uuid7()), **wrong)) == (422, "invalid"), wrong
    assert code_of(ask(tablet.live, headers(tablet.credential), "POST", "devices/fork", [])) == (422, "invalid")


def test_revoking_ends_what_was_forked_to_any_depth(tablet: Tablet) -> None:
    """T1, T15: whoever took a copy along cannot stay by having forked before."""
    chain = [tablet]
    for _ in range(3):
        chain.append(chain[-1].forked())
    side, stranger = chain[1].forked(), enrolled(tablet.live)
    with open_session(tablet.live.settings) as session:
        ended = service.revoke(session, CLOCK, UUID(chain[1].id), LOCAL_OPERATOR)
        logged = session.scalars(select(AuditEntry).where(AuditEntry.subject == chain[1].id)).all()[-1]
    assert [str(one) for one in ended] == [chain[1].id, *sorted([chain[2].id, side.id]), chain[3].id]
    assert logged.detail["forks"] == [str(one) for one in ended[1:]]
    assert [one.pull()[0] for one in (*chain, side, stranger)] == [200, 401, 401, 401, 401, 200]
    assert code_of(chain[2].fork(str(uuid7()))) == (401, "credential_unknown"), "nor does it fork any more"
    again = enrolled(tablet.live, row(tablet.live, side.id).person_id, side.id)
    assert again.pull()[0] == 200, "a new code brings one of them back"


def test_so_many_forks_of_one_device_and_so_many_tries_a_minute(tablet: Tablet) -> None:
    assert [tablet.fork(str(uuid7())).status_code for _ in range(10)] == [200] * 10
    assert code_of(tablet.fork(str(uuid7()))) == (429, "too_many_requests")
    with open_session(tablet.live.settings) as session:
        last = [_fork(session, tablet) for _ in range(MAX_FORKS - 10)][-1]
        with pytest.raises(Problem) as refused:
            _fork(session, tablet)
        assert refused.value.kind.code == "too_many_forks"
        assert _fork(session, tablet, last) == last, "the twentieth is asked for again"


def _fork(session: Any, tablet: Tablet, new: UUID | None = None) -> UUID:
    wanted = Wanted(new or uuid7(), "莽山二号", "0.2.0", None)
    device = session.get_one(Device, UUID(tablet.id))
    return forking.fork(session, CLOCK, device, tablet.credential, wanted).device.id


def test_forks_of_forks_are_bounded_too(tablet: Tablet) -> None:
    """A stolen tablet makes no more devices than are revoked in a moment."""
    many = text("""
        INSERT INTO xiangye.device (id, person_id, name, app_version, credential_hash, enrolled_at, forked_from)
        SELECT gen_random_uuid(), person_id, 'x', '1', gen_random_uuid()::text, enrolled_at, id
        FROM xiangye.device, generate_series(1, :many) WHERE id = :id
        """)
    last = tablet.forked()
    with open_session(tablet.live.settings) as session:
        session.execute(many, {"many": forking._MAX_OF_PERSON - 1, "id": tablet.id})
    assert code_of(last.fork(str(uuid7()))) == (409, "too_many_forks")
    with open_session(tablet.live.settings) as session:
        assert len(service.revoke(session, CLOCK, UUID(tablet.id), LOCAL_OPERATOR)) == forking._MAX_OF_PERSON + 1


def test_twins_that_fork_at_the_same_moment_neither_double_nor_block(served: Live, tablet: Tablet) -> None:
    """T15: two copies with two ids, two with the same id, and the id of one that another device is just taking."""
    other, shared = enrolled(served), str(uuid7())
    asked = [(tablet, str(uuid7())), (tablet, str(uuid7())), (tablet, shared), (tablet, shared), (other, shared)]
    found: list[tuple[int, str]] = []
    threads = [
        threading.Thread(target=lambda one=one, new=new: found.append(code_of(one.fork(new)))) for one, new in asked
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) in ([(200, "")] * 4 + [(422, "invalid")], [(200, "")] * 3 + [(422, "invalid")] * 2)
    with open_session(served.settings) as session:
        forks = session.scalars(select(Device.forked_from).where(Device.id.in_([UUID(new) for _, new in asked]))).all()
        assert len(forks) == 3


def test_who_is_revoked_while_forking_has_not_forked(served: Live, tablet: Tablet) -> None:
    """The revocation waits for the fork that holds the device, and ends what came of it; a fork that waits for it is refused."""
    factory = session_factory(served.settings)
    with factory() as forks, factory() as revokes:
        new = _fork(forks, tablet)
        ended: list[UUID] = []
        waiting = threading.Thread(target=lambda: ended.extend(_revoke(revokes, tablet)))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive() and not ended
        forks.commit()
        waiting.join()
        assert ended == [UUID(tablet.id), new]
    with factory() as late:
        for disabled_at, revoked_at in ((None, CLOCK.now()), (CLOCK.now(), None)):
            device = late.get_one(Device, UUID(tablet.id))  # as the door saw it
            with factory() as session:
                session.get_one(Person, device.person_id).disabled_at = disabled_at
                session.get_one(Device, device.id).revoked_at = revoked_at
                session.commit()
            with pytest.raises(Problem) as refused:
                _fork(late, tablet)
            assert refused.value.kind.code == "credential_unknown"
            late.rollback()


def test_of_two_copies_with_one_new_id_one_gets_through(served: Live, tablet: Tablet) -> None:
    """T15: the first use of a new credential and another's repeat at the same moment: never are both let in."""
    first, found = tablet.forked(), list[tuple[int, str]]()
    with session_factory(served.settings)() as repeats:
        _fork(repeats, tablet, UUID(first.id))
        using = threading.Thread(target=lambda: found.append(first.pull()))
        using.start()
        using.join(0.1)
        assert using.is_alive() and not found
        repeats.commit()
        using.join()
    assert found == [(401, "credential_unknown")]
    assert row(served, first.id).seen_at is None
    assert tablet.forked(first.id).pull()[0] == 200


def _revoke(session: Any, tablet: Tablet) -> list[UUID]:
    ended = service.revoke(session, CLOCK, UUID(tablet.id))
    session.commit()
    return ended


def test_a_credential_that_an_enrolment_replaced_does_not_fork(served: Live, tablet: Tablet) -> None:
    enrolled(served, row(served, tablet.id).person_id, tablet.id)
    assert code_of(tablet.fork(str(uuid7()))) == (401, "credential_unknown")
    with open_session(served.settings) as session, pytest.raises(Problem) as refused:
        _fork(session, tablet)
    assert refused.value.kind.code == "credential_unknown"


def test_a_station_forks_nobody(served: Live, tablet: Tablet) -> None:
    with open_session(served.settings) as session:
        _, credential = relays.admit_relay(session, CLOCK, LOCAL_OPERATOR, f"监测站 {uuid4().hex[:6]}")
    for more in ({}, {"Xiangye-Relayed-Device": tablet.id}):
        answer = ask(served, headers(credential) | more, "POST", "devices/fork", tablet.asked(str(uuid7())))
        assert code_of(answer) == (403, "not_allowed")


def test_the_database_keeps_what_a_device_was_forked_from(served: Live, tablet: Tablet) -> None:
    """So no chain of them closes, whoever writes."""
    new = tablet.forked()
    for device, told in ((tablet.id, new.id), (new.id, None), (tablet.id, tablet.id)):
        with open_session(served.settings) as session, pytest.raises(ProgrammingError, match="told once"):
            session.execute(update(Device).where(Device.id == UUID(device)).values(forked_from=told and UUID(told)))

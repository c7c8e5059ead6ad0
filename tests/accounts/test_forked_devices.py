"""T15: whatever goes by a device's id works for one that was forked: batches, signatures, photos, stations; and its twin goes on."""

import base64
import hashlib
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests

from mobile.device.desktop_key import FileKey
from server.accounts import relays
from server.accounts.model import Device
from server.accounts.viewer import LOCAL_OPERATOR
from server.auditing import verify_evidence
from server.db import EVERYTHING, looking_through, open_session
from server.sync.queries import known_of, twins
from shared.canonical import digest
from shared.ids import uuid7
from tests import records
from tests.accounts.tablets import GROUP, Tablet, enrolled, keyed
from tests.admitting import CLOCK
from tests.serving import Live
from tests.sync.test_signatures import batch, header

pytestmark = GROUP
OWNER = UUID(records.PERSON)
ACCEPTED, ALREADY_HAVE, WRONG_DEVICE = ("accepted", None), ("already_have", None), ("quarantined", "wrong_device")


@pytest.fixture
def old(served: Live, key: FileKey) -> Tablet:
    return keyed(enrolled(served, OWNER), key)


def made_on(device: str, seq: int) -> dict[str, Any]:
    return {**records.occurrence(), "device": device, "seq": seq}


def send(tablet: Tablet, *some: Any, signed_as: str = "", **bearing: str) -> requests.Response:
    assert tablet.key is not None
    body = batch(*some)
    told = {
        "Authorization": f"Bearer {tablet.credential}",
        "Xiangye-Signature": header(tablet.key, body, signed_as or tablet.id),
    }
    return requests.post(f"{tablet.live.url}/v1/sync/batches", data=body, headers=told | bearing, timeout=20)


def outcomes(answer: requests.Response) -> list[tuple[str, str | None]]:
    assert answer.status_code == 200, answer.text
    return [(one["outcome"], one.get("reason")) for one in answer.json()["receipts"]]


def get(tablet: Tablet, path: str) -> Any:
    bearing = {"Authorization": f"Bearer {tablet.credential}"}
    return requests.get(f"{tablet.live.url}/v1/{path}", headers=bearing, timeout=20).json()


def known(tablet: Tablet) -> tuple[int, str]:
    """As the session tells it."""
    with open_session(tablet.live.settings) as session, looking_through(session, EVERYTHING):
        told = known_of(session, session.get_one(Device, UUID(tablet.id)))
    return told["known_seq"], told["known_digest"]


def test_both_twins_hand_in_under_their_own_ids(served: Live, old: Tablet) -> None:
    """T15: nothing is overwritten, each counts for itself, and every signature can be checked for ever."""
    before = made_on(old.id, 7)
    assert outcomes(send(old, before)) == [ACCEPTED]
    new = old.forked()
    assert known(new) == (0, "")
    mine, theirs = made_on(new.id, 8), made_on(old.id, 8)
    assert outcomes(send(new, mine)) == outcomes(send(old, theirs)) == [ACCEPTED]
    assert (known(new), known(old)) == ((8, digest(mine)), (8, digest(theirs)))
    for wrong in (send(new, mine, signed_as=old.id), send(old, theirs, signed_as=new.id)):
        assert wrong.json()["code"] == "signature_wrong", "what one signed is not the other's"
    pulled = {one["record_id"] for one in get(new, "sync/changes?cursor=0")["changes"]}
    assert {before["id"], mine["id"], theirs["id"]} <= pulled
    with open_session(served.settings) as session, looking_through(session, EVERYTHING):
        assert not verify_evidence(session, served.settings).records
        told = {one["device_id"]: (one["numbers"], one["forks"]) for one in twins(session)}
        assert told[old.id] == (0, [new.id]) and new.id not in told, "told even where no number was given twice"


def test_a_forked_tablet_may_offer_again_what_it_made_before(old: Tablet) -> None:
    """P6, T15: a server that was restored is offered all that is kept; there the old one's records come from the new one."""
    held, lost = made_on(old.id, 1), made_on(old.id, 2)
    assert outcomes(send(old, held)) == [ACCEPTED]
    new = old.forked().forked()
    assert outcomes(send(new, held, lost)) == [ALREADY_HAVE, ACCEPTED]
    foreign, nobodys = made_on(enrolled(old.live).id, 3), made_on(str(uuid7()), 3)
    unlike = {**made_on(new.id, 3), "device": {"device": new.id}}
    assert outcomes(send(new, foreign, nobodys, unlike)) == [WRONG_DEVICE, WRONG_DEVICE, ("quarantined", "invalid")]


def test_a_photo_that_the_old_one_brought_is_held_for_the_new_one(old: Tablet) -> None:
    """P5: custody is of bytes; what was only begun is begun anew."""
    whole, begun = (uuid4().bytes * 100 for _ in range(2))
    upload(old, whole, whole)
    half = upload(old, begun, b"")
    assert "Xiangye-Custody" not in half.headers
    new = old.forked()
    assert upload(new, whole, b"").headers["Xiangye-Custody"].startswith(hashlib.sha256(whole).hexdigest())
    bearing = {"Authorization": f"Bearer {new.credential}", "Tus-Resumable": "1.0.0"}
    assert requests.head(f"{new.live.url}{half.headers['Location']}", headers=bearing, timeout=20).status_code == 404
    anew = upload(new, begun, begun)
    assert anew.headers["Location"] != half.headers["Location"] and "Xiangye-Custody" in anew.headers


def upload(tablet: Tablet, data: bytes, now: bytes) -> requests.Response:
    mark = base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode()
    told = {
        "Authorization": f"Bearer {tablet.credential}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(data)),
        "Upload-Metadata": f"sha256 {mark}",
        "Content-Type": "application/offset+octet-stream",
    }
    answer = requests.post(f"{tablet.live.url}/v1/uploads", headers=told, data=now, timeout=20)
    assert answer.status_code == 201, answer.text
    return answer


def test_a_station_passes_on_for_a_forked_tablet(served: Live, old: Tablet) -> None:
    """T13: it is told the new id with its key, what it brings is receipted to that id, and then nobody else can ask for this id."""
    with open_session(served.settings) as session:
        _, credential = relays.admit_relay(session, CLOCK, LOCAL_OPERATOR, f"监测站 {uuid4().hex[:6]}")
    station = Tablet(served, "", credential)
    new = old.forked()
    told = get(station, "relay/tablets")["told"]
    assert told["tablets"][new.id] == told["tablets"][old.id]
    assert list(get(old, "relay/tablets")["told"]["tablets"]) == [old.id]
    mine = made_on(new.id, 1)
    bearing = {"Authorization": f"Bearer {credential}", "Xiangye-Relayed-Device": new.id}
    answer = send(new, mine, **bearing)
    assert outcomes(answer) == [ACCEPTED]
    custody = answer.json()["signed"]["custody"]
    assert (custody["device_id"], custody["receipts"][0]["digest"]) == (new.id, digest(mine))
    again = old.fork(new.id)
    assert (again.status_code, json.loads(again.text)["field"]) == (422, "device_id")

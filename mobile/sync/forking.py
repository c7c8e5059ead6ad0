"""A tablet that has a twin gets a device id of its own, without a code: the credential that it has speaks for it."""

from http import HTTPStatus
from typing import Any

from mobile.device.ports import DeviceKey
from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer, CredentialRefused, Refused, TooManyTries
from mobile.sync.reference import known_notices
from mobile.sync.report import SyncReport
from mobile.sync.signatures import Signer, told_with
from mobile.sync.transport import Transport
from shared import __version__
from shared.canonical import canonical_bytes
from shared.wire.signature import key_id

PATH = "/v1/devices/fork"
_ASKED = 2
"""Ids that are asked for in one meeting: the first may be borne by somebody."""


def fork(store: Store, key: DeviceKey, transport: Transport, report: SyncReport) -> None:
    """Once all is sent that bears the old id; before, and where the server gives none now, the tablet goes on as it is."""
    if not store.twins.found() or store.parting.waits():
        return
    try:
        for _ in range(_ASKED):
            if _fork(store, key, transport, report):
                break
    except TooManyTries:
        return  # the next sync asks again; this one has brought all there was
    except Refused as refusal:
        if not _gives_none(refusal):
            raise
        store.twins.needs_code()
        return
    store.twins.needs_code(False)


def _gives_none(refusal: Refused) -> bool:
    """A server from before there was this; too many ids were given already; the tablet cannot sign as the server knows it."""
    without = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
    return refusal.status in without or refusal.code in ("too_many_forks", "signature_missing", "key_known")


def _fork(store: Store, key: DeviceKey, transport: Transport, report: SyncReport) -> bool:
    """False where somebody bears the id that was asked for."""
    before, coming = store.identity.current(), store.parting.id_to_come()
    told = told_with(Signer(key, coming), store.identity.credential() or "", report)
    request = {"device_id": coming, "device_name": before.device_name, "app_version": __version__, **told}
    try:
        answer = transport.post_json(PATH, canonical_bytes(request))
    except Refused as refusal:
        if refusal.field != "device_id":
            raise
        store.parting.give_up(coming)
        return False
    public_key = told.get("device_public_key")
    expected = {
        "person_id": before.person_id,
        "device_id": coming,
        "forked_from": before.device_id,
        "device_key": key_id(public_key) if public_key else None,
    }
    credential = answer.get("credential")
    if not isinstance(credential, str) or not credential or _named(answer, expected) != expected:
        raise BrokenAnswer
    _prove(store, transport.base_url, credential)
    store.parting.take(coming, credential)
    return True


def _named(answer: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: answer.get(name) for name in expected}


def _prove(store: Store, address: str, credential: str) -> None:
    """BrokenAnswer where it does not open a session: it was altered on its way, or a copy of this store was given another since. Once it
    has, nobody is given another for this id."""
    transport = Transport(address, credential, store.identity.setting("ca_bundle"))
    try:
        known = {"notices": known_notices(store), "places": store.survey_places.digest()}
        transport.get_json("/v1/sync/session", **known)
    except CredentialRefused as failure:
        raise BrokenAnswer from failure
    finally:
        transport.close()

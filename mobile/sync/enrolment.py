"""A tablet becomes somebody's: a code, once, for a credential."""

from datetime import date
from functools import partial
from typing import Any

from mobile.device.ports import DeviceKey
from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer, CredentialRefused, EnrolmentSpent, NotReady, Refused
from mobile.sync.invitation import Invitation
from mobile.sync.report import SyncReport
from mobile.sync.seal_key import without_foreign_key
from mobile.sync.signatures import Signer, told_with
from mobile.sync.transport import Transport
from shared import __version__
from shared.canonical import canonical_bytes

GONE, _BELOW = 410, "known_below"
RESTORED = "服务器已从备份恢复，重新发送"


class _OfAnother(Exception):
    """The server knows this tablet as somebody else's."""


def enrol(
    store: Store, key: DeviceKey, invitation: Invitation, address: str, device_name: str, report: SyncReport
) -> None:
    """The address is kept only with the credential that came from it: a false code must not lead the old credential astray."""
    before, waiting = store.identity.current(), store.deliveries.sendable_count() + store.media.sendable_count()
    device_id = store.identity.device_id()
    if store.twins.found() and not waiting:
        # Its twin keeps the old id. Nothing that bears it is still to be sent from here.
        device_id = store.parting.another_id()
    ask = partial(_ask, store, key, invitation.code, address, device_name, report)
    try:
        answer = ask(device_id)
    except _OfAnother:
        if waiting:
            raise NotReady(_words_of(before.person_name, waiting)) from None
        # Nothing is left that bears the old id, so the new person begins with a tablet of their own.
        device_id = store.parting.another_id()
        answer = ask(device_id)
    names = ("person_id", "person_name", "holder", "server_epoch", "pack_key")
    settings = {name: str(answer.get(name) or "") for name in names}
    if not settings["person_id"] or not isinstance(answer.get("credential"), str):
        raise BrokenAnswer
    settings |= without_foreign_key(store, settings["pack_key"])
    if before.server_epoch not in ("", settings["server_epoch"]):
        begin_anew(store)
    if before.person_id != settings["person_id"]:
        store.team.forget()
    store.identity.set_server_url(address)
    if before.device_id not in ("", device_id):
        settings |= store.parting.parted()
    settings |= {"device_name": device_name, "credential_refused": ""}
    settings |= store.owners.settings(before.person_id, before.person_name)
    store.identity.enrol(answer["credential"], device_id, **settings)
    store.owners.try_again()
    store.twins.counted()
    if waiting and before.person_id not in ("", settings["person_id"]):
        report.warn(_words_of(before.person_name, waiting))


def begin_anew(store: Store) -> None:
    """Of a server in another epoch nothing is known: all that is kept is offered again, all that it tells is fetched again."""
    store.deliveries.offer_all_again(RESTORED)
    store.pulled.begin_again()
    store.team.forget()


def meet_known(store: Store, known: int, today: date) -> None:
    """`known`: the highest number that the server has of this device. Below one that it once confirmed, it was put back to an earlier
    day, whatever epoch it names. For the same number this is done once a day: what it will not count is not sent all the time."""
    below = f"{known} {today}"
    told = store.identity.setting(_BELOW) or ""
    if known >= store.owners.highest_held():
        if told:
            store.identity.keep(**{_BELOW: ""})
    elif told != below:
        begin_anew(store)
        store.identity.keep(**{_BELOW: below})


def _words_of(person: str, waiting: int) -> str:
    return f"平板上还有 {person} 的 {waiting} 条记录和照片未送达：请由本人登记并同步后，再换人登记；记录都还在平板上"


def _ask(
    store: Store, key: DeviceKey, code: str, address: str, device_name: str, report: SyncReport, device_id: str
) -> dict[str, Any]:
    signer = Signer(key, device_id)
    transport = Transport(address, ca_bundle=store.identity.setting("ca_bundle"))
    request = {
        "code": code,
        "device_id": device_id,
        "device_name": device_name,
        "app_version": __version__,
        **told_with(signer, code.strip().upper(), report),
    }
    try:
        return transport.post_json("/v1/devices/enrol", canonical_bytes(request))
    except CredentialRefused as failure:
        raise NotReady("登记码无效：请核对后重新输入") from failure
    except Refused as failure:
        if failure.status == GONE:
            raise EnrolmentSpent from failure
        if failure.field == "device_id":
            raise _OfAnother from failure
        raise
    finally:
        transport.close()

"""A tablet becomes somebody's: a code, once, for a credential."""

from typing import Any

from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer, CredentialRefused, EnrolmentSpent, NotReady, Refused
from mobile.sync.invitation import Invitation
from mobile.sync.report import SyncReport
from mobile.sync.transport import Transport
from shared import __version__
from shared.canonical import canonical_bytes

GONE = 410


def enrol(store: Store, invitation: Invitation, address: str, device_name: str, report: SyncReport) -> None:
    """The address is kept only with the credential that came from it: a false code must not lead the old credential astray."""
    answer = _ask(store, invitation.code, address, device_name)
    names = ("person_id", "person_name", "holder", "server_epoch", "pack_key")
    settings = {name: str(answer.get(name) or "") for name in names}
    if not settings["person_id"] or not isinstance(answer.get("credential"), str):
        raise BrokenAnswer
    before, waiting = store.identity.current().person_id, store.outbox.waiting_count()
    store.identity.set_server_url(address)
    store.identity.enrol(answer["credential"], device_name=device_name, credential_refused="", **settings)
    if waiting and before not in ("", settings["person_id"]):
        report.warn(
            f"平板换了使用人：原使用人还有 {waiting} 条记录未送达，须由原使用人重新登记后才能发送；记录都还在平板上"
        )


def _ask(store: Store, code: str, address: str, device_name: str) -> dict[str, Any]:
    transport = Transport(address)
    request = {
        "code": code,
        "device_id": store.identity.device_id(),
        "device_name": device_name,
        "app_version": __version__,
    }
    try:
        return transport.post_json("/v1/devices/enrol", canonical_bytes(request))
    except CredentialRefused as failure:
        raise NotReady("登记码无效：请核对后重新输入") from failure
    except Refused as failure:
        if failure.status == GONE:
            raise EnrolmentSpent from failure
        raise
    finally:
        transport.close()

"""The province's key to which sensitive records are sealed: taken only under the signature of the key that this tablet trusts."""

from typing import Any

from mobile.device.ports import DeviceFailure, Signatures
from mobile.store.store import Store
from mobile.sync.report import SyncReport
from shared.wire.sealed import key_statement

NOT_OURS = "服务器给出的密封公钥没有登记时那台服务器的签名，未采用；如服务器更换了密钥，请重新登记平板"
LONGEST_KEY, LONGEST_SIGNATURE = 400, 200


def keep_seal_key(store: Store, answer: dict[str, Any], signatures: Signatures, report: SyncReport) -> None:
    """A server that has none tells none; what is known stays then, and nothing older takes its place."""
    told = answer.get("seal_key")
    if not isinstance(told, dict):
        return
    key, number, signature = told.get("public_key"), told.get("number"), told.get("signature")
    if not (_is_text(key, LONGEST_KEY) and _is_text(signature, LONGEST_SIGNATURE) and type(number) is int):
        return
    known, at = store.identity.setting("seal_key") or "", int(store.identity.setting("seal_key_number") or 0)
    if key == known or number <= at:
        return
    trusted = store.identity.setting("pack_key")
    try:
        holds = bool(trusted) and signatures.holds(str(trusted), key_statement(str(key), number), str(signature))
    except DeviceFailure as failure:
        report.warn(str(failure))
        return
    if not holds:
        report.warn(NOT_OURS)
        return
    store.identity.keep(seal_key=str(key), seal_key_number=str(number))


def without_foreign_key(store: Store, pack_key: str) -> dict[str, str]:
    """Settings for a tablet that enrols: of another server's key nobody there could open anything."""
    return {} if pack_key == store.identity.setting("pack_key") else {"seal_key": "", "seal_key_number": ""}


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest

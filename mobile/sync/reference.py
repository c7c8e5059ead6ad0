"""What the server hands to its tablets: the species pack, by what changed where that can be, else whole; the wording of notices."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mobile.device.ports import Signatures
from mobile.species.pack import PackUnreadable
from mobile.species.proof import Trust
from mobile.store.packs import Packs
from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer
from mobile.sync.report import SyncReport
from mobile.sync.transport import Transport
from shared.notices import NOTICES
from shared.taxon_pack import DIFFERENCE_TYPE, KIND

PATH = "/v1/packs/taxa"
MAX_NOTICE_VERSION, MAX_NOTICE_TEXT = 40, 10_000


def pin_key(store: Store, offer: dict[str, Any]) -> None:
    """A tablet that enrolled before packs were signed takes the key that its server tells first, and no other after it."""
    told = offer.get("pack_key")
    if isinstance(told, str) and not store.identity.setting("pack_key"):
        store.identity.keep(pack_key=told)


def known_notices(store: Store) -> str:
    """kind:version of the wordings that need not be sent again."""
    kept = {kind: store.notices.kept_text(kind) for kind in NOTICES}
    return ",".join(f"{kind}:{told[0] if (told := kept[kind]) else NOTICES[kind].version}" for kind in NOTICES)


def keep_notices(store: Store, offered: Any) -> None:
    """{kind: {version, text}}; anything else, such as a version without its text because it is here, is left alone."""
    for kind, told in offered.items() if isinstance(offered, dict) else ():
        version, text = (told.get("version"), told.get("text")) if isinstance(told, dict) else (None, None)
        if _is_text(version, MAX_NOTICE_VERSION) and _is_text(text, MAX_NOTICE_TEXT):
            store.notices.keep_text(kind, str(version), str(text))


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= longest


def fetch_species(
    store: Store,
    transport: Transport,
    offer: dict[str, Any],
    signatures: Signatures,
    now: Callable[[], datetime],
    report: SyncReport,
) -> None:
    """PackUnreadable says why what came is not installed; what is installed stays then."""
    pack = (offer.get("packs") or {}).get(KIND)
    readable = bool(store.packs.species().version)
    if not pack or (readable and _is_ours(store.packs, pack)):
        return
    trust = Trust(store.identity.setting("pack_key") or "", signatures)
    installed = store.packs.meta(KIND) if readable else None
    answer = None
    if installed and pack.get("content_digest"):
        answer = transport.get_file(PATH, **{"from": installed.version})
    if answer and answer[1] == DIFFERENCE_TYPE:
        try:
            store.packs.update(KIND, answer[0], now(), trust)
            return
        except PackUnreadable as failure:
            report.warn(f"{failure}；改为下载整个名录包")
            answer = None
    # Unchanged by its version, but not by its content: a list of the same minute, from another server or another store.
    whole = answer or transport.get_file(PATH)
    if whole is None:
        raise BrokenAnswer
    _install(store.packs, whole[0], pack, now(), trust)


def _is_ours(packs: Packs, pack: dict[str, Any]) -> bool:
    """By content: a pack that was brought up to date by differences has other bytes than the server's."""
    if pack.get("content_digest"):
        installed = packs.meta(KIND)
        told = (pack.get("version"), pack["content_digest"])
        return installed is not None and (installed.version, installed.content_digest) == told
    return bool(pack.get("sha256") == packs.digest(KIND))


def _install(packs: Packs, data: bytes, pack: dict[str, Any], now: datetime, trust: Trust) -> None:
    if hashlib.sha256(data).hexdigest() != pack.get("sha256"):
        raise BrokenAnswer
    packs.install(KIND, data, now, trust)

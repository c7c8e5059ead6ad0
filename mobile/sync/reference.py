"""What the server hands to its tablets: the species pack, by what changed where that can be, else whole; the wording of notices."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile.device.ports import Signatures
from mobile.species.pack import PackUnreadable
from mobile.species.proof import Trust
from mobile.store.packs import Packs, digest_of
from mobile.store.store import Store
from mobile.sync.failures import BrokenAnswer
from mobile.sync.parts import Part
from mobile.sync.report import SyncReport
from mobile.sync.transport import MAX_PACK_BYTES, Transport
from shared.notices import NOTICES
from shared.taxon_pack import DIFFERENCE_TYPE, KIND, PACK_TYPE

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
    part = Part(store.packs.fetching(KIND), MAX_PACK_BYTES)
    part.keep_only(str(pack.get("sha256")))
    installed = store.packs.meta(KIND) if readable else None
    came = None
    if part.is_complete():
        came = PACK_TYPE  # the app was ended before it looked at it
    elif installed and pack.get("content_digest"):
        came = transport.get_file(PATH, part, **{"from": installed.version})
    if came == DIFFERENCE_TYPE:
        try:
            store.packs.update(KIND, part.path.read_bytes(), now(), trust)
            return
        except PackUnreadable as failure:
            report.warn(f"{failure}；改为下载整个名录包")
            came = None
        finally:
            part.drop()
    # Unchanged by its version, but not by its content: a list of the same minute, from another server or another store.
    if (came or transport.get_file(PATH, part)) is None:
        raise BrokenAnswer
    try:
        _install(store.packs, part.unpack(), pack, now(), trust)
    finally:
        part.drop()  # what is not what was told is nothing to go on from


def _is_ours(packs: Packs, pack: dict[str, Any]) -> bool:
    """By content: a pack that was brought up to date by differences has other bytes than the server's."""
    if pack.get("content_digest"):
        installed = packs.meta(KIND)
        told = (pack.get("version"), pack["content_digest"])
        return installed is not None and (installed.version, installed.content_digest) == told
    return bool(pack.get("sha256") == packs.digest(KIND))


def _install(packs: Packs, file: Path, pack: dict[str, Any], now: datetime, trust: Trust) -> None:
    size = pack.get("byte_count")
    if digest_of(file) != pack.get("sha256") or (size is not None and size != file.stat().st_size):
        raise BrokenAnswer
    packs.install_file(KIND, file, now, trust)

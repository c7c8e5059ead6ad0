"""What tablets are told of the key that sensitive records are sealed to."""

import logging
from typing import Any

from server.packs.signing import pack_key
from server.sensitivity.sealing import seal_keys
from server.settings import Settings
from shared.wire.sealed import key_statement

_log = logging.getLogger("xiangye.sync")


def told_seal_key(settings: Settings) -> dict[str, Any]:
    """Signed by the pack key, which a tablet pins when it enrols: no false server can have records sealed to itself. Empty where
    there is none, or none that can be read: records do not wait for it."""
    try:
        newest = seal_keys(settings).newest
        if newest is None:
            return {}
        signature = pack_key(settings).sign(key_statement(newest.public, newest.number))
    except (OSError, ValueError):
        _log.exception("no seal key can be told")
        return {}
    return {"seal_key": {"public_key": newest.public, "number": newest.number, "signature": signature}}

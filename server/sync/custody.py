"""What this province holds of a tablet, signed, so that it may travel by a station or on a stick."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.ledger import service as ledger
from server.packs.signing import pack_key
from server.settings import Settings
from shared import custody
from shared.clock import Clock

_OF_A_RECEIPT = ("record_id", "digest", "outcome", "reason")


def signed(
    settings: Settings,
    session: Session,
    clock: Clock,
    device_id: UUID,
    receipts: Sequence[dict[str, Any]] = (),
    photos: Sequence[str] = (),
) -> dict[str, Any]:
    """Only after the commit of what it tells: see shared/custody.py. `receipts` as accept_batch answers them."""
    told = {
        "device_id": str(device_id),
        "holder": settings.holder,
        "server_epoch": str(ledger.epoch(session)),
        "server_time": clock.now().isoformat(),
        "receipts": [{name: one[name] for name in _OF_A_RECEIPT if one.get(name)} for one in receipts],
        "photos": list(photos),
    }
    return custody.Custody(told, pack_key(settings).sign(custody.statement(told))).as_json()

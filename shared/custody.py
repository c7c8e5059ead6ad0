"""What the province says it holds of a tablet, signed with its pack key: so it may come by anybody's hand, a station's or on a stick.

    {"custody": {device_id, holder, server_epoch, server_time, receipts: […], photos: [SHA-256 …]}, "signature": base64 DER}

`receipts` are those of sync. The tablet believes it only with the key, the holder and the epoch that it knows from its own province.
"""

from dataclasses import dataclass
from typing import Any

from shared.canonical import NotCanonical, canonical_bytes, parse
from shared.ids import is_uuid

MAX_BYTES = 64 * 1024 * 1024
_TEXTS = ("device_id", "holder", "server_epoch", "server_time")


class NotCustody(ValueError):
    """Not in the form of such a document; the text says why, in words."""


@dataclass(frozen=True)
class Custody:
    """`told`: the object that is signed."""

    told: dict[str, Any]
    signature: str

    @property
    def device_id(self) -> str:
        return str(self.told["device_id"])

    @property
    def holder(self) -> str:
        return str(self.told["holder"])

    @property
    def server_epoch(self) -> str:
        return str(self.told["server_epoch"])

    @property
    def receipts(self) -> list[Any]:
        return list(self.told["receipts"])

    @property
    def photos(self) -> list[Any]:
        return list(self.told["photos"])

    def statement(self) -> bytes:
        return statement(self.told)

    def as_json(self) -> dict[str, Any]:
        return {"custody": self.told, "signature": self.signature}


def statement(told: dict[str, Any]) -> bytes:
    """What is signed."""
    return b"xiangye custody 1\n" + canonical_bytes(told)


def read(document: Any) -> Custody:
    told, signature = (
        (document.get("custody"), document.get("signature")) if isinstance(document, dict) else (None, None)
    )
    if not isinstance(told, dict) or not isinstance(signature, str):
        raise NotCustody("不是省级服务器的收据")
    lists = all(isinstance(told.get(name), list) for name in ("receipts", "photos"))
    if not lists or not all(isinstance(told.get(name), str) for name in _TEXTS) or not is_uuid(told["device_id"]):
        raise NotCustody("收据的内容不完整")
    return Custody(told, signature)


def read_all(data: bytes) -> list[Custody]:
    """A file of them: one, or a list."""
    try:
        found = parse(data)
    except NotCanonical as error:
        raise NotCustody("收据文件无法读取，可能已损坏") from error
    return [read(one) for one in (found if isinstance(found, list) else [found])]

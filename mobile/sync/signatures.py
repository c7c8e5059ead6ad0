"""The tablet signs its batches: its key is told once, and a key that was lost is named."""

from typing import Any

from mobile.device.ports import DeviceFailure, DeviceKey
from mobile.sync.failures import SyncFailure
from mobile.sync.report import SyncReport
from mobile.sync.transport import Transport
from shared.canonical import canonical_bytes
from shared.wire.signature import Signed, batch_statement, key_id, key_statement

WITHOUT = "提交的记录不带签名"


class KeyLost(SyncFailure):
    """The server knows another key of this tablet than it has: nothing that it could sign would be taken."""

    def __init__(self, words: str = "平板的签名密钥与服务器登记的不是同一把，原来的可能已丢失") -> None:
        super().__init__(f"{words}：请向管理员索取新的登记码，由本人重新登记，登记后即启用新密钥；记录都还在平板上")


class Signer:
    def __init__(self, key: DeviceKey, device_id: str) -> None:
        self._key = key
        self._device_id = device_id

    def key_id(self) -> str:
        """DeviceFailure where the device has no key."""
        return key_id(self._key.public_key())

    def told(self, secret: str) -> dict[str, str]:
        """The public key and the proof that the private one is here; `secret` as key_statement says."""
        public = self._key.public_key()
        proof = self._key.sign(key_statement(key_id(public), self._device_id, secret))
        return {"device_public_key": public, "device_key_proof": proof}

    def batch(self, body: bytes) -> Signed | None:
        """None where the device has no key: a server that knows of none takes the batch unsigned."""
        try:
            key = self.key_id()
            return Signed(key, self._key.sign(batch_statement(key, self._device_id, body)))
        except DeviceFailure:
            return None


def told_with(signer: Signer, secret: str, report: SyncReport) -> dict[str, str]:
    """Nothing where the device has no key: it is taken without."""
    try:
        return signer.told(secret)
    except DeviceFailure as failure:
        report.warn(f"{failure}；{WITHOUT}")
        return {}


def agree_on_key(
    signer: Signer, transport: Transport, offer: dict[str, Any], credential: str, report: SyncReport
) -> None:
    """`offer`: the session's answer. A server from before signatures, or a station, says nothing of keys; whose key is unknown is told once."""
    if "device_key" not in offer:
        return
    try:
        if offer["device_key"] is None:
            transport.post_json("/v1/devices/key", canonical_bytes(signer.told(credential)))
        elif offer["device_key"] != signer.key_id():
            raise KeyLost
    except DeviceFailure as failure:
        if offer["device_key"] is not None:
            raise KeyLost(str(failure)) from failure
        report.warn(f"{failure}；{WITHOUT}")

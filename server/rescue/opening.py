"""A rescue file is believed for its signature, and opened with the province's key, before anything of it is admitted."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts import device_keys
from server.accounts.model import Device, Person
from server.sensitivity.sealing import SealKeys, SealKeyUnknown
from server.sync import signing
from shared import rescue_file
from shared.canonical import NotCanonical, parse
from shared.problems import Problem
from shared.protocol import MAX_BODY_BYTES, MAX_PHOTO_BYTES
from shared.rescue_file import BATCH, MANIFEST, PHOTO, SCRAP, Reader, RescueBroken
from shared.wire.signature import Signed, read_header

_MOST_BYTES = {BATCH: MAX_BODY_BYTES, PHOTO: MAX_PHOTO_BYTES, SCRAP: MAX_PHOTO_BYTES, MANIFEST: 64 * 1024 * 1024}


class NotAdmitted(Exception):
    """Not to be believed, or not to be opened, for now: the file is set aside. The text says why, in words."""


@dataclass(frozen=True)
class Entry:
    """One batch, photo or scrap, whole; its bytes have its SHA-256."""

    about: dict[str, Any]
    data: bytes

    @property
    def kind(self) -> str:
        return str(self.about["kind"])

    @property
    def sha256(self) -> str:
        return str(self.about["sha256"])


class Opened:
    """A file whose maker is known. `vouched`: the operator answers for what bears no signature that could be checked."""

    def __init__(self, session: Session, file: BinaryIO, keys: SealKeys, vouched: bool) -> None:
        self._session = session
        self._keys = keys
        self._vouched = vouched
        self._reader = Reader(file)
        try:
            self._reader.check()
        except RescueBroken:
            self._locate()
            raise
        self.header = self._reader.header
        self.device = self._whose()
        self._require_signature()
        self.manifest = self._look_through()

    def entries(self) -> Iterator[Entry]:
        about: dict[str, Any] = {}
        data = bytearray()
        for piece in self._reader.pieces(self._unseal):
            if piece.about is not None:
                about, data = piece.about, bytearray()
                if about["size"] > _MOST_BYTES[about["kind"]]:
                    raise RescueBroken(f"“{about['name']}”超过允许的大小")
            data += piece.data
            if len(data) == about["size"]:
                if hashlib.sha256(data).hexdigest() != about["sha256"]:
                    raise RescueBroken(f"“{about['name']}”的内容与其 SHA-256 不符")
                yield Entry(about, bytes(data))

    def signature_of(self, entry: Entry) -> Signed | None:
        """Of a batch, good for any key that the device ever had. NotAdmitted where it is not."""
        try:
            return signing.check_batch(
                self._session, self.device.id, entry.about.get("signature"), entry.data, any_key=True
            )
        except Problem as problem:
            if self._vouched and problem.kind.code == "signature_missing":
                return None
            raise NotAdmitted(f"“{entry.about['name']}”：{problem}") from problem

    def _locate(self) -> None:
        """Raises what says more than that something differs, where that can be found out."""
        try:
            for _ in self.entries():
                continue
        except NotAdmitted:
            return

    def _unseal(self, bound: bytes, frame: bytes) -> bytes:
        key_id = self._reader.header.seal_key_id
        if key_id is None:
            return frame
        try:
            return self._keys.open(key_id, bound, frame)
        except SealKeyUnknown as unknown:
            raise NotAdmitted(f"服务器没有打开它的密封私钥（{key_id[:12]}…）：请把该私钥放回后重新导入") from unknown

    def _whose(self) -> Device:
        query = select(Device, Person.disabled_at).join(Person, Person.id == Device.person_id)
        found = self._session.execute(query.where(Device.id == self.header.device_id)).one_or_none()
        if found is None:
            raise NotAdmitted(f"没有登记过的平板（{self.header.device_id}）")
        device: Device = found[0]
        if device.revoked_at is not None:
            raise NotAdmitted(f"平板“{device.name}”已注销：须由本人重新登记后再导入")
        if found.disabled_at is not None:
            raise NotAdmitted(f"平板“{device.name}”的使用人已停用：须恢复后再导入")
        return device

    def _require_signature(self) -> None:
        told = self._reader.signature
        known = device_keys.in_force(self._session, self.device.id)
        if told is None or known is None:
            if self._vouched:
                return
            cause = "文件没有签名" if told is None else "服务器没有这台平板的签名公钥"
            raise NotAdmitted(f"{cause}，无法核对是谁写的：核实来历后用 --vouched 理由 担保导入")
        signed = read_header(told)
        key = device_keys.ever(self._session, self.device.id, signed.key_id) if signed else None
        if signed is None or key is None:
            raise NotAdmitted("文件签名所用的密钥不是这台平板登记过的")
        made = rescue_file.statement(key.key_id, str(self.device.id), self._reader.sha256)
        if not device_keys.holds(key.public_key, made, signed.signature):
            raise NotAdmitted("文件的签名不符，可能被改动过")

    def _look_through(self) -> dict[str, Any]:
        """All of it once before anything is admitted: it opens, the batches are signed, and it is what the manifest lists."""
        seen: list[dict[str, Any]] = []
        manifest: bytes | None = None
        for entry in self.entries():
            if manifest is not None:
                raise RescueBroken("清单之后还有内容")
            if entry.kind == BATCH:
                self.signature_of(entry)
            if entry.kind == MANIFEST:
                manifest = entry.data
            else:
                seen.append(entry.about)
        try:
            told = parse(manifest or b"null")
        except NotCanonical as error:
            raise RescueBroken("清单无法读取") from error
        if not isinstance(told, dict) or told.get("entries") != seen:
            raise RescueBroken("文件内容与其清单不符")
        return told

"""Writes a rescue file: sealed to the province, signed by the tablet, whole or not at all, beside whatever lies there already."""

import contextlib
import errno
import hashlib
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from mobile.device.ports import DeviceFailure, DeviceKey, Sealing
from mobile.rescue.gathering import Gathered, Scrap, gathered
from mobile.store.durable import settle
from mobile.sync.body import batch_body
from shared import __version__, rescue_file
from shared.canonical import canonical_bytes
from shared.failpoints import fail
from shared.ids import is_uuid, uuid7
from shared.rescue_file import PIECE_BYTES, Header, Piece, Reader, RescueBroken, Writer
from shared.wire.sealed import key_id_of
from shared.wire.signature import Signed, batch_statement, key_id

SUFFIX = ".xyrescue"
_SPARE_BYTES = 4 * 1024 * 1024
_WORDS = {
    errno.ENOSPC: "空间不足",
    errno.EFBIG: "单个文件超过该磁盘的上限（FAT32 为 4 GB）：请换用 exFAT 格式的 U 盘",
    errno.EROFS: "只读",
    errno.EACCES: "没有写入权限",
}


class RescueFailure(Exception):
    """No file was written; the text says why, in words."""


@dataclass
class Rescued:
    """`path` is None where there was nothing to write. `unread`: what could not be read, in words. `walks`: open ones that were closed in
    the file alone; `drafts`: forms that nobody saved."""

    path: Path | None = None
    records: int = 0
    batches: int = 0
    photos: int = 0
    scraps: int = 0
    walks: int = 0
    drafts: int = 0
    byte_count: int = 0
    sha256: str = ""
    sealed: bool = True
    signed: bool = True
    unread: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "path": str(self.path) if self.path else None}

    def lines(self) -> list[str]:
        if self.path is None:
            return ["没有需要导出的记录和照片", *(f"注意：{words}" for words in self.unread)]
        lines = [
            f"已导出 {self.records} 条记录、{self.photos} 张照片到 {self.path}（{self.byte_count / 1e6:.1f} MB）",
            f"SHA-256 {self.sha256}",
            "请把此文件交给省级管理员，用 xiangye import 导入；平板上的记录仍标为未送达，收到省级收据后才算送达",
        ]
        if self.walks:
            lines.append(
                f"其中 {self.walks} 次没有结束的巡护或样线：文件中按最后一次记录的时间结束，平板上照旧，可以继续"
            )
        if self.drafts:
            lines.append(f"另有 {self.drafts} 份没有保存的草稿，原样随附")
        if not self.sealed:
            lines.append("注意：文件未加密，其中有确切位置，请妥善保管")
        if not self.signed:
            lines.append("注意：读不出平板的签名密钥，文件没有签名，须由省级管理员担保导入")
        return lines + [f"注意：{words}" for words in self.unread]


@dataclass(frozen=True)
class Tools:
    """`now` is the tablet's wall clock."""

    device_key: DeviceKey
    sealing: Sealing
    now: Callable[[], datetime]


def rescue(folder: Path, target: Path, tools: Tools, everything: bool = False, in_clear: bool = False) -> Rescued:
    """Everything unsent of the tablet in `folder`, or everything kept, as one new file in `target`. Nothing on the tablet changes."""
    if not folder.is_dir():
        raise RescueFailure(f"没有平板数据文件夹 {folder}：用 --data 指定")
    with gathered(folder, everything, tools.sealing) as found:
        begun = found.unfinished
        done = Rescued(unread=found.unread, walks=begun.walks, drafts=len(begun.left))
        if found.nothing():
            return done
        if not is_uuid(found.settings.get("device_id")):
            raise RescueFailure("读不出平板编号：设置和记录都已损坏")
        public = "" if in_clear else found.settings.get("seal_key", "")
        if not public and not in_clear:
            raise RescueFailure(
                "平板上没有省级服务器的密封公钥，无法加密：联网同步一次即可得到；"
                "如确须导出未加密的文件（其中有确切位置），请加 --in-clear（不加密导出）"
            )
        _require_space(target, found.bytes())
        try:
            _write(_named(target, found, tools.now()), _File(found, tools, public), done)
        except OSError as error:
            words = _WORDS.get(error.errno or 0) or error.strerror or str(error)
            raise RescueFailure(f"无法写入 {target}：{words}；没有留下不完整的文件") from error
        except RescueBroken as error:
            raise RescueFailure(f"写到 {target} 的文件读回后不符（{error}）：请换一个 U 盘") from error
        return done


def _require_space(target: Path, needed: int) -> None:
    if not target.is_dir():
        raise RescueFailure(f"没有文件夹 {target}：请检查 U 盘是否已插好")
    free = shutil.disk_usage(target).free
    if free < needed + needed // 50 + _SPARE_BYTES:
        raise RescueFailure(f"{target} 空间不足：约需 {needed / 1e6:.0f} MB，剩余 {free / 1e6:.0f} MB")


class _File:
    """Puts one entry after another through the writer, a piece at a time."""

    def __init__(self, found: Gathered, tools: Tools, public: str) -> None:
        self._found = found
        self._tools = tools
        self._public = public
        self._device_id = found.settings["device_id"]
        self._entries: list[dict[str, Any]] = []
        self._key = _key_of(tools.device_key)

    def write(self, file: BinaryIO, done: Rescued) -> None:
        header = Header(
            file_id=str(uuid7()),
            device_id=self._device_id,
            person_id=self._found.settings.get("person_id", ""),
            made_at=self._tools.now().isoformat(timespec="seconds"),
            app_version=__version__,
            key_id=self._key,
            seal_key_id=key_id_of(self._public) if self._public else None,
        )
        writer = Writer(file, header, self._seal)
        for records in self._found.bodies():
            self._put_batch(writer, records)
            done.batches, done.records = done.batches + 1, done.records + len(records)
        for photo, path in self._found.originals():
            with path.open("rb") as opened:
                about = {"kind": rescue_file.PHOTO, "name": photo.file_name, "sha256": photo.sha256}
                self._put(writer, {**about, "media_id": photo.media_id}, opened, path.stat().st_size)
            done.photos += 1
        for scrap in self._found.scraps:
            self._put_scrap(writer, scrap)
            done.scraps += 1
        told = {"entries": self._entries, "unread": self._found.unread, "records": done.records, "photos": done.photos}
        manifest = canonical_bytes(told)
        self._put_bytes(writer, {"kind": rescue_file.MANIFEST, "name": "manifest"}, manifest)
        done.sha256 = writer.end(lambda sha256: self._signed(rescue_file.statement, sha256))
        done.sealed, done.signed = bool(self._public), self._key is not None

    def _put_batch(self, writer: Writer, records: list[bytes]) -> None:
        body = batch_body(records, self._tools.now())
        about = {"kind": rescue_file.BATCH, "name": f"batch {len(self._entries) + 1}", "records": len(records)}
        self._put_bytes(writer, {**about, "signature": self._signed(batch_statement, body)}, body)

    def _put_scrap(self, writer: Writer, scrap: Scrap) -> None:
        data = scrap.data if isinstance(scrap.data, bytes) else scrap.data.read_bytes()
        self._put_bytes(writer, {"kind": rescue_file.SCRAP, "name": scrap.name}, data)

    def _put_bytes(self, writer: Writer, about: dict[str, Any], data: bytes) -> None:
        self._put(writer, {**about, "sha256": hashlib.sha256(data).hexdigest()}, io.BytesIO(data), len(data))

    def _put(self, writer: Writer, about: dict[str, Any], data: BinaryIO, size: int) -> None:
        about = {**about, "size": size}
        entry, at = len(self._entries), 0
        self._entries.append(about)
        while at < size or at == 0:
            piece = data.read(PIECE_BYTES)
            writer.piece(Piece(entry, at, piece, about if at == 0 else None))
            at += len(piece)
            if not piece:
                break
        if at != size:
            raise OSError(errno.EIO, f"{about['name']} 在导出时变短")

    def _seal(self, bound: bytes, piece: bytes) -> bytes:
        return self._tools.sealing.seal(self._public, bound, piece) if self._public else piece

    def _signed(self, statement: Callable[..., bytes], what: str | bytes) -> str | None:
        if self._key is None:
            return None
        signature = self._tools.device_key.sign(statement(self._key, self._device_id, what))
        return Signed(self._key, signature).header


def _key_of(device_key: DeviceKey) -> str | None:
    """A tablet that cannot sign any more is rescued all the same."""
    try:
        return key_id(device_key.public_key())
    except DeviceFailure:
        return None


def _named(target: Path, found: Gathered, now: datetime) -> Path:
    """A name of its own, for sticks that have no way to refuse a second file of the same name."""
    return target / f"xiangye-{found.settings['device_id'][-8:]}-{now:%Y%m%d-%H%M%S}-{os.urandom(4).hex()}{SUFFIX}"


def _write(path: Path, entries: _File, done: Rescued) -> None:
    part = path.with_suffix(".part")
    try:
        with part.open("xb") as file:
            entries.write(file, done)
            file.flush()
            os.fsync(file.fileno())
        with part.open("rb") as file:
            Reader(file).check()
        fail("rescue.written")
        done.byte_count = part.stat().st_size
        part.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    done.path = path
    with contextlib.suppress(OSError):  # some sticks' file systems cannot do that to a folder
        settle(path.parent)

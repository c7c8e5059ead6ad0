"""Finds the font of the app and registers it under Kivy's default name, so that every widget has Chinese."""

import os
import struct
from pathlib import Path

from kivy.core.text import LabelBase

REGULAR = "XiangyeSans-Regular.otf"
BOLD = "XiangyeSans-Bold.otf"
ASSETS = Path(__file__).resolve().parents[1] / "assets" / "fonts"
DEBIAN = Path("/usr/share/fonts/opentype/noto")
FACE = "Noto Sans CJK SC"


class NoChineseFont(Exception):
    """No font was found that can show Chinese; the text says where one was looked for."""


def var_fonts() -> Path:
    root = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("XIANGYE_VAR") or root / "var") / "fonts"


def font_paths() -> tuple[Path, Path]:
    """(regular, bold): as set up in var, as packed with the app, else Debian's own, unpacked for development."""
    for folder in (var_fonts(), ASSETS):
        if (folder / REGULAR).is_file() and (folder / BOLD).is_file():
            return folder / REGULAR, folder / BOLD
    regular, bold = DEBIAN / "NotoSansCJK-Regular.ttc", DEBIAN / "NotoSansCJK-Bold.ttc"
    if not (regular.is_file() and bold.is_file()):
        raise NoChineseFont(
            f"没有找到中文字体：{var_fonts()}、{ASSETS}、{DEBIAN}。请先运行 make field，或安装 fonts-noto-cjk。"
        )
    return unpacked(regular), unpacked(bold)


def register() -> None:
    regular, bold = font_paths()
    LabelBase.register("Roboto", str(regular), fn_bold=str(bold))


def unpacked(collection: Path) -> Path:
    """The simplified Chinese face of a collection in a file of its own: SDL would always open the first, which is Japanese."""
    target = var_fonts() / f"development-{collection.stem}.otf"
    if not target.is_file():
        data = collection.read_bytes()
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}")
        partial.write_bytes(_face(data, FACE))
        partial.replace(target)
    return target


def _face(data: bytes, family: str) -> bytes:
    """One face of an OpenType collection, its tables copied behind a new directory."""
    count = struct.unpack_from(">I", data, 8)[0]
    for offset in struct.unpack_from(f">{count}I", data, 12):
        version, tables = data[offset : offset + 4], struct.unpack_from(">H", data, offset + 4)[0]
        entries = [struct.unpack_from(">4sIII", data, offset + 12 + 16 * n) for n in range(tables)]
        name = next(data[start : start + length] for tag, _, start, length in entries if tag == b"name")
        if _family(name) == family:
            return _file(data, version + data[offset + 4 : offset + 12], entries)
    raise NoChineseFont(f"字体集中没有 {family}")


def _family(name: bytes) -> str:
    """Family (name id 1, Windows, US English) of a name table."""
    count, strings = struct.unpack_from(">HH", name, 2)
    for n in range(count):
        platform, _, language, name_id, length, start = struct.unpack_from(">6H", name, 6 + 12 * n)
        if (platform, language, name_id) == (3, 0x409, 1):
            return name[strings + start : strings + start + length].decode("utf-16-be").removesuffix(" Bold")
    return ""


def _file(data: bytes, head: bytes, entries: list[tuple[bytes, int, int, int]]) -> bytes:
    directory, body = b"", b""
    place = len(head) + 16 * len(entries)
    for tag, checksum, start, length in entries:
        directory += struct.pack(">4sIII", tag, checksum, place + len(body), length)
        body += data[start : start + length] + b"\0" * (-length % 4)
    return head + directory + body

"""ZIP archives that lie, made byte by byte where no library makes them."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

TABLE = b"scientificName,individualCount\nEgretta garzetta,1\n"


class Member:
    """One member as it is written; what is given says otherwise than the truth."""

    def __init__(
        self,
        name: bytes,
        data: bytes = TABLE,
        method: int = 0,
        mode: int = 0o100644,
        flags: int = 0x800,
        said_size: int | None = None,
        inner_name: bytes | None = None,
        at: int | None = None,
    ) -> None:
        packed = data if method == 0 else zlib.compressobj(9, zlib.DEFLATED, -15)
        self.packed = packed if isinstance(packed, bytes) else packed.compress(data) + packed.flush()
        self.name, self.method, self.mode, self.flags, self.at = name, method, mode, flags, at
        self.crc = zlib.crc32(data)
        self.size = len(data) if said_size is None else said_size
        self.inner_name = name if inner_name is None else inner_name

    def local(self) -> bytes:
        return (
            struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, *self._common(), len(self.inner_name), 0)
            + self.inner_name
            + self.packed
        )

    def central(self, offset: int) -> bytes:
        where = offset if self.at is None else self.at
        head = struct.pack(
            "<4s6H3L5H2L",
            b"PK\x01\x02",
            0x0314,
            20,
            *self._common(),
            len(self.name),
            0,
            0,
            0,
            0,
            self.mode << 16,
            where,
        )
        return head + self.name

    def _common(self) -> tuple[int, ...]:
        return self.flags, self.method, 0, 0x5921, self.crc, len(self.packed), self.size


def zipped(*members: Member, comment: bytes = b"", count: int | None = None) -> bytes:
    out, directory = bytearray(), bytearray()
    for member in members:
        offset = len(out)
        if member.at is None:
            out += member.local()
        directory += member.central(offset)
    number = min(len(members) if count is None else count, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, number, number, len(directory), len(out), len(comment))
    return bytes(out + directory) + end + comment


def _named(*names: str) -> bytes:
    return zipped(Member(b"ok.csv"), *(Member(name.encode()) for name in names))


def _overlapping() -> bytes:
    """As in David Fifield's bomb: many entries of the directory for one member's bytes."""
    one = Member(b"0.csv", bytes(3_000_000))
    return zipped(one, *(Member(b"%d.csv" % n, bytes(3_000_000), at=0) for n in range(1, 40)))


def _in_the_directory() -> bytes:
    whole = bytearray(zipped(Member(b"a.csv")))
    at = whole.index(b"PK\x01\x02")
    whole[18:22] = whole[at + 20 : at + 24] = struct.pack("<L", len(TABLE) + 30)
    return bytes(whole)


def _other_method(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.csv", TABLE)
    return out.getvalue()


def _vast_directory() -> bytes:
    entry = Member(b"a" * 60).central(0)
    return (
        Member(b"a" * 60).local()
        + entry * 300_000
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) * 300_000, 124, 0)
    )


def _zip64() -> bytes:
    whole = bytearray(zipped(Member(b"a.csv")))
    end = whole.index(b"PK\x05\x06")
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2**60, 2**60, 2**60, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    return bytes(whole[:end]) + record + locator + bytes(whole[end:])


SAFE, BROKEN, TOO_LARGE, UNSAFE = "", "archive_broken", "archive_too_large", "archive_unsafe"
HOSTILE: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "leads up": (lambda: _named("../evil.csv"), UNSAFE),
    "leads up from inside": (lambda: _named("a/../../evil.csv"), UNSAFE),
    "absolute": (lambda: _named("/etc/cron.d/evil"), UNSAFE),
    "backslash": (lambda: _named("..\\evil.csv"), UNSAFE),
    "network share": (lambda: _named("\\\\host\\share\\evil.csv"), UNSAFE),
    "drive letter": (lambda: _named("C:evil.csv"), UNSAFE),
    "NUL in a name": (lambda: _named("evil.csv\0.txt"), UNSAFE),
    "link": (lambda: zipped(Member(b"a.csv", b"/etc/passwd", mode=stat.S_IFLNK | 0o777)), UNSAFE),
    "link, then written through": (
        lambda: zipped(Member(b"a", b"/etc", mode=stat.S_IFLNK | 0o777), Member(b"a/passwd.csv")),
        UNSAFE,
    ),
    "device": (lambda: zipped(Member(b"a.csv", b"", mode=stat.S_IFCHR | 0o666)), UNSAFE),
    "named pipe": (lambda: zipped(Member(b"a.csv", b"", mode=stat.S_IFIFO | 0o666)), UNSAFE),
    "one name twice": (lambda: _named("a.csv", "a.csv"), UNSAFE),
    "one name in two cases": (lambda: _named("a.csv", "A.CSV"), UNSAFE),
    "NFC and NFD twins": (lambda: _named("é.csv", "e\u0301.csv"), UNSAFE),
    "bomb": (lambda: zipped(Member(b"a.csv", bytes(100_000_000), method=8)), TOO_LARGE),
    "bomb in pieces": (
        lambda: zipped(*(Member(b"%d.csv" % n, bytes(1_000_000), method=8) for n in range(300))),
        TOO_LARGE,
    ),
    "overlapping members": (_overlapping, UNSAFE),
    "a member in the directory": (_in_the_directory, UNSAFE),
    "says less than it is": (lambda: zipped(Member(b"a.csv", TABLE * 9000, method=8, said_size=50)), BROKEN),
    "says more than it is": (lambda: zipped(Member(b"a.csv", TABLE, said_size=199_000_000)), TOO_LARGE),
    "says a little more than it is": (lambda: zipped(Member(b"a.csv", TABLE, method=8, said_size=60)), BROKEN),
    "says more than may be": (lambda: zipped(Member(b"a.csv", TABLE, said_size=2**32 - 2)), TOO_LARGE),
    "an archive inside": (lambda: _named("more.zip"), UNSAFE),
    "an archive inside by another name": (lambda: zipped(Member(b"a.csv", zipped(Member(b"b.csv")))), UNSAFE),
    "too many members": (lambda: zipped(*(Member(b"%d.csv" % n, b"") for n in range(1001))), TOO_LARGE),
    "a directory of 300,000 entries": (_vast_directory, TOO_LARGE),
    "ZIP64 with lies": (_zip64, UNSAFE),
    "encrypted": (lambda: zipped(Member(b"a.csv", flags=0x801)), UNSAFE),
    "LZMA": (lambda: _other_method(zipfile.ZIP_LZMA), UNSAFE),
    "bzip2": (lambda: _other_method(zipfile.ZIP_BZIP2), UNSAFE),
    "unknown method": (lambda: zipped(Member(b"a.csv", method=0x63)), UNSAFE),
    "another name inside": (lambda: zipped(Member(b"a.csv", inner_name=b"../a.")), BROKEN),
    "bytes damaged": (lambda: zipped(Member(b"a.csv")).replace(b"garzetta", b"garzettX"), BROKEN),
    "only an end": (zipped, "archive_empty"),
    "no end": (lambda: zipped(Member(b"a.csv"))[:-22], BROKEN),
    "not a ZIP": (lambda: b"PK\x03\x04" + bytes(5000), BROKEN),
}

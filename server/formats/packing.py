"""ZIP files whose bytes follow from their members alone: names sorted, one fixed time, one fixed mode."""

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime

from shared.clock import CHINA

_READABLE_FILE = 0o100644 << 16
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def pack(members: Mapping[str, bytes], at: datetime) -> bytes:
    """`at` is written as the time of every member, in China's zone and whole even seconds, as ZIP can hold it."""
    written = io.BytesIO()
    stamp = max(at.astimezone(CHINA).timetuple()[:6], _EARLIEST)
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, stamp)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _READABLE_FILE, 3
            archive.writestr(info, members[name])
    return written.getvalue()

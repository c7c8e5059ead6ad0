"""P7: an independent tus client (tuspy) over a line that cuts three of ten requests. `make tuspy N=200 SEED=1` for more files."""

import io
import os
import random
import time
from urllib.parse import urlsplit

from tusclient.client import TusClient

from server.media.store import Store
from shared.protocol import UPLOAD_CHUNK_BYTES
from tests.media.cut_line import CutLine, cut_line
from tests.media.uploading import sha256
from tests.serving import Live

FILES = int(os.environ.get("XIANGYE_TUSPY", "4"))
SEED = int(os.environ.get("XIANGYE_SEED", "20261127"))
RATE, MOST_ON_THE_WIRE = 0.3, 1.25
SIZES = (600_000, 1_500_000) if FILES < 50 else (500_000, 4_000_000)


def test_tuspy_uploads_through_cuts(served: Live) -> None:
    chance, store = random.Random(SEED), Store(served.settings.store_dir)
    total, begun = 0, time.monotonic()
    with cut_line(urlsplit(served.url).port or 0, RATE, SEED) as (line, url):
        for number in range(FILES):
            data = chance.randbytes(chance.randint(*SIZES))
            _upload(TusClient(f"{url}/v1/uploads", headers=served.headers), data, checksums=number % 2 == 0)
            assert store.original(sha256(data)) == data, f"file {number} of seed {SEED}"
            total += len(data)
    print(_words(line, total, time.monotonic() - begun))
    assert line.cuts >= FILES / 2
    assert line.bytes_up <= MOST_ON_THE_WIRE * total, _words(line, total, 0)


def _upload(client: TusClient, data: bytes, checksums: bool) -> None:
    """tuspy checks pieces by SHA-1, goes on by HEAD, and gives up only after 60 cuts in a row."""
    uploader = client.uploader(
        file_stream=io.BytesIO(data),
        chunk_size=UPLOAD_CHUNK_BYTES,
        metadata={"sha256": sha256(data), "filename": "IMG_0001.jpg"},
        retries=60,
        retry_delay=0,
        upload_checksum=checksums,
    )
    uploader.upload()
    assert uploader.offset == len(data)


def _words(line: CutLine, total: int, seconds: float) -> str:
    return (
        f"tuspy: {FILES} files, seed {SEED}, {total / 1e6:.1f} MB, {line.requests} requests, {line.cuts} cut, "
        f"{line.bytes_up / total:.4f} × size on the wire, {seconds:.0f} s"
    )

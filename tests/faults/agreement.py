"""A tablet and a server with a cut wire between, and the question that each test ends with: do both ends agree?"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.commands import Said
from tests.faults.conftest import Evening, Tablet
from tests.faults.ledgers import ServerBook, photo_file, read_tablet
from tests.faults.relay import Relay, relay
from tests.faults.server_process import ServerProcess, environment_of

BATCH, CREATE, PATCH = b"POST /v1/sync/batches", b"POST /v1/uploads", b"PATCH /v1/uploads"


@contextmanager
def struck(evening: Evening, folder: Path) -> Iterator[tuple[ServerProcess, Relay, Tablet]]:
    server = ServerProcess(environment_of(evening.settings), folder / "server.log")
    server.start()
    try:
        with relay(server.port, server.kill) as wire:
            scripts = folder / "scripts"
            scripts.mkdir()
            yield server, wire, Tablet(evening.data, scripts, wire.url)
    finally:
        server.kill()


def agrees_so_far(tablet: Tablet, book: ServerBook, said: Said) -> None:
    """What the tablet believes to be at the server is there, and what it says still waits does wait."""
    mine = read_tablet(tablet.data)
    assert mine.held <= book.records() <= mine.records
    assert mine.photos_held <= book.photos() <= mine.photos
    told = json.loads(said.out)
    assert told["waiting_records"] == len(mine.records - mine.held)
    assert told["waiting_photos"] == len(mine.photos - mine.photos_held)
    halves = book.halves()
    halves.pop("still expected")  # a child may have come before its parent
    assert halves == dict.fromkeys(halves, 0)


def agrees_in_the_end(tablet: Tablet, book: ServerBook) -> None:
    mine = read_tablet(tablet.data)
    assert book.records() == mine.records == mine.held
    assert book.photos() == mine.photos == mine.photos_held
    for sha256 in mine.photos:
        assert book.store.original(sha256) == photo_file(tablet.data, sha256)
    for table, kind in (
        ("xiangye.occurrence", "occurrence"),
        ("xiangye.identification", "occurrence"),
        ("xiangye.media_item", "media"),
        ("xiangye.finding", "finding"),
        ("xiangye.patrol", "patrol"),
    ):
        assert (table, book.count(table)) == (table, mine.kinds[kind])
    assert book.accepted_twice() == []
    assert book.halves() == dict.fromkeys(book.halves(), 0)
    assert [path for path in book.store.uploads.iterdir() if path.suffix == ".part"] == []

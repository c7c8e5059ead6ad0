"""The database dies under a living server in the middle of a batch: no receipt, no half record, and on it goes."""

import json
import os
import signal
from pathlib import Path

import pytest

from server.cluster import Cluster, ensure_running, is_running
from tests.faults.agreement import BATCH, agrees_in_the_end, agrees_so_far, struck
from tests.faults.conftest import Evening
from tests.faults.relay import Cut

pytestmark = pytest.mark.xdist_group("kills")


def test_an_immediate_end_of_the_database_costs_a_retry_and_no_record(
    evening: Evening, private_cluster: Cluster, tmp_path: Path
) -> None:
    """The server itself is never started again: it finds its database by itself."""
    book = evening.book()
    # The run's cluster trades the last moments before a crash for speed; this database must keep its word.
    book.run("ALTER DATABASE {} SET synchronous_commit = on")

    def end_at_once() -> None:
        os.kill(int((private_cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)

    with struck(evening, tmp_path) as (server, wire, tablet):
        try:
            wire.kill = end_at_once
            wire.arm(Cut(BATCH, after_s=0.05))
            said = tablet.sync()
            assert wire.struck
            assert said.refuses("数据库暂不可用")
            assert not is_running(private_cluster)
            assert server.health() == 503
        finally:
            ensure_running(private_cluster)
        assert server.health() == 200
        agrees_so_far(tablet, book, said)
        last = tablet.sync()
        assert last.code == 0, last
        assert json.loads(last.out)["waiting"] == 0
        agrees_in_the_end(tablet, book)

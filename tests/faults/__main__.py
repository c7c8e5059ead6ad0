"""The long run: python -m tests.faults PART COUNT [--seed SEED]; see README.md.

What was done is written down round by round, so that a run that was ended goes on where it stood.
"""

import argparse
import contextlib
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from server import db, provision
from server.cluster import Cluster, ensure_running
from server.cluster import stop as stop_cluster
from server.reference import load_reference
from server.settings import Settings, cluster_home
from tests.faults.ground import Ground, ground
from tests.faults.kills import database_kills, tablet_kills, worker_kills
from tests.faults.soak import COUNTS, Round, Tally
from tests.faults.strikes import Strikes

TABLETS = 6
DATABASE = "soak"


def main() -> int:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server and the tablets end with it
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    book = Progress(folder / f"{options.part}-{options.seed}.jsonl", options.part)
    at_once, play = PARTS[options.part]
    with standing(folder) as made:
        while book.done < options.count:
            number = len(book.rounds)
            tally = play(made, f"{options.seed}/{number}", min(at_once, options.count - book.done))
            book.write(number, tally)
            if not tally.is_right:
                print(f"round {number} of seed {options.seed} went wrong; again: {_again(options, book)}")
                print("\n".join(tally.words), flush=True)
                if options.stop:
                    break
    return book.tell()


def _again(options: argparse.Namespace, book: "Progress") -> str:
    folder = "--folder var/again"
    return f"python -m tests.faults {options.part} {book.done} --seed {options.seed} {folder} --stop"


Play = Callable[[Ground, str, int], Tally]
PARTS: Mapping[str, tuple[int, Play]] = {
    "sessions": (60, lambda made, label, count: Round(made, label, TABLETS).play(count)),
    "tablets": (120, lambda made, label, count: tablet_kills(made, label, TABLETS, count)),
    "workers": (50, lambda made, label, count: worker_kills(made, label, TABLETS, count)),
    "database": (10, lambda made, label, count: database_kills(made, label, TABLETS, count)),
    "failpoints": (10**6, lambda made, label, _: Strikes(made, label).long()),
}
"""What is counted, how many a round, and how a round of it is played."""


class Progress:
    """One line a round."""

    def __init__(self, path: Path, part: str) -> None:
        self._path, self._part = path, part
        self.rounds: list[dict[str, Any]] = []
        if path.exists():
            self.rounds = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
        self._begun = time.monotonic()
        self._before = self.done

    @property
    def done(self) -> int:
        return sum(one["done"] for one in self.rounds)

    def write(self, number: int, tally: Tally) -> None:
        line = vars(tally) | {"round": number, "at": time.strftime("%Y-%m-%dT%H:%M:%S")}
        self.rounds.append(line)
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
        took = time.monotonic() - self._begun
        rate = (self.done - self._before) / took
        print(f"{self.done} {self._part}, {rate:.2f} a second, wrong: {sum(tally.wrong.values())}", flush=True)

    def tell(self) -> int:
        wrong: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))
        deaths: Counter[str] = Counter()
        for one in self.rounds:
            wrong.update(one["wrong"])
            deaths.update(one["deaths"])
        saved, photos = sum(one["saved"] for one in self.rounds), sum(one["photos"] for one in self.rounds)
        print(f"really done: {self.done} {self._part}, {saved} records saved, {photos} photos, deaths {dict(deaths)}")
        print(f"wrong: {dict(wrong)}")
        return 1 if any(wrong.values()) else 0


@contextlib.contextmanager
def standing(folder: Path, tablets: int = TABLETS) -> Iterator[Ground]:
    """Its own cluster and database, made where there is none."""
    cluster = Cluster(cluster_home(folder), fsync=False)
    ensure_running(cluster)
    try:
        provision.make_database(cluster, DATABASE)
        provision.migrate(cluster.url(db.OWNER_ROLE, DATABASE))
        settings = Settings(
            var_dir=folder / "var",
            database_url=cluster.url(db.APP_ROLE, DATABASE),
            owner_url=cluster.url(db.OWNER_ROLE, DATABASE),
        )
        with db.open_session(settings) as session:
            load_reference(session)
        with ground(settings, cluster, folder, tablets) as made:
            yield made
    finally:
        stop_cluster(cluster)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.faults", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--folder", type=Path, default=Path("var/soak"))
    parser.add_argument("--stop", action="store_true", help="at the first round that went wrong")
    return parser


if __name__ == "__main__":
    sys.exit(main())

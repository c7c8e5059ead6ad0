"""The search of the tablet over 50,000 names: latency by kind of query, beside a scan of every name; opening; memory."""

import random
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from string import ascii_lowercase

from mobile.species.pack import NamedSpecies
from mobile.species.search import SpeciesIndex
from tests.benchmarks.measure import Goal, Result, compare, figure, percentile
from tests.mobile import plain_search
from tests.mobile.many_names import make_names

COUNT = 50_000
QUERIES = 400
ROUNDS = 5
CHECKED = 1
"""So many queries of each kind are compared with the plain search, which takes its time; tests/mobile/test_search.py does the rest."""

Maker = Callable[[NamedSpecies, random.Random], str]


def cases() -> Iterator[Result]:
    names = make_names(COUNT)
    index = SpeciesIndex(names)
    dice = random.Random(3)
    chosen = dice.sample(names, 300)
    likely = {named.species.key: dice.randint(1, 500) for named in chosen}
    recent = [named.species.key for named in chosen[-12:]]

    def find(text: str) -> object:
        return index.find(text, likely=likely, recent=recent)

    for kind, (make, goal) in KINDS.items():
        queries = queries_of(names, make)
        for text in queries[:CHECKED]:
            assert find(text) == plain_search.find(names, text, 40, likely, recent), (kind, text)
        rounds = [percentile([_milliseconds(find, text) for text in queries], 0.99) for _ in range(ROUNDS)]
        yield figure(f"{kind}, p99 of {len(queries)}", rounds, "ms", goal, f"such as {queries[0]}")
    scan = Scan(names)
    for kind in ("initials", "beginning of a Latin name", "whole Chinese name"):
        few = queries_of(names, KINDS[kind][0])[:20]
        for text in few:
            assert {one.key for one in index.find(text, COUNT)} >= scan.find(text), text
        yield from compare(
            f"{kind}, 20 queries",
            lambda few=few: [find(text) for text in few],
            {"scan of every name": lambda few=few: [scan.find(text) for text in few]},
            rounds=ROUNDS,
        )
    for count in (4_000, COUNT):
        yield from opening(make_names(count))


def opening(names: Sequence[NamedSpecies]) -> Iterator[Result]:
    """What is only built when first needed is built here too, by a query that needs all of it."""

    def build() -> SpeciesIndex:
        index = SpeciesIndex(names)
        index.find("manispentadactila")
        index.find("山")
        return index

    yield figure(f"opening {len(names):,} names", [_milliseconds(lambda _: build()) for _ in range(ROUNDS)], "ms")
    tracemalloc.start()
    index = build()
    size = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    yield figure(f"memory of {len(names):,} names", [size], "MB", note=f"{len(index):,} species, beside the pack's own")


def queries_of(names: Sequence[NamedSpecies], make: Maker) -> list[str]:
    dice = random.Random(5)
    made = (make(named, dice) for named in dice.sample(names, len(names)))
    return [text for text, _ in zip(filter(None, made), range(QUERIES), strict=False)]


class Scan:
    """Every name looked at, its forms made ready beforehand: how a list of 5,000 was searched."""

    def __init__(self, names: Sequence[NamedSpecies]) -> None:
        self._rows = [
            (
                named.species.key,
                (plain_search.chinese(named.name), named.initials, *map("".join, plain_search.forms(named))),
            )
            for named in names
        ]

    def find(self, text: str) -> set[str]:
        typed = plain_search.chinese(text)
        return {key for key, forms in self._rows if any(form.startswith(typed) for form in forms)}


def _milliseconds(run: Callable[[str], object], text: str = "") -> float:
    """Of the processor's time, the median of three: what other programs do on this computer is not what is measured."""
    taken = []
    for _ in range(3):
        begun = time.thread_time()
        run(text)
        taken.append(time.thread_time() - begun)
    return median(taken) * 1000


def _joined(named: NamedSpecies, _: random.Random) -> str:
    return named.pinyin.replace(" ", "")


def _latin(named: NamedSpecies) -> str:
    return "" if named.pinyin else named.name


def _cut(text: str, dice: random.Random, least: int = 1) -> str:
    return text[: dice.randint(least, len(text))] if len(text) >= least else text


def _parted(named: NamedSpecies, dice: random.Random) -> str:
    return "".join(_cut(syllable, dice) for syllable in named.pinyin.split())


def _slipped(text: str, dice: random.Random) -> str:
    if len(text) < 6:
        return ""
    place, letter = dice.randrange(len(text)), dice.choice(ascii_lowercase)
    head, rest = text[:place], text[place:]
    return dice.choice([head + rest[1:], head + letter + rest[1:], head + letter + rest, head + rest[1::-1] + rest[2:]])


_FAST, _SLIP = Goal(at_most=2), Goal(at_most=20)
KINDS: dict[str, tuple[Maker, Goal | None]] = {
    "initials": (lambda named, dice: _cut(named.initials, dice, 2), _FAST),
    "one letter": (lambda named, dice: dice.choice(ascii_lowercase), _FAST),
    "whole pinyin": (_joined, _FAST),
    "beginning of pinyin": (lambda named, dice: _cut(_joined(named, dice), dice, 2), _FAST),
    "syllables begun": (_parted, None),
    "whole Chinese name": (lambda named, dice: named.name if named.pinyin else "", _FAST),
    "Chinese inside, two signs": (lambda named, dice: named.name[-2:] if named.pinyin else "", None),
    "Chinese inside, one sign": (lambda named, dice: named.name[-1] if named.pinyin else "", None),
    "whole Latin name": (lambda named, dice: _latin(named), _FAST),
    "beginning of a Latin name": (lambda named, dice: _cut(_latin(named), dice, 2), _FAST),
    "beginning of an epithet": (lambda named, dice: _cut(_latin(named).partition(" ")[2], dice, 3), _FAST),
    "words begun": (lambda named, dice: " ".join(_cut(word, dice) for word in _latin(named).split()), None),
    "one slip in pinyin": (lambda named, dice: _slipped(_joined(named, dice), dice), _SLIP),
    "one slip in Latin": (lambda named, dice: _slipped(_latin(named).lower(), dice), _SLIP),
}

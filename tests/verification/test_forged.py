"""T6: tracks made up are told from tracks walked, and photos that do not belong from those that do."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from server.sensitivity.checked import Checked, PhotoFacts
from server.sensitivity.track_measures import TrackMeasures, measure
from server.verification.defaults import default_rules
from server.verification.rules import Case, Rule, judge
from shared.ids import uuid7
from tests.verification import tracks

RULES = {
    one["rule_id"]: Rule(
        one["rule_id"], 1, one["kind"], one["severity"], one["title_zh"], one["reason_zh"], parameters=one["parameters"]
    )
    for one in default_rules()
}
PLAIN = Checked(uuid7(), "occurrence", body={"occurrence_status": "present"})


def told_of(measures: TrackMeasures) -> str | None:
    return judge(RULES["track-forged"], Case(replace(PLAIN, tracks=(measures,))))


def told_of_photo(photos: PhotoFacts) -> str | None:
    return judge(RULES["photo-match"], Case(replace(PLAIN, photos=photos)))


def honest_photo(chance: random.Random) -> PhotoFacts:
    """Taken while one stood there; the camera's clock a little off, its own fix cold."""
    off = chance.gauss(0, 15)
    return PhotoFacts(1, abs(chance.gauss(0, 80)), max(off, -off) * chance.choice((0, 1)), -off)


def forged_photo(chance: random.Random, n: int) -> PhotoFacts:
    if n % 2:
        return PhotoFacts(1, chance.uniform(1_500, 400_000), 0.0, 0.0)
    return PhotoFacts(1, chance.uniform(0, 100), chance.uniform(1_000, 900_000), -chance.uniform(1_000, 900_000))


def shares(number: int, seed: str) -> tuple[float, float, Counter[str]]:
    """(detected, falsely flagged, missed by way of forging) of so many honest and so many forged ones."""
    chance = random.Random(seed)
    walked = [tracks.honest(chance) for _ in range(number)]
    false = missed = 0
    misses: Counter[str] = Counter()
    for n, track in enumerate(walked):
        earlier = [walked[chance.randrange(number)] for _ in range(5)]
        wrong = told_of(measure(track, [one for one in earlier if one is not track])) or told_of_photo(
            honest_photo(chance)
        )
        false += wrong is not None
        misses["honest:" + (wrong or "")] += wrong is not None
        way = n % 7
        if way < len(tracks.FORGERS):
            found, name = told_of(measure(tracks.FORGERS[way](chance), earlier)), tracks.FORGERS[way].__name__
        elif way == len(tracks.FORGERS):
            original = walked[chance.randrange(number)]
            found, name = told_of(measure(tracks.replayed(original, chance), [*earlier, original])), "replayed"
        else:
            found, name = told_of_photo(forged_photo(chance, n)), "photo"
        missed += found is None
        misses[name] += found is None
    return 1 - missed / number, false / number, +misses


def test_forged_tracks_are_found_and_honest_ones_left_alone() -> None:
    detected, false, misses = shares(140, "some")
    assert detected >= 0.95, misses
    assert false <= 0.02, misses


@pytest.mark.thorough
def test_a_thousand_honest_and_a_thousand_forged() -> None:
    detected, false, misses = shares(1_000, "all")
    print(f"detected {detected:.3f}, falsely flagged {false:.3f}, {dict(misses)}")
    assert detected >= 0.95, misses
    assert false <= 0.02, misses

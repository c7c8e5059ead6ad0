"""What the search of the tablet is meant to find, written as plainly as it can be said: every name is looked at for every query.

The measure of `mobile.species.search`, for its results and for its speed.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from rapidfuzz.distance import OSA

from mobile.species.entry import Species
from mobile.species.pack import NamedSpecies

WHOLE, BEGINNING, INSIDE, SLIP_WHOLE, SLIP_BEGINNING, NOTHING = range(6)
RANK_WORDS = ("var", "subsp", "ssp", "f", "x")


def find(
    names: Iterable[NamedSpecies],
    text: str,
    limit: int = 40,
    likely: Mapping[str, int] | None = None,
    recent: Sequence[str] = (),
) -> list[Species]:
    names = list(names)
    species: dict[str, Species] = {}
    ranks: dict[str, int] = {}
    for named in names:
        key = named.species.key
        species.setdefault(key, named.species)
        ranks[key] = min(ranks.get(key, NOTHING), rank(named, text))
    exact = [key for key in ranks if ranks[key] <= INSIDE]
    if len(exact) < 5:
        for named in names:
            key = named.species.key
            if ranks[key] > INSIDE:
                ranks[key] = min(ranks[key], slip_rank(named, text))
    found = [key for key in species if ranks[key] < NOTHING]
    # Sorting is stable: among equals, the order of the list.
    found.sort(key=lambda key: (ranks[key], -favour(key, likely or {}, recent), len(species[key].display)))
    return [species[key] for key in found[:limit]]


def favour(key: str, likely: Mapping[str, int], recent: Sequence[str]) -> float:
    most = max(likely.values(), default=1)
    return likely.get(key, 0) / most + (1 - list(recent).index(key) / len(recent) if key in recent else 0)


def rank(named: NamedSpecies, text: str) -> int:
    if other_script(text):
        return _chinese_rank(chinese(named.name), chinese(text)) if other_script(named.name) else NOTHING
    tokens = letters(text)
    typed = "".join(tokens)
    if not typed:
        return NOTHING
    initials = "".join(letters(named.initials))
    wholes = {initials, *("".join(form) for form in forms(named))}
    if len(typed) >= 3 and typed in wholes:
        return WHOLE
    if any(whole.startswith(typed) for whole in wholes):
        spoken = (initials, "".join(letters(named.pinyin)))
        return BEGINNING if len(typed) >= 3 or any(whole.startswith(typed) for whole in spoken) else INSIDE
    inside = len(typed) >= 3 and (
        any(tail.startswith(typed) for form in forms(named) for tail in tails(form)[1:])
        or parted(letters(named.pinyin), typed)
    )
    begun = len(tokens) > 1 and any(_begun(form, tokens) for form in latin_forms(named))
    return INSIDE if inside or begun else NOTHING


def slip_rank(named: NamedSpecies, text: str) -> int:
    typed = "".join(letters(text))
    if other_script(text) or len(typed) < 5:
        return NOTHING
    texts = [tail for form in forms(named) for tail in tails(form)]
    if any(OSA.distance(typed, whole) <= 1 for whole in texts):
        return SLIP_WHOLE
    lengths = (len(typed) - 1, len(typed), len(typed) + 1)
    if any(OSA.distance(typed, whole[:length]) <= 1 for whole in texts for length in lengths):
        return SLIP_BEGINNING
    return NOTHING


def _chinese_rank(name: str, typed: str) -> int:
    if name == typed:
        return WHOLE
    return BEGINNING if name.startswith(typed) else INSIDE if typed in name else NOTHING


def forms(named: NamedSpecies) -> list[list[str]]:
    """Every sequence of words by which the name can be spelled."""
    syllables = letters(named.pinyin)
    return latin_forms(named) + ([syllables] if syllables else [])


def latin_forms(named: NamedSpecies) -> list[list[str]]:
    words = [] if other_script(named.name) else letters(named.name)
    return [words, words[:1] + [word for word in words[1:] if word not in RANK_WORDS]] if words else []


def tails(words: Sequence[str]) -> list[str]:
    return ["".join(words[start:]) for start in range(len(words))]


def parted(syllables: Sequence[str], typed: str) -> bool:
    """`typed` is a beginning of the first syllable, then one of the next, and so on."""
    if not typed:
        return True
    if not syllables:
        return False
    ends = range(1, len(syllables[0]) + 1)
    return any(syllables[0][:end] == typed[:end] and parted(syllables[1:], typed[end:]) for end in ends)


def _begun(words: Sequence[str], tokens: Sequence[str]) -> bool:
    """The tokens begin consecutive words."""
    starts = range(len(words) - len(tokens) + 1)
    return any(all(words[start + n].startswith(token) for n, token in enumerate(tokens)) for start in starts)


@cache
def other_script(text: str) -> bool:
    return any(sign.isalpha() and ord(sign) > 0x24F for sign in unicodedata.normalize("NFKC", text))


@cache
def chinese(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text).casefold())


@cache
def letters(text: str) -> list[str]:
    """Words of a to z; tones and accents fall off, ü is v."""
    wide = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()).replace("u\u0308", "v")
    return re.findall("[a-z]+", "".join(sign for sign in wide if not unicodedata.combining(sign)))

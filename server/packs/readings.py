"""Every plausible reading of a name: the right one first, then what a hand may type that knows another reading of a character."""

import functools
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator

from server.taxa.names import has_chinese
from server.taxa.readings import Readings

PER_CHARACTER = 3
PER_NAME = 12
_LIVING_SHARE = 0.02
"""Of the phrases of pypinyin that hold a character: a reading that is rarer among them (尾 yi, 白 bo) is not typed."""
_FEW_PHRASES = 3


def every_reading(readings: Readings, name: str) -> list[str]:
    """Syllables parted by spaces; the corrected reading first, then those that differ in one character, in two …, capped."""
    if not has_chinese(name):
        return []
    first = readings.of(name).pinyin.split()
    characters = [character for character in name if character.isalnum() or has_chinese(character)]
    if len(characters) != len(first):
        return [" ".join(first)]
    choices = [_choices(c, syllable) for c, syllable in zip(characters, first, strict=True)]
    return list(itertools.islice(_fewest_changes_first(choices), PER_NAME))


def _fewest_changes_first(choices: list[list[str]]) -> Iterator[str]:
    several = [n for n, options in enumerate(choices) if len(options) > 1]
    for changed in range(len(several) + 1):
        for places in itertools.combinations(several, changed):
            options = [o[1:] if n in places else o[:1] for n, o in enumerate(choices)]
            yield from map(" ".join, itertools.product(*options))


def _choices(character: str, first: str) -> list[str]:
    return list(dict.fromkeys([first, *_living(character)]))[:PER_CHARACTER]


@functools.cache
def _living(character: str) -> tuple[str, ...]:
    """A character of few phrases keeps what the dictionary has, the usual reading first."""
    if not has_chinese(character):
        return ()
    from pypinyin import Style, pinyin

    dictionary = [syllable for syllable in pinyin(character, Style.NORMAL, heteronym=True)[0] if syllable.isascii()]
    heard = _heard().get(character, Counter())
    total = heard.total()
    if total < _FEW_PHRASES:
        return tuple(dictionary)
    living = [syllable for syllable in dictionary if heard[syllable] >= total * _LIVING_SHARE]
    return tuple(sorted(living, key=lambda syllable: -heard[syllable]))


@functools.cache
def _heard() -> dict[str, Counter[str]]:
    """How often each character is read how in pypinyin's phrases."""
    from pypinyin.contrib.tone_convert import to_normal
    from pypinyin.phrases_dict import phrases_dict

    plain = functools.cache(to_normal)
    heard: dict[str, Counter[str]] = defaultdict(Counter)
    for phrase, syllables in phrases_dict.items():
        if len(phrase) == len(syllables):
            for character, options in zip(phrase, syllables, strict=True):
                heard[character][plain(options[0])] += 1
    return heard

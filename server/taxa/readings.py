"""Pinyin without tones, for the keypad: pypinyin's choice, corrected by our table of polyphones and rare characters."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from server.taxa.names import has_chinese


def _each(unread: str) -> Any:
    """One syllable a character, also where there is no reading."""
    return list(unread)


@dataclass(frozen=True)
class Reading:
    pinyin: str
    initials: str


class Readings:
    def __init__(self, corrections: Mapping[str, str]) -> None:
        """`corrections`: text of one or more characters → syllables parted by spaces, one a character."""
        self._corrections = {text: pinyin.split() for text, pinyin in corrections.items()}
        self._longest = max(map(len, self._corrections), default=0)

    def of(self, name: str) -> Reading:
        from pypinyin import lazy_pinyin  # a dictionary that takes half a second to load

        syllables: list[str] = lazy_pinyin(name, errors=_each)
        if len(syllables) != len(name):
            raise ValueError(f"拼音与字数不符：{name}")
        for start in range(len(name)):
            self._correct(name, start, syllables)
        kept = [
            s.lower() for s, character in zip(syllables, name, strict=True) if s.isalnum() or has_chinese(character)
        ]
        return Reading(" ".join(kept), "".join(s[0] for s in kept))

    def _correct(self, name: str, start: int, syllables: list[str]) -> None:
        """Longer texts stand above shorter ones, so a character that a longer text has read is left alone."""
        for length in range(self._longest, 0, -1):
            for begin in range(start - length + 1, start + 1):
                found = self._corrections.get(name[begin : begin + length]) if begin >= 0 else None
                if found:
                    syllables[start] = found[start - begin]
                    return


_MOST_READINGS = 64
_MERGED = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_INITIAL_N = str.maketrans({"n": "l"})


def sound(pinyin: str) -> str:
    """What Hunan ears do not tell apart is one: zh z, ch c, sh s, n l at the beginning, -ng -n at the end."""
    return " ".join(map(_heard, pinyin.split()))


def _heard(syllable: str) -> str:
    for wide, flat in _MERGED:
        if syllable.startswith(wide):
            syllable = flat + syllable[2:]
    return syllable[:1].translate(_INITIAL_N) + syllable[1:].removesuffix("g")


def all_readings(name: str) -> list[str]:
    """Every way a name may be read, by all readings of its characters: whoever types does not ask which one is right here."""
    from pypinyin import Style, pinyin

    choices = [
        list(dict.fromkeys(heteronyms)) for heteronyms in pinyin(name, Style.NORMAL, heteronym=True, errors=_each)
    ]
    return [" ".join(way) for way in islice(product(*choices), _MOST_READINGS)]


def sounds(name: str) -> list[str]:
    """How a name may sound; traditional characters sound as the simplified do."""
    return list(dict.fromkeys(map(sound, all_readings(name))))

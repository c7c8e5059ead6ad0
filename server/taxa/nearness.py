"""Names like a name: slips of the hand in Latin, one wrong character or the same sound in Chinese; pure.

Only names of about the same length are compared, so that tens of thousands stay quick. What is found is a proposal.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from server.taxa.characters import has_chinese
from server.taxa.readings import all_readings, sound, sounds

_MOST = 40
_LATIN_EDITS = ((5, 1), (12, 2), (10**6, 3))
"""Up to this length, so many edits; a transposition is one."""
_SHORTEST_FUZZY = 4
_CHINESE_EDITS = ((2, 0), (5, 1), (10**6, 2))
_ENDINGS = ("orum", "arum", "ensis", "ense", "ii", "ae", "us", "um", "is", "os", "on", "es", "er", "a", "e", "i")
_SURE = 0.9
"""No likeness scores as high as a name that is known."""
_PER_WRONG_CHARACTER, _DIALECT, _ABBREVIATED = 0.04, 0.03, 0.75


@dataclass(frozen=True)
class Near:
    search_name: str
    score: float


class Nearness:
    def __init__(self, latin: Iterable[str], chinese: Iterable[tuple[str, str | None]]) -> None:
        """Search names; the Chinese with their pinyin."""
        self._latin = _ByLength(latin)
        chinese = list(chinese)
        self._chinese = _ByLength(name for name, _ in chinese)
        self._epithets: dict[str, list[str]] = defaultdict(list)
        for name in self._latin.names:
            genus, _, epithets = name.partition(" ")
            if epithets:
                self._epithets[epithets].append(genus)
        self._sounding: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name, pinyin in chinese:
            if pinyin:
                self._sounding[sound(pinyin)].append((name, pinyin))

    def latin(self, typed: str) -> list[Near]:
        """`typed` is a search name. A wrong gender of the last word weighs half a slip."""
        from rapidfuzz.distance import OSA

        if len(typed) < _SHORTEST_FUZZY or not typed.isascii():
            return []
        edits = _allowed(_LATIN_EDITS, typed)
        found = _within(typed, self._latin.about(len(typed), edits), OSA.distance, edits)
        stem = _stem(typed)
        near = [
            Near(name, _latin_score(typed, name, 0.5 if _stem(name) == stem else distance))
            for name, distance, _ in found
        ]
        return _best_first([*near, *self._abbreviated(typed)])

    def _abbreviated(self, typed: str) -> list[Near]:
        genus, _, epithets = typed.partition(" ")
        if not genus.endswith(".") or len(genus) > 4:
            return []
        return [
            Near(f"{one} {epithets}", _ABBREVIATED)
            for one in self._epithets.get(epithets, ())
            if one.startswith(genus[:-1])
        ]

    def chinese(self, typed: str) -> list[Near]:
        from rapidfuzz.distance import Levenshtein

        if len(typed) < 2 or not has_chinese(typed):
            return []
        edits = _allowed(_CHINESE_EDITS, typed)
        near = list(self._sounding_like(typed))
        if edits:
            found = _within(typed, self._chinese.about(len(typed), edits), Levenshtein.distance, edits)
            near += [Near(name, min(_SURE, 1 - distance / max(len(typed), len(name)))) for name, distance, _ in found]
        return _best_first(near)

    def read_so(self, letters: str) -> list[str]:
        """Chinese names of which some reading, syllables run together, begins so."""
        start = bisect_left(self._read, (letters, ""))
        found = takewhile(lambda read: read[0].startswith(letters), self._read[start : start + _MOST])
        return list(dict.fromkeys(name for _, name in found))

    @cached_property
    def _read(self) -> list[tuple[str, str]]:
        return sorted((way.replace(" ", ""), name) for name in self._chinese.names for way in all_readings(name))

    def _sounding_like(self, typed: str) -> Iterable[Near]:
        for way in sounds(typed):
            for name, _ in self._sounding.get(way, ()):
                wrong = sum(a != b for a, b in zip(typed, name, strict=False))
                yield Near(name, _SURE - _PER_WRONG_CHARACTER * wrong)


class _ByLength:
    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(set(names), key=lambda name: (len(name), name))
        self._lengths = [len(name) for name in self.names]

    def about(self, length: int, edits: int) -> Sequence[str]:
        return self.names[bisect_left(self._lengths, length - edits) : bisect_right(self._lengths, length + edits)]


def _within(
    typed: str, names: Sequence[str], distance: Callable[..., int], edits: int
) -> Sequence[tuple[str, float, int]]:
    from rapidfuzz import process

    return process.extract(typed, names, scorer=distance, processor=None, score_cutoff=edits, limit=_MOST)


def _allowed(steps: Sequence[tuple[int, int]], typed: str) -> int:
    return next(edits for longest, edits in steps if len(typed) <= longest)


def _latin_score(typed: str, name: str, distance: float) -> float:
    """By the share of letters that are wrong; a genus written right speaks for a name."""
    strange_genus = 0.0 if typed.partition(" ")[0] == name.partition(" ")[0] else 0.01
    return min(_SURE, 1 - distance / len(typed)) - 0.01 * distance - strange_genus


def _stem(name: str) -> str:
    genus, _, last = name.rpartition(" ")
    ending = next((one for one in _ENDINGS if last.endswith(one) and len(last) - len(one) > 2), "")
    return f"{genus} {last.removesuffix(ending)}" if genus else name


def _best_first(found: Iterable[Near]) -> list[Near]:
    best: dict[str, Near] = {}
    for one in found:
        if one.search_name not in best or one.score > best[one.search_name].score:
            best[one.search_name] = one
    return sorted(best.values(), key=lambda one: (-one.score, one.search_name))

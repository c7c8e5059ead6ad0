"""Finds a species by initials (csj), pinyin (chuanshanjia), Chinese anywhere (山甲) or Latin word beginnings (Manis pent).

A linear scan: 5,000 names take about 2 ms, and nothing has to be kept in step.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from mobile.species.entry import Species
from mobile.species.pack import NamedSpecies

_WORDS = re.compile(r"[a-z]+")
_NO_MATCH = 99


@dataclass(frozen=True)
class _Row:
    species: Species
    plain: str
    words: tuple[str, ...]
    pinyin: str
    initials: str


class SpeciesIndex:
    def __init__(self, names: Iterable[NamedSpecies], version: str = "") -> None:
        self.version = version
        self._rows = [_row(named) for named in names]
        self._by_id = {row.species.key: row.species for row in reversed(self._rows)}

    def __len__(self) -> int:
        return len(self._by_id)

    def by_id(self, key: str) -> Species | None:
        return self._by_id.get(key)

    def exact(self, name: str) -> Species | None:
        """The species with exactly this Chinese or Latin name, synonyms included."""
        wanted = _plain(name)
        return next((row.species for row in self._rows if row.plain == wanted), None)

    def find(self, text: str, limit: int = 40) -> list[Species]:
        """Best first: whole name, beginning, initials, pinyin, Latin words, anywhere; shorter names before longer."""
        query = _plain(text)
        if not query:
            return []
        rank = _rank_latin if query.isascii() else _rank_chinese
        words = tuple(_WORDS.findall(query))
        squeezed = "".join(words)
        best: dict[str, tuple[int, int, int]] = {}
        for order, row in enumerate(self._rows):
            score = rank(row, query, words, squeezed)
            if score < _NO_MATCH:
                candidate = (score, len(row.plain), order)
                best[row.species.key] = min(candidate, best.get(row.species.key, candidate))
        ranked = sorted(best.items(), key=lambda item: item[1])[:limit]
        return [self._by_id[key] for key, _ in ranked]


def _rank_chinese(row: _Row, query: str, words: tuple[str, ...], squeezed: str) -> int:
    if row.plain == query:
        return 0
    if row.plain.startswith(query):
        return 1
    return 5 if query in row.plain else _NO_MATCH


def _rank_latin(row: _Row, query: str, words: tuple[str, ...], squeezed: str) -> int:
    if not words:
        return _NO_MATCH
    if squeezed == row.initials or query == row.plain:
        return 0
    if squeezed == row.pinyin:
        return 1
    if row.initials.startswith(squeezed):
        return 2
    if row.pinyin.startswith(squeezed):
        return 3
    if row.words:
        return _rank_words(row.words, words)
    return 6 if len(squeezed) >= 3 and squeezed in row.pinyin else _NO_MATCH


def _rank_words(name: tuple[str, ...], query: tuple[str, ...]) -> int:
    """Each query word begins the next word of the name: from the genus (4), or from a later word (6)."""
    for start in range(len(name) - len(query) + 1):
        if all(name[start + n].startswith(word) for n, word in enumerate(query)):
            return 4 if start == 0 else 6
    return _NO_MATCH


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _letters(text: str) -> str:
    """Pinyin without tones, spaces and digits; ü becomes v, as keyboards have it."""
    folded = unicodedata.normalize("NFD", text.casefold().replace("ü", "v"))
    return "".join(character for character in folded if "a" <= character <= "z")


def _row(named: NamedSpecies) -> _Row:
    plain = _plain(named.name)
    is_latin = plain[:1].isascii()
    return _Row(
        named.species,
        plain,
        tuple(_WORDS.findall(plain)) if is_latin else (),
        _letters(named.pinyin),
        _letters(named.initials),
    )

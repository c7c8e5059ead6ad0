"""Finds a species by initials (csj), pinyin (chuanshan, zangqh), Chinese anywhere (山甲), Latin from the genus or a later word
(Manis pent, pentad), and, where next to nothing came, with one slip.

Everything is looked up in sorted texts; nothing is scanned but the Chinese names, in one `str.split`. Species are numbered by
the length of their name, so that sorting numbers puts shorter names first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from heapq import nsmallest
from itertools import accumulate, chain

from mobile.species.entry import Species
from mobile.species.pack import NamedSpecies
from mobile.species.parts import begun_syllables, begun_words
from mobile.species.shelf import Shelf
from mobile.species.slips import near
from mobile.species.spelling import is_spelled, plain, spellings, words

WORD_FROM = 3
"""Fewer letters are the initials or the sound of a beginning: neither a whole name (every name of two syllables would come
before what is likely here), nor a genus, nor looked for inside."""
SLIP_FROM = 5
FEW = 5
"""A slip is looked for only when fewer than so many came."""


class SpeciesIndex:
    def __init__(self, names: Iterable[NamedSpecies], version: str = "") -> None:
        self.version = version
        rows = list(names)
        first: dict[str, Species] = {}
        for row in rows:
            first.setdefault(row.species.key, row.species)
        self._species = sorted(first.values(), key=lambda species: len(species.display))
        self._numbers = {species.key: number for number, species in enumerate(self._species)}
        numbered = [(row, self._numbers[row.species.key]) for row in rows]
        latin = [(form, n) for row, n in numbered if is_spelled(row.name) for form in spellings(row.name)]
        sounds = [
            (words(row.pinyin), "".join(words(row.initials)), n) for row, n in numbered if row.pinyin or row.initials
        ]
        self._chinese = Shelf((plain(row.name), n) for row, n in numbered if not is_spelled(row.name))
        self._latin = Shelf(("".join(form), n) for form, n in latin)
        self._pinyin = Shelf(("".join(syllables), n) for syllables, _, n in sounds if syllables)
        self._latin_words = Shelf((_headed(form[start:]), n) for form, n in latin for start in range(len(form) - 1))
        self._syllables = Shelf(
            (text, n)
            for syllables, initials, n in sounds
            for text in {f"{initials} {' '.join(syllables)}", _headed(syllables)}
            if text[0] != " "
        )

    def __len__(self) -> int:
        return len(self._species)

    def by_id(self, key: str) -> Species | None:
        number = self._numbers.get(key)
        return None if number is None else self._species[number]

    def exact(self, name: str) -> Species | None:
        """The species with exactly this Chinese or Latin name, synonyms included."""
        shelf, text = (self._latin, "".join(words(name))) if is_spelled(name) else (self._chinese, plain(name))
        found = shelf.at(shelf.equal(text)) if text else ()
        return self._species[found[0]] if found else None

    def find(
        self, text: str, limit: int = 40, *, likely: Mapping[str, int] | None = None, recent: Sequence[str] = ()
    ) -> list[Species]:
        """Best first: whole names; what begins so; what has it inside; with one slip. Among these first what is likely here
        (`likely`: weight by key) and was recorded lately (`recent`: keys, the latest first), then shorter names."""
        order = _Order(self._favour(likely or {}, recent), limit)
        order.take(self._matches(text))
        if len(order.found) < min(FEW, limit):
            order.take(self._slips(text))
        return [self._species[number] for number in order.found]

    def _favour(self, likely: Mapping[str, int], recent: Sequence[str]) -> dict[int, float]:
        """What was recorded last weighs as much as what is likeliest."""
        most = max(likely.values(), default=1)
        found = {self._numbers[key]: weight / most for key, weight in likely.items() if key in self._numbers}
        for place, key in enumerate(recent):
            if key in self._numbers:
                number = self._numbers[key]
                found[number] = found.get(number, 0) + 1 - place / len(recent)
        return found

    def _matches(self, text: str) -> Iterator[set[int]]:
        if is_spelled(text):
            tokens = words(text)
            if tokens:
                yield from self._spelled("".join(tokens), tokens)
        else:
            wanted = plain(text)
            yield set(self._chinese.at(self._chinese.equal(wanted)))
            yield set(self._chinese.at(self._chinese.beginning(wanted)))
            yield self._containing(wanted)

    def _spelled(self, typed: str, tokens: Sequence[str]) -> Iterator[set[int]]:
        if len(typed) >= WORD_FROM:
            whole = self._syllables.at(self._syllables.beginning(f"{typed} "))
            yield {*whole, *(n for shelf in (self._latin, self._pinyin) for n in shelf.at(shelf.equal(typed)))}
        spoken = {
            *self._pinyin.at(self._pinyin.beginning(typed)),
            *self._syllables.at(self._syllables.beginning(typed)),
        }
        latin = self._latin.at(self._latin.beginning(typed))
        if len(typed) < WORD_FROM:  # of the keypad: initials are meant, rather than a genus
            yield spoken
            yield begun_words(self._latin_words, tokens).union(latin) if len(tokens) > 1 else set(latin)
            return
        yield spoken.union(latin)
        inside = begun_words(self._latin_words, tokens) if len(tokens) > 1 else set()
        inside.update(self._anywhere.at(self._anywhere.beginning(typed)))
        yield inside | begun_syllables(self._syllables, typed, self._beginnings)

    def _containing(self, wanted: str) -> set[int]:
        """Each piece between two finds tells by its line ends how many names further on the next find is."""
        pieces = self._lines.split(wanted)
        lines = accumulate(piece.count("\n") for piece in pieces[:-1])
        return {self._chinese.numbers[line] for line in lines}

    def _slips(self, text: str) -> Iterator[set[int]]:
        typed = "".join(words(text)) if is_spelled(text) else ""
        if len(typed) < SLIP_FROM:
            return
        yield from near(self._anywhere, typed)

    @cached_property
    def _lines(self) -> str:
        return "\n".join(self._chinese.texts)

    @cached_property
    def _anywhere(self) -> Shelf:
        """Every Latin name and every sound, from each of its words on."""
        wholes = chain.from_iterable(shelf.entries() for shelf in (self._latin, self._pinyin))
        headed = chain.from_iterable(shelf.entries() for shelf in (self._latin_words, self._syllables))
        tails = ((tail, number) for text, number in headed for tail in _tails(text.split(" ")[2:]))
        return Shelf(chain(wholes, tails))

    @cached_property
    def _beginnings(self) -> Set[str]:
        syllables = {syllable for text in self._syllables.texts for syllable in text.split(" ")[1:]}
        return {syllable[:end] for syllable in syllables for end in range(1, len(syllable) + 1)}


class _Order:
    """Collects up to `limit` species, one rank of matches after the other, each rank by favour and then by number."""

    def __init__(self, favour: Mapping[int, float], limit: int) -> None:
        self.found: dict[int, None] = {}
        self._favour, self._limit = favour, limit

    def take(self, ranks: Iterable[set[int]]) -> None:
        for hits in ranks:
            fresh = hits.difference(self.found)
            liked = fresh.intersection(self._favour)
            best = sorted(liked, key=lambda number: (-self._favour[number], number))
            best += nsmallest(self._limit - len(self.found) - len(best), fresh - liked)
            self.found.update(dict.fromkeys(best[: self._limit - len(self.found)]))
            if len(self.found) >= self._limit:
                return


def _headed(words_: Sequence[str]) -> str:
    """First letters, then the words: what `parts` looks in."""
    return f"{''.join(word[0] for word in words_)} {' '.join(words_)}"


def _tails(words_: Sequence[str]) -> Iterator[str]:
    return ("".join(words_[start:]) for start in range(len(words_)))

"""Texts in order, each with the number of its species: what begins with something stands side by side."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

_AFTER_ALL = "\U0010ffff"

Span = tuple[int, int]


class Shelf:
    """Entries of the same text keep the order in which they came."""

    def __init__(self, entries: Iterable[tuple[str, int]]) -> None:
        pairs = list(entries)
        pairs.sort(key=_text)
        self.texts = [text for text, _ in pairs]
        self.numbers = array("I", (number for _, number in pairs))

    def __len__(self) -> int:
        return len(self.texts)

    def beginning(self, text: str, within: Span | None = None) -> Span:
        """Where the texts stand that begin so; `within` is where to look."""
        low, high = within or (0, len(self.texts))
        first = bisect_left(self.texts, text, low, high)
        if first == high or not self.texts[first].startswith(text):
            return first, first
        return first, bisect_left(self.texts, text + _AFTER_ALL, first, high)

    def equal(self, text: str, within: Span | None = None) -> Span:
        low, high = within or (0, len(self.texts))
        first = bisect_left(self.texts, text, low, high)
        return first, bisect_right(self.texts, text, first, high)

    def next_letters(self, head: str, span: Span) -> Iterator[tuple[str, Span]]:
        """The letters that follow `head` in the texts there, all of which begin so, with where each stands."""
        place, (first, last) = len(head), span
        while first < last:
            letter = self.texts[first][place : place + 1]
            if not letter:
                first = bisect_right(self.texts, head, first, last)
                continue
            end = bisect_left(self.texts, head + chr(ord(letter) + 1), first, last)
            yield letter, (first, end)
            first = end

    def at(self, span: Span) -> "array[int]":
        """The species that stand there, some more than once."""
        return self.numbers[span[0] : span[1]]

    def entries(self, span: Span | None = None) -> Iterable[tuple[str, int]]:
        span = span or (0, len(self.texts))
        return zip(islice(self.texts, *span), self.at(span), strict=True)


def _text(entry: tuple[str, int]) -> str:
    return entry[0]

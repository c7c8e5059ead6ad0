"""Names that begin with what was typed but for one slip of the finger: a wrong, missing, extra or swapped letter.

A walk along the typed letters in the sorted names: at each place, only letters that some name has there are tried, and the
walk ends where no name begins so. A long text therefore costs little more than a short one.
"""

from collections.abc import Iterator

from mobile.species.shelf import Shelf, Span


def near(shelf: Shelf, typed: str) -> tuple[set[int], set[int]]:
    """(species of which a whole text is one slip away, those of which a text begins so)"""
    whole: set[int] = set()
    begun: set[int] = set()
    for text, within in _slipped(shelf, typed):
        span = shelf.beginning(text, within)
        if span[0] < span[1]:
            begun.update(shelf.at(span))
            whole.update(shelf.at(shelf.equal(text, span)))
    return whole, begun


def _slipped(shelf: Shelf, typed: str) -> Iterator[tuple[str, Span]]:
    """What may have been meant, each with where to look for it."""
    span = (0, len(shelf))
    for place, letter in enumerate(typed):
        head, rest = typed[:place], typed[place + 1 :]
        yield head + rest, span
        for other, within in shelf.next_letters(head, span):
            if other == letter:
                continue  # a letter left out of a pair is found at the next place
            yield head + other + rest, within
            yield head + other + letter + rest, within
            if rest[:1] == other:
                yield head + other + letter + rest[1:], within
        span = shelf.beginning(typed[: place + 1], span)
        if span[0] == span[1]:
            return

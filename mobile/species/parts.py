"""Names of which each word is only begun: zangqh for zang qiu hou, alt phi for Alternanthera philoxeroides.

Both look in a shelf whose texts are the first letters of a name's words, then the words: "zqh zang qiu hou".
"""

from collections.abc import Iterator, Sequence, Set

from mobile.species.shelf import Shelf, Span

LONGEST_SYLLABLE = 6

_State = tuple[str, tuple[str, ...], Span]


def begun_words(shelf: Shelf, tokens: Sequence[str]) -> set[int]:
    """Each token begins the next word."""
    span = shelf.beginning("".join(token[0] for token in tokens))
    return set(_fitting(shelf, span, tokens))


def begun_syllables(shelf: Shelf, typed: str, beginnings: Set[str]) -> set[int]:
    """The same without spaces: typed in one go, and parted in every way that syllables allow. What is one syllable, or all
    initials, is not looked for here. `beginnings` are those of all syllables."""
    found: set[int] = set()
    for parts, span in _partings(shelf, typed, beginnings):
        if 1 < len(parts) < len(typed):
            found.update(_fitting(shelf, span, parts))
    return found


def _partings(shelf: Shelf, typed: str, beginnings: Set[str]) -> Iterator[tuple[tuple[str, ...], Span]]:
    """Every parting, with where the names stand that have its first letters; given up as soon as there are none."""
    states: list[_State] = [(typed, (), (0, len(shelf)))]
    while states:
        rest, parts, span = states.pop()
        if not rest:
            yield parts, span
            continue
        initials = "".join(part[0] for part in parts) + rest[0]
        narrower = shelf.beginning(initials, span)
        if narrower[0] == narrower[1]:
            continue
        for length in range(1, min(LONGEST_SYLLABLE, len(rest)) + 1):
            if rest[:length] not in beginnings:
                break
            states.append((rest[length:], (*parts, rest[:length]), narrower))


def _fitting(shelf: Shelf, span: Span, parts: Sequence[str]) -> Iterator[int]:
    longest = f" {max(parts, key=len)}"
    for text, number in shelf.entries(span):
        if longest not in text:
            continue  # cheaper than to part the text
        words = text.split(" ")[1:]
        if len(words) >= len(parts) and all(map(str.startswith, words, parts)):
            yield number

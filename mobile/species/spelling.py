"""How a typed text and a name are made comparable: width, case, accents, spaces."""

import re
import unicodedata

_WORDS = re.compile(r"[a-z]+")
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f\u0300-\u036f]")
_RANK_WORDS = frozenset({"var", "subsp", "ssp", "f", "x"})


def plain(text: str) -> str:
    """For names in Chinese: half width, lower case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def is_spelled(text: str) -> bool:
    """Whether it is Latin or pinyin: letters of no other script in it."""
    return text.isascii() or _OTHER_SCRIPT.search(unicodedata.normalize("NFKC", text)) is None


def words(text: str) -> list[str]:
    """Its runs of letters, without accents, tones and digits; ü is v, as keyboards have it."""
    if not text.isascii():
        parted = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(mark for mark in parted.replace("u\u0308", "v") if not unicodedata.combining(mark))
    return _WORDS.findall(text.lower())


def spellings(name: str) -> list[list[str]]:
    """The words of a Latin name; where it names a rank (var., subsp., ×) also those without it."""
    whole = words(name)
    short = whole[:1] + [word for word in whole[1:] if word not in _RANK_WORDS]
    return [whole] if short == whole else [whole, short]

"""What stands in a cell before a name is read from it: widths, invisible signs, private-use characters, accents; pure."""

import html
import re
import unicodedata

_HAN = re.compile(r"[\u2e80-\u2fff\u3005-\u3007\u3021-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U0003ffff]")
_TAG = re.compile(r"</?(?:i|b|u|em|strong|sup|sub|span|font|p|br)\b[^<>]{0,40}>", re.IGNORECASE)
_ENTITY = re.compile(r"&#?\w{2,8};")
_HYPHENATED = re.compile("\u00ad\\s*")

PRIVATE_USE = {
    "\ue147": "鵟",
    "\ue81e": "\u9fb4",
    "\ue826": "\u9fb5",
    "\ue82b": "\u9fb6",
    "\ue82c": "\u9fb7",
    "\ue832": "\u9fb8",
    "\ue843": "\u9fb9",
    "\ue854": "\u9fba",
    "\ue864": "\u9fbb",
}
"""Private-use characters whose meaning is known: the copies of the 2021 list of animals, then those that GB 18030-2005
moved to places of their own."""
_RADICALS = dict(
    zip("⻅⻆⻉⻋⻓⻔⻘⻚⻛⻜⻝⻢⻤⻥⻦⻨⻩⻬⻮⻰", "见角贝车长门青页风飞食马鬼鱼鸟麦黄齐齿龙", strict=True)
)
"""What a PDF gives for the character in whose shape the radical is drawn, and no normal form undoes."""
_SIGNS = {
    **dict.fromkeys("\u2715\u2716\u2a2f\u2573\u2a09", "×"),
    **dict.fromkeys("‘’\u02bc\u02bb′´`", "'"),
    **dict.fromkeys("“”″", '"'),
    **dict.fromkeys("‐‑‒–—−", "-"),
    **dict.fromkeys("•‧・\u2219", "·"),
    "_": " ",
}
_ORDINARY = str.maketrans({**PRIVATE_USE, **_RADICALS, **_SIGNS})
_LETTERS = {
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "å": "ao",
    "ø": "oe",
    "æ": "ae",
    "œ": "oe",
    "ß": "ss",
    "\u0142": "l",
    "đ": "d",
}
_TRANSCRIBED = str.maketrans(
    {**_LETTERS, **{key.upper(): value.capitalize() for key, value in _LETTERS.items() if key != "ß"}}
)
_APART = re.compile("(?<=[aeo])ö", re.IGNORECASE)


def has_chinese(text: str) -> bool:
    """A private-use character counts: in our files it always stands for a Chinese one."""
    return _HAN.search(text) is not None


def clean(text: str | None) -> str:
    """Single spaces, nothing invisible, short enough to be indexed; a soft hyphen parts no word."""
    joined = _HYPHENATED.sub("", text or "")
    visible = "".join(_visible(character) for character in joined)
    return " ".join(visible.split())[:200].strip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Cs") or character == "\u200b":
        return " "
    return "" if category == "Cf" else character


def plain(text: str | None) -> str:
    """`clean`, in ordinary widths, signs and characters: what names are read from and compared by."""
    text = _TAG.sub("", text or "")
    if _ENTITY.search(text):
        text = html.unescape(text)
    return clean(unicodedata.normalize("NFKC", text.translate(_ORDINARY)).translate(_ORDINARY))


def private_use(text: str | None) -> list[str]:
    """Private-use characters, as U+E147: what one font shows there another does not."""
    return [f"U+{ord(c):04X}" for c in dict.fromkeys(text or "") if unicodedata.category(c) == "Co"]


def code_conform(word: str) -> str:
    """Without accents, as the codes of nomenclature write names (ICN 60.7): ä ae, ü ue, æ ae; a diaeresis only parts vowels."""
    if word.isascii():
        return word
    spelled = _APART.sub("o", unicodedata.normalize("NFC", word)).translate(_TRANSCRIBED)
    return "".join(c for c in unicodedata.normalize("NFD", spelled) if not unicodedata.combining(c))

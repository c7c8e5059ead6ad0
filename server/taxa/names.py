"""Reading names as people write them: Latin apart from Chinese, authors off, one spelling to compare by; pure."""

import re
import unicodedata
import uuid
from dataclasses import dataclass

NAMESPACE = uuid.UUID("6f1b4a0e-5a0b-5f0e-9d53-0a6d1f2c7e43")
"""Fixed for ever: a taxon's id is uuid5 of this and its canonical scientific name."""

_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN_RUN = re.compile(r"[A-Za-z×][A-Za-zÀ-ÿ×.\-'() &,0-9]*")
_OPEN = frozenset({"sp", "spp", "indet", "ssp?", "aff", "nr"})
_PASSING = frozenset({"cf", "?"})
_MARKERS = {"var": "variety", "subsp": "subspecies", "ssp": "subspecies", "f": "form", "forma": "form"}
_PRINTED = {"variety": "var.", "subspecies": "subsp.", "form": "f.", "forma_specialis": "f. sp."}
_PARTICLES = frozenset(
    {"ex", "et", "in", "de", "von", "van", "da", "del", "du", "la", "le", "auct", "non", "sensu", "and", "bis"}
)
_EPITHET = re.compile(r"×?[a-zà-ÿ]+(-[a-zà-ÿ]+)*")
_GENUS = re.compile(r"[A-Z][a-zà-ÿ]+(-[a-z]+)?")
_SUFFIX_RANKS = (("iformes", "order"), ("ales", "order"), ("idae", "family"), ("aceae", "family"))
_KINGDOMS = frozenset({"Animalia", "Plantae", "Fungi", "Chromista", "Bacteria", "Protozoa", "Archaea", "Viruses"})
_UNDETERMINED_ZH = re.compile(r"(未定种|未知种|一种|某种|待定种|属未定|sp\.?)$")


@dataclass(frozen=True)
class LatinName:
    canonical: str
    rank: str
    genus: str | None


def taxon_id_for(canonical: str) -> str:
    return str(uuid.uuid5(NAMESPACE, canonical))


def has_chinese(text: str) -> bool:
    return _CJK.search(text) is not None


def clean(text: str | None) -> str:
    """Single spaces, nothing invisible, short enough to be indexed."""
    visible = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs") else " " for c in text or "")
    return " ".join(visible.split())[:200].strip()


def split_name(text: str | None) -> tuple[str | None, str | None]:
    """(Latin part, Chinese part) of what was written in one field."""
    text = clean(text)
    if not has_chinese(text):
        return (text or None), None
    latin = _LATIN_RUN.search(text)
    rest = text[: latin.start()] + text[latin.end() :] if latin else text
    chinese = fold_chinese(rest).strip("()（）[]【】,，;；.。、") or None
    return (latin[0].strip() if latin and " " in latin[0].strip() else None), chinese


def parse_latin(text: str | None) -> LatinName | None:
    """None where the text does not begin like a scientific name. An open name (sp., aff.) is its genus."""
    words = re.sub(r"\(([^)]*)\)|\[[^\]]*\]", " ", unicodedata.normalize("NFC", text or "")).replace("_", " ").split()
    if not words:
        return None
    first = words[0].capitalize() if words[0].isupper() and len(words[0]) > 1 else words[0]
    if not _GENUS.fullmatch(first):
        return None
    if words[0].isupper():
        words = [word.lower() for word in words]
    parts = _epithets(_join_hybrid(words[1:]))
    if not parts:
        return LatinName(first, _uninomial_rank(first), first if _uninomial_rank(first) == "genus" else None)
    return _assemble(first, parts)


def _join_hybrid(words: list[str]) -> list[str]:
    joined: list[str] = []
    crossed = False
    for word in words:
        if word in ("×", "x", "X"):
            crossed = True
            continue
        joined.append(f"×{word}" if crossed else word)
        crossed = False
    return joined


def _epithets(words: list[str]) -> list[tuple[str | None, str]]:
    """[(marker's rank | None, epithet)], read until the authors begin; authors may stand between species and variety."""
    parts: list[tuple[str | None, str]] = []
    marker: str | None = None
    authors = False
    for word in words:
        bare = word.rstrip(".,").lower()
        if bare == "sp" and marker == "form":
            marker = "forma_specialis"
            continue
        if bare in _OPEN and word[:1].islower():
            break
        if bare in _PASSING:
            continue
        if bare in _MARKERS and word.endswith(".") and parts:
            marker, authors = _MARKERS[bare], False
        elif authors or bare in _PARTICLES or not _EPITHET.fullmatch(word):
            authors = True
        elif len(parts) < 2 or marker:
            parts.append((marker, word))
            marker = None
    return parts[:1] + parts[-1:] if len(parts) > 2 else parts


def _assemble(genus: str, parts: list[tuple[str | None, str]]) -> LatinName:
    name = f"{genus} {parts[0][1]}"
    if len(parts) == 1:
        return LatinName(name, "species", genus)
    rank, epithet = parts[1]
    return LatinName(f"{name} {_PRINTED[rank]} {epithet}" if rank else f"{name} {epithet}", rank or "subspecies", genus)


def _uninomial_rank(name: str) -> str:
    if name in _KINGDOMS:
        return "kingdom"
    return next((rank for suffix, rank in _SUFFIX_RANKS if name.endswith(suffix)), "genus")


def binomial_of(scientific_name: str) -> str:
    """The species a subspecies or variety belongs to; of anything else the name itself."""
    words = scientific_name.split()
    return " ".join(words[:2]) if len(words) > 2 and words[1] != "sect." else scientific_name


def fold_latin(name: str) -> str:
    """One spelling to compare by: case, hybrid sign and rank markers left out."""
    words = name.lower().replace("×", "").split()
    return " ".join(word for word in words if word.rstrip(".") not in _MARKERS)


def fold_chinese(name: str) -> str:
    return "".join(name.split())


def fold(name: str, language: str) -> str:
    return fold_chinese(name) if language == "zh" else fold_latin(name)


def lookup_keys(latin: str | None, chinese: str | None) -> list[str]:
    """Search names to try, best first, of a pair as it came (either field may hold both languages)."""
    latin_a, chinese_a = split_name(latin)
    latin_b, chinese_b = split_name(chinese)
    keys = []
    for text in (latin_a, latin_b):
        parsed = parse_latin(text) or parse_latin(text.capitalize() if text else None)
        if parsed:
            keys.append(fold_latin(parsed.canonical))
        if text:
            keys.append(fold_latin(text))
    for text in (chinese_b, chinese_a):
        if text:
            keys += [text, _UNDETERMINED_ZH.sub("", text)]
    return [key for key in dict.fromkeys(keys) if key]

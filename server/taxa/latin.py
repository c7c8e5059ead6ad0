"""A scientific name as people write it → its canonical form, rank and authors; pure. See decisions/0001-reading-names.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from server.taxa.characters import code_conform, plain

_OPEN = re.compile(r"(spp?|spec|species|indet|sp\.?\s?nov|aff|nr|near)[.,]?\d*|spp?\.?[-\dA-Z].*")
_DOUBTS = frozenset({"cf", "cfr", "?"})
_PASSING = _DOUBTS | {"nov", "comb", "nom", "stat"}
_RANKS = {"subsp": "subspecies", "ssp": "subspecies", "var": "variety", "subvar": "variety", "convar": "variety"}
_RANKS |= {"f": "form", "forma": "form", "fo": "form", "subf": "form"}
_RANKS |= {f"notho{mark}": rank for mark, rank in list(_RANKS.items())}
_MARK_PRINTED = {"ssp": "subsp.", "forma": "f.", "fo": "f.", "nothossp": "nothosubsp.", "nothoforma": "nothof."}
_PARTICLES = frozenset(
    "ex et in de den der des di do dos da du del della von van vom zu zur la le les el y e af av auct non nec sensu and bis apud emend fil "
    "filius pro p.p".split()
)
_NOT_EPITHETS = frozenset(
    "complex group agg aggr aggregate race strain hybrid male female adult juvenile juv imm nest egg eggs larva larvae seedling".split()
)
_NOBODY = frozenset(
    {"Unknown", "Unidentified", "Undetermined", "Unnamed", "Indet", "Incertae", "None", "Null", "Sp", "Spp"}
)
_EPITHET = re.compile(r"[a-z]{2,}(-[a-z]+)*|[a-z](-[a-z]+)+")
_GENUS = re.compile(r"[A-Z][a-z]+(-[a-z]+)?")
_SUFFIX_RANKS = (("iformes", "order"), ("ales", "order"), ("idae", "family"), ("aceae", "family"))
_KINGDOMS = frozenset({"Animalia", "Plantae", "Fungi", "Chromista", "Bacteria", "Protozoa", "Archaea", "Viruses"})
_TOKEN = re.compile(r"""\([^)]*\)?|\[[^\]]*\]?|(?<!\S)'[^']{2,}'(?!\w)|(?<!\S)"[^"]+"|/|[^\s(\[/]+""")
_GLUED = re.compile(r"\b((?:notho)?(?:var|subsp|ssp|subvar|subf|cv|cf|aff|sect)\.|(?<=\s)f\.)(?=[a-z×A-Z])")
_CROSS = frozenset({"×", "x", "X"})


@dataclass(frozen=True)
class LatinName:
    """`qualifier`: what leaves the name open (cf., sp., aff.) or makes it a cross of two names (×); then `canonical` is what is sure."""

    canonical: str
    rank: str
    genus: str | None
    authorship: str | None = None
    qualifier: str | None = None
    hybrid: bool = False
    cultivar: str | None = None


@dataclass
class _Reading:
    parts: list[tuple[str | None, str]] = field(default_factory=list)
    """[(mark of rank | None, epithet)]; authors may stand between species and variety."""
    authors: list[str] = field(default_factory=list)
    mark: str | None = None
    crossed: bool = False
    hybrid: bool = False
    qualifier: str | None = None
    cultivar: str | None = None
    section: str | None = None


def parse_latin(text: str | None, *, lenient: bool = False) -> LatinName | None:
    """None where the text does not begin like a scientific name. An open name (sp., aff.) is its genus.

    `lenient`: the first letter may be small, as people type.
    """
    tokens = _TOKEN.findall(_GLUED.sub(r"\1 ", plain(text).replace("×", " × ")).lstrip("0123456789.,;:-*†#'\" )]"))
    reading = _Reading()
    while tokens and (tokens[0] in _CROSS or _bare(tokens[0]) in _DOUBTS):
        reading.hybrid |= tokens[0] in _CROSS
        reading.qualifier = None if tokens[0] in _CROSS else "cf."
        tokens = tokens[1:]
    genus = _genus_of(tokens, lenient)
    if genus is None:
        return None
    crossed = "×" if reading.hybrid else ""
    _read(reading, _settled(tokens[1:]))
    return _assembled(crossed, genus, reading)


def _genus_of(tokens: list[str], lenient: bool) -> str | None:
    first = code_conform(tokens[0].rstrip(",;:*?")) if tokens else ""
    if len(first) > 1 and first.isupper():
        first = first.capitalize()
    if lenient:
        first = first[:1].upper() + first[1:]
    return first if _GENUS.fullmatch(first) and first not in _NOBODY else None


def _settled(tokens: list[str]) -> list[str]:
    """Words in capitals are names shouted, not authors; initials and signs stay."""
    return [
        word.lower() if len(word) > 2 and word.replace("-", "").isalpha() and word.isupper() else word
        for word in tokens
    ]


def _bare(word: str) -> str:
    return word.rstrip(".,;:*†").lower()


def _read(reading: _Reading, tokens: list[str]) -> None:
    stream = pairwise([*tokens, ""])
    for word, after in stream:
        if _names_another(reading, word, after) or _is_open(reading, word):
            return
        if _bare(word) == "cv":
            reading.cultivar = " ".join(rest for rest, _ in stream).strip("'\" ") or None
        elif not (_takes_mark(reading, word, after, stream) or _takes_epithet(reading, word, after)):
            reading.authors.append(word)


def _names_another(reading: _Reading, word: str, after: str) -> bool:
    """A cross after an epithet, or a second name behind a stroke, leaves only the genus sure."""
    crosses = word in _CROSS and not reading.mark and not (word == "X" and reading.authors)
    if not (reading.parts and after and (crosses or word == "/")):
        return False
    reading.qualifier = "×" if crosses else "/"
    reading.hybrid |= crosses
    reading.parts, reading.authors = [], []
    return True


def _is_open(reading: _Reading, word: str) -> bool:
    """From here on nothing is said of the name."""
    if not word[:1].islower():
        return False
    if _OPEN.fullmatch(word) and not (_bare(word) == "sp" and reading.mark == "f"):
        reading.qualifier = word
        return True
    return _bare(word) in _NOT_EPITHETS


def _takes_mark(reading: _Reading, word: str, after: str, stream: Iterator[tuple[str, str]]) -> bool:
    bare = _bare(word)
    if word in _CROSS:
        reading.crossed = reading.hybrid = bool(after)
    elif bare in _PASSING and not reading.authors:
        reading.qualifier = word if bare in _DOUBTS else reading.qualifier
    elif bare == "sp" and reading.mark == "f":
        reading.mark = "f. sp."
    elif bare in ("sect", "subg", "subgen", "ser") and not reading.parts and _GENUS.fullmatch(after.capitalize()):
        reading.section = after.capitalize() if bare == "sect" else None
        next(stream)
    elif word[0] in "'\"" and len(word) > 2:
        reading.cultivar = word.strip("'\" ")
    else:
        return _takes_rank(reading, word, after)
    return True


def _takes_rank(reading: _Reading, word: str, after: str) -> bool:
    """`Hook. f.` is an author, the son; `f.` before an epithet is a form."""
    bare = _bare(word)
    dotted = word.endswith(".") or bare not in ("f", "fo")
    if bare not in _RANKS or not reading.parts or not dotted:
        return False
    if not (_is_epithet(after) or after in _CROSS or (bare in ("f", "forma") and _bare(after) == "sp")):
        return not reading.authors and bare != "f"
    reading.mark = "f" if bare == "forma" else bare
    reading.authors = []
    return True


def _is_epithet(word: str) -> bool:
    return _bare(word) not in _PARTICLES and _EPITHET.fullmatch(code_conform(word.rstrip(",;*?"))) is not None


def _takes_epithet(reading: _Reading, word: str, after: str) -> bool:
    if word[0] == "(" and not reading.parts and not reading.authors and _is_epithet(after):
        return _GENUS.fullmatch(word.strip("()")) is not None  # a subgenus, as zoologists write it
    if reading.authors or not _is_epithet(word) or (len(reading.parts) >= 2 and not reading.mark):
        return False
    if word.endswith("?"):
        reading.qualifier = "?"
    reading.parts.append((reading.mark, ("×" if reading.crossed else "") + code_conform(word.rstrip(",;*?"))))
    reading.mark, reading.crossed = None, False
    return True


def _assembled(crossed: str, genus: str, reading: _Reading) -> LatinName:
    written = " ".join(reading.authors).strip(" ,;:") or None
    extra = (written, reading.qualifier, reading.hybrid, reading.cultivar)
    if reading.section and not reading.parts:
        return LatinName(f"{genus} sect. {reading.section}", "section", genus, *extra)
    if not reading.parts:
        rank = _uninomial_rank(genus)
        return LatinName(f"{crossed}{genus}", rank, genus if rank == "genus" else None, *extra)
    name = f"{crossed}{genus} {reading.parts[0][1]}"
    if len(reading.parts) == 1:
        return LatinName(name, "species", genus, *extra)
    mark, epithet = reading.parts[-1]
    if mark is None:
        return LatinName(f"{name} {epithet}", "subspecies", genus, *extra)
    rank = "forma_specialis" if mark == "f. sp." else _RANKS[mark]
    return LatinName(f"{name} {_printed(mark)} {epithet}", rank, genus, *extra)


def _printed(mark: str) -> str:
    return _MARK_PRINTED.get(mark, mark if mark.endswith(".") else f"{mark}.")


def _uninomial_rank(name: str) -> str:
    if name in _KINGDOMS:
        return "kingdom"
    return next((rank for suffix, rank in _SUFFIX_RANKS if name.endswith(suffix)), "genus")


def binomial_of(scientific_name: str) -> str:
    """The species a subspecies or variety belongs to; of anything else the name itself."""
    words = scientific_name.split()
    return " ".join(words[:2]) if len(words) > 2 and words[1] != "sect." else scientific_name


def fold_latin(name: str) -> str:
    """One spelling to compare by: case, accents, hybrid sign and marks of rank left out."""
    words = code_conform(plain(name).lower()).replace("×", " ").split()
    return " ".join(word for word in words if word.rstrip(".") not in _RANKS)

"""Reading names as they stand in cells: Latin apart from Chinese, notes off, the spellings to look up; pure."""

import re
import uuid
from dataclasses import dataclass
from functools import lru_cache

from server.taxa.characters import clean, has_chinese, plain, private_use
from server.taxa.latin import LatinName, binomial_of, fold_latin, parse_latin

__all__ = [
    "NAMESPACE", "Cell", "LatinName", "binomial_of", "clean", "fold", "fold_chinese", "fold_latin", "has_chinese", "latin_keys", "lookup_keys",
    "parse_latin", "private_use", "read_cell", "split_name", "taxon_id_for",
]  # fmt: skip

NAMESPACE = uuid.UUID("6f1b4a0e-5a0b-5f0e-9d53-0a6d1f2c7e43")
"""Fixed for ever: a taxon's id is uuid5 of this and its canonical scientific name."""

_LATIN_RUN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ×][^\u2e80-\u9fff\ue000-\uf8ff\U00020000-\U0003ffff/;|]*")
_LONE_GENUS = re.compile(r"[A-Z][a-z]{3,}")
_BRACKETED = re.compile(r"[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]")
_NEUTRAL = ",;:.。、，；：/|\\?!*†#=-—·'\" "
_EDGES = "()[]【】〔〕{}<>《》" + _NEUTRAL
_PARTED = re.compile(r"[/;、,，；|]|或")
_UNDETERMINED_ZH = re.compile(r"(未定种|未知种|一种|某种|待定种|属未定|sp\.?)$")
_COUNTED = re.compile(r"[×xX*]?\d+[只株头条个尾丛棵群巢对匹枚]?$")
_NUMBERED = re.compile(r"^\d+[.、)]\s*(?=\D)")


@dataclass(frozen=True)
class Cell:
    """What one field says: a Latin text, a Chinese name without its notes, the notes, and names beside it that it does not settle on."""

    latin: str | None = None
    chinese: str | None = None
    whole: str | None = None
    """The Chinese part with its notes: some lists name taxa so."""
    others: tuple[str, ...] = ()


def taxon_id_for(canonical: str) -> str:
    return str(uuid.uuid5(NAMESPACE, canonical))


def fold_chinese(name: str) -> str:
    return "".join(plain(name).split())


def fold(name: str, language: str) -> str:
    return fold_chinese(name) if language == "zh" else fold_latin(name)


def read_cell(text: str | None) -> Cell:
    spelled = plain(text)
    if not has_chinese(spelled):
        return Cell(latin=spelled or None)
    spelled = _NUMBERED.sub("", spelled)
    latin = _latin_run(spelled)
    rest = spelled[: latin[0]] + " " + spelled[latin[1] :] if latin else spelled
    notes = [fold_chinese(note).strip(_EDGES) for note in _BRACKETED.findall(rest)]
    bare = fold_chinese(_BRACKETED.sub(" ", rest)).strip(_EDGES)
    whole = fold_chinese(re.sub(r"\(\s*\)|\[\s*\]", "", rest)).strip(_NEUTRAL) or None
    chinese = next(filter(has_chinese, (bare, *notes)), None)
    parts = [part.strip(_EDGES) for part in _PARTED.split(bare)] if _PARTED.search(bare) else []
    others = tuple(dict.fromkeys(one for one in (*parts, *notes) if one and one != chinese and has_chinese(one)))
    return Cell(spelled[latin[0] : latin[1]].strip(" ,;:-(=") if latin else None, chinese, whole, others)


def _latin_run(text: str) -> tuple[int, int] | None:
    """Where the scientific name stands: the first run of letters that reads like one; a lone word must look like a genus."""
    for found in _LATIN_RUN.finditer(text):
        run = found[0].rstrip(" ,;:([")
        if run.count(")") > run.count("("):
            run = run[: run.rindex(")")]
        lone = _LONE_GENUS.fullmatch(run) is not None
        if lone or (" " in run and parse_latin(run, lenient=True)):
            return found.start(), found.start() + len(run)
    return None


def split_name(text: str | None) -> tuple[str | None, str | None]:
    """(Latin part, Chinese part) of what was written in one field."""
    cell = read_cell(text)
    return cell.latin, cell.chinese


def latin_keys(latin: str) -> list[str]:
    """Search names of a Latin text, surest first: as it stands, as two words where the second is in capitals by mistake, canonical."""
    parsed = parse_latin(latin, lenient=True)
    words = plain(latin).split()
    keys = [fold_latin(latin)]
    if len(words) > 1 and words[1].isalpha() and len(words[1]) > 3:
        # "Manis Pentadactyla", and "MANIS PENTADACTYLA LINNAEUS", whose third word may be an author.
        keys += [fold_latin(" ".join(words[:2]))] if words[1].istitle() else []
    if parsed:
        keys.append(fold_latin(parsed.canonical))
        if words[0].isupper() and words[1:2] and words[1].isupper() and parsed.rank == "subspecies":
            keys.append(fold_latin(binomial_of(parsed.canonical)))
    return [key for key in dict.fromkeys(keys) if key]


def lookup_keys(latin: str | None, chinese: str | None) -> list[str]:
    """Search names to try, best first, of a pair as it came (either field may hold both languages)."""
    return list(_lookup_keys(latin, chinese))


@lru_cache(maxsize=4096)
def _lookup_keys(latin: str | None, chinese: str | None) -> tuple[str, ...]:
    first, second = read_cell(latin), read_cell(chinese)
    keys = [key for cell in (first, second) if cell.latin for key in latin_keys(cell.latin)]
    for cell in (second, first):
        for text in (cell.whole, cell.chinese):
            if text:
                keys += [text, _UNDETERMINED_ZH.sub("", text), _COUNTED.sub("", text)]
    return tuple(key for key in dict.fromkeys(keys) if key)

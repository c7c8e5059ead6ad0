"""From a name as it came to the taxa it may mean, best first, each with the reason. A likeness is proposed here and taken nowhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa.characters import plain
from server.taxa.latin import binomial_of, fold_latin, parse_latin
from server.taxa.names import Cell, latin_keys, read_cell
from server.taxa.nearness import Near, Nearness
from server.taxa.rules import differ

REASONS = ("exact", "canonical", "synonym", "chinese", "fuzzy")
REASONS_ZH: Mapping[str, str] = dict(zip(REASONS, ("学名一致", "学名相符", "异名", "中文名", "相似"), strict=True))
_SCORES = {"exact": 1.0, "canonical": 0.99, "synonym": 0.97, "chinese": 0.96}
_VARIANT, _BESIDE, _ONLY_SPECIES = 0.01, 0.8, 0.85


@dataclass(frozen=True)
class Candidate:
    """`reason`: exact (the accepted name as written), canonical (without authors and marks), synonym, chinese, fuzzy. `conflict`: the
    Latin and the Chinese name are both known and mean different taxa."""

    taxon_id: str
    scientific_name: str
    name_zh: str | None
    reason: str
    score: float
    conflict: bool = False


@dataclass(frozen=True)
class _Named:
    """A name of a taxon."""

    taxon_id: str
    language: str
    accepted: bool


@dataclass(frozen=True)
class _Taxon:
    scientific_name: str
    name_zh: str | None
    kingdom: str | None


@dataclass(frozen=True)
class _Known:
    taxa: Mapping[str, _Taxon]
    names: Mapping[str, Sequence[_Named]]
    nearness: Nearness


_Found = Iterator[tuple[str, str, float]]
"""(taxon id, reason, score)."""


def propose(
    session: Session,
    latin_or_mixed: str | None,
    chinese: str | None = None,
    limit: int = 5,
    *,
    kingdom: str | None = None,
) -> list[Candidate]:
    """Either text may hold both languages. With `kingdom` nothing of another kingdom is proposed. Nothing is like a name
    that is known, so likenesses come only where no name is."""
    return _propose(_known(session), (latin_or_mixed, chinese), limit, kingdom)


def propose_many(
    session: Session, pairs: Iterable[tuple[str | None, str | None]], limit: int = 5
) -> dict[tuple[str | None, str | None], list[Candidate]]:
    """By (Latin or mixed, Chinese), each distinct pair once."""
    distinct = list(dict.fromkeys(pairs))
    if not distinct:
        return {}
    known = _known(session)
    return {pair: _propose(known, pair, limit, None) for pair in distinct}


def _propose(known: _Known, pair: tuple[str | None, str | None], limit: int, kingdom: str | None) -> list[Candidate]:
    cells = (read_cell(pair[0]), read_cell(pair[1]))
    by_latin = _within(known, (one for cell in cells if cell.latin for one in _latin(known, cell.latin)), kingdom)
    by_chinese = _within(known, (one for cell in cells for one in _chinese(known, cell)), kingdom)
    found = by_latin + by_chinese
    if _contradict(known, by_latin, by_chinese):
        found = [replace(one, conflict=True) for one in found]
    if not found or _is_half_read(cells, found):
        found += _within(known, _like(known, cells), kingdom)
    best: dict[str, Candidate] = {}
    for one in sorted(found, key=lambda one: (REASONS.index(one.reason), -one.score, one.scientific_name)):
        best.setdefault(one.taxon_id, one)
    return list(best.values())[:limit]


def _is_half_read(cells: Sequence[Cell], found: Sequence[Candidate]) -> bool:
    """`Cymbidium Georingii`: only the genus is known, and what follows may be an epithet in capitals or an author."""
    words = (cells[0].latin or "").split()
    return (
        len(words) > 1
        and words[1].istitle()
        and words[1].isalpha()
        and all(" " not in one.scientific_name for one in found)
    )


def _within(known: _Known, found: Iterable[tuple[str, str, float]], kingdom: str | None) -> list[Candidate]:
    return [
        Candidate(taxon_id, taxon.scientific_name, taxon.name_zh, reason, round(score, 3))
        for taxon_id, reason, score in found
        for taxon in (known.taxa[taxon_id],)
        if not differ(taxon.kingdom, kingdom)
    ]


def _latin(known: _Known, latin: str) -> _Found:
    """What the first of its spellings that is known means."""
    as_written = plain(latin).lower()
    for key in latin_keys(latin):
        names = [name for name in known.names.get(key, ()) if name.language != "zh"]
        for name in names:
            whole = known.taxa[name.taxon_id].scientific_name.lower() == as_written
            reason = "synonym" if not name.accepted else "exact" if whole else "canonical"
            yield name.taxon_id, reason, _SCORES[reason]
        if names:
            return


def _chinese(known: _Known, cell: Cell) -> _Found:
    for key in filter(None, dict.fromkeys((cell.whole, cell.chinese))):
        names = [name for name in known.names.get(key, ()) if name.language == "zh"]
        for name in names:
            yield name.taxon_id, "chinese", _SCORES["chinese"] - (0 if name.accepted else _VARIANT)
        if names:
            return


def _contradict(known: _Known, by_latin: Sequence[Candidate], by_chinese: Sequence[Candidate]) -> bool:
    """Subspecies and species, species and genus do not contradict each other."""
    latin = {binomial_of(one.scientific_name) for one in by_latin}
    chinese = {binomial_of(one.scientific_name) for one in by_chinese}
    genera = {name.split()[0] for name in latin | chinese if " " not in name}
    named = {name for name in latin | chinese if " " in name and name.split()[0] not in genera}
    return bool(latin and chinese) and not latin & chinese and (bool(named) or len(genera) > 1)


def _like(known: _Known, cells: Sequence[Cell]) -> _Found:
    for cell in cells:
        if cell.latin:
            yield from _like_latin(known, cell.latin)
        for other in cell.others:  # names beside the one that is not known: in brackets, behind a stroke
            yield from _fuzzy(known, [Near(other, _BESIDE)], "zh")
        if cell.chinese:
            yield from _fuzzy(known, known.nearness.chinese(cell.chinese), "zh")


def _like_latin(known: _Known, latin: str) -> _Found:
    parsed = parse_latin(latin, lenient=True)
    typed = [fold_latin(parsed.canonical)] if parsed else []
    if parsed and parsed.rank not in ("species", "genus") and parsed.genus:
        yield from _fuzzy(known, [Near(fold_latin(binomial_of(parsed.canonical)), _ONLY_SPECIES)], "la")
    words = fold_latin(latin).split()
    if len(words) <= 3 or not parsed:
        typed.append(" ".join(words[:3]))
    if len(words) > 1 and (not parsed or " " not in parsed.canonical):
        typed.append(" ".join(words[:2]))
    for one in dict.fromkeys(typed):
        yield from _fuzzy(known, known.nearness.latin(one), "la")


def _fuzzy(known: _Known, found: Iterable[Near], language: str) -> _Found:
    for near in found:
        for name in known.names.get(near.search_name, ()):
            if (name.language == "zh") == (language == "zh"):
                yield name.taxon_id, "fuzzy", near.score


def read_so(session: Session, letters: str) -> list[str]:
    """Search names of the Chinese names that may be read so, by whatever reading of their characters."""
    return _known(session).nearness.read_so(letters)


_REMEMBERED: dict[tuple[object, ...], _Known] = {}
_MOST_REMEMBERED = 2


def _known(session: Session) -> _Known:
    """The accepted taxa and their names, read again when a list has been loaded; what only records name is no proposal."""
    mark = session.execute(
        text("""
        SELECT current_database(), count(*), max(loaded_no), (SELECT count(*) FROM xiangye.taxon_name WHERE status <> 'provisional')
        FROM xiangye.list_version""")
    ).one()
    key = (str(session.get_bind().engine.url), *mark)
    known = _REMEMBERED.get(key)
    if known is None:
        known = _read_all(session)
        for old in list(_REMEMBERED)[: max(0, len(_REMEMBERED) - _MOST_REMEMBERED + 1)]:
            _REMEMBERED.pop(old, None)  # another thread may have been here
        _REMEMBERED[key] = known
    return known


def _read_all(session: Session) -> _Known:
    rows = session.execute(
        text("""
        SELECT t.taxon_id::text, t.scientific_name, t.kingdom, n.name, n.language, n.kind = 'accepted', n.search_name, n.pinyin
        FROM xiangye.taxon t JOIN xiangye.taxon_name n USING (taxon_id) WHERE t.status = 'accepted'
        ORDER BY n.kind <> 'accepted', t.scientific_name""")
    ).all()
    chinese_of = {row[0]: row[3] for row in rows if row[4] == "zh" and row[5]}
    names: dict[str, list[_Named]] = {}
    for taxon_id, _, _, _, language, accepted, search_name, _ in rows:
        names.setdefault(search_name, []).append(_Named(taxon_id, language, accepted))
    return _Known(
        {row[0]: _Taxon(row[1], chinese_of.get(row[0]), row[2]) for row in rows},
        names,
        Nearness((row[6] for row in rows if row[4] == "la"), ((row[6], row[7]) for row in rows if row[4] == "zh")),
    )

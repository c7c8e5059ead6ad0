"""What a name may mean: each reason, both sides of a contradiction, and that a likeness is never taken."""

import string
from collections import Counter
from collections.abc import Iterator
from time import perf_counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import matching, provisional, queries
from server.taxa.matching import Candidate, propose, propose_many
from server.taxa.names import fold_latin, taxon_id_for
from server.taxa.nearness import Nearness
from server.taxa.readings import all_readings, sound, sounds

AUTHORS = (
    "Linnaeus, 1758",
    "(L.) Merr. & Perry",
    "(Rchb. f.) Rchb. f.",
    "Hu et W. C. Cheng",
    "Hance ex de Vries",
    "(Wied, 1838)",
    "Lévl.",
    "N. E. Brown",
)


def _told(found: list[Candidate]) -> list[tuple[str, str]]:
    return [(one.scientific_name, one.reason) for one in found]


@pytest.mark.parametrize(
    ("latin", "chinese", "first", "reason"),
    [
        ("Cymbidium goeringii", None, "Cymbidium goeringii", "exact"),
        ("cymbidium  GOERINGII", None, "Cymbidium goeringii", "exact"),
        ("ＣＹＭＢＩＤＩＵＭ　goeringii", None, "Cymbidium goeringii", "exact"),
        ("Cymbidium goeringii (Rchb. f.) Rchb. f.", None, "Cymbidium goeringii", "canonical"),
        ("Manis cf. pentadactyla", None, "Manis pentadactyla", "canonical"),
        ("Populus irtyschensis", None, "Populus ×irtyschensis", "canonical"),
        ("Populus x irtyschensis C. Y. Yang", None, "Populus ×irtyschensis", "canonical"),
        ("Abies beshanzuensis subsp. ziyuanensis", None, "Abies beshanzuensis var. ziyuanensis", "canonical"),
        ("Abies ziyuanensis L. K. Fu & S. L. Mo", None, "Abies beshanzuensis var. ziyuanensis", "synonym"),
        ("Pontederia crassipes", None, "Eichhornia crassipes", "synonym"),
        ("穿山甲", None, "Manis pentadactyla", "chinese"),
        (None, "凤眼莲", "Eichhornia crassipes", "chinese"),
        ("银杉（野生）", None, "Cathaya argyrophylla", "chinese"),
        ("普通\ue147", None, "Buteo japonicus", "chinese"),
        ("藏酋猴 Macaca thibetana", None, "Macaca thibetana", "exact"),
        ("藏酋猴(Macaca thibetana Milne-Edwards, 1870)", None, "Macaca thibetana", "canonical"),
        ("Macaca thibetana/藏酋猴", None, "Macaca thibetana", "exact"),
        ("穿山甲", "Manis pentadactyla", "Manis pentadactyla", "exact"),
        ("Cymbidium georingii", None, "Cymbidium goeringii", "fuzzy"),
        ("Cymbidium Georingii", None, "Cymbidium", "canonical"),
        ("Manis pentadactila", None, "Manis pentadactyla", "fuzzy"),
        ("Manis pentadactila Linnaeus, 1758", None, "Manis pentadactyla", "fuzzy"),
        ("Manispentadactyla", None, "Manis pentadactyla", "fuzzy"),
        ("Cathaya argyrophyllus", None, "Cathaya argyrophylla", "fuzzy"),
        ("C. goeringii", None, "Cymbidium goeringii", "fuzzy"),
        ("Manis pentadactyla aurita Hodgson", None, "Manis pentadactyla", "fuzzy"),
        ("穿三甲", None, "Manis pentadactyla", "fuzzy"),
        ("藏求猴", None, "Macaca thibetana", "fuzzy"),
        ("白露", None, "Egretta garzetta", "fuzzy"),
        ("黃腹角雉", None, "Tragopan caboti", "fuzzy"),
        ("马甲木（鹅掌楸）", None, "Liriodendron chinense", "fuzzy"),
    ],
)  # fmt: skip
def test_each_reason(reference: Session, latin: str | None, chinese: str | None, first: str, reason: str) -> None:
    found = propose(reference, latin, chinese)
    assert _told(found)[0] == (first, reason)
    assert [one.score for one in found if one.reason == "fuzzy"] == sorted(
        (one.score for one in found if one.reason == "fuzzy"), reverse=True
    )
    assert not any(one.conflict for one in found)


@pytest.mark.parametrize(
    "nothing",
    ["", " ", None, "鹭", "未知鸟", "没有这个种", "Xyz", "unknown bird", "123", "\ue001", "%", "a" * 5000, "?"],
)
def test_what_is_like_nothing_is_proposed_nothing(reference: Session, nothing: str | None) -> None:
    assert propose(reference, nothing) == propose(reference, None, nothing) == []


def test_both_sides_of_a_contradiction_are_shown(reference: Session) -> None:
    found = propose(reference, "Manis pentadactyla", "白鹭")
    assert _told(found) == [("Manis pentadactyla", "exact"), ("Egretta garzetta", "chinese")]
    assert all(one.conflict for one in found)
    assert [one.conflict for one in propose(reference, "白鹭 Manis pentadactyla")] == [True, True]
    assert not any(one.conflict for one in propose(reference, "Manis sp.", "穿山甲")), "a species of that genus"
    assert _told(propose(reference, "白鹭/夜鹭")) == [("Egretta garzetta", "fuzzy"), ("Nycticorax nycticorax", "fuzzy")]


def test_a_kingdom_keeps_others_out(reference: Session) -> None:
    assert _told(propose(reference, "Manis pentadactila", kingdom="Animalia"))[0] == ("Manis pentadactyla", "fuzzy")
    for typed in ("Manis pentadactila", "Manis pentadactyla", "穿山甲", "穿三甲"):
        plants = propose(reference, typed, kingdom="Plantae")
        kingdoms = queries.by_ids(reference, [one.taxon_id for one in plants])
        assert all(taxon.kingdom in ("Plantae", None) for taxon in kingdoms.values())
        assert "Manis pentadactyla" not in [one.scientific_name for one in plants]


def test_a_likeness_is_never_taken_nor_is_what_only_a_record_named_proposed(reference: Session) -> None:
    for typed in ("Cymbidium georingii", "穿三甲", "马甲木（鹅掌楸）", "白鹭/夜鹭"):
        assert propose(reference, typed) and queries.resolve_many(reference, [(typed, None)]) == [None]
    provisional.write(reference, provisional.missing(reference, [("Cymbidium georingii", None)]))
    assert queries.resolve_many(reference, [("Cymbidium georingii", None)]) != [None]
    assert _told(propose(reference, "Cymbidium georingii")) == [("Cymbidium goeringii", "fuzzy")]


def test_a_name_that_comes_with_a_list_is_known_at_once(reference: Session) -> None:
    assert propose(reference, "Novotaxus hunanensis") == []
    reference.execute(
        text("""INSERT INTO xiangye.taxon (taxon_id, scientific_name, rank, group_zh, status)
            VALUES (:id, 'Novotaxus hunanensis', 'species', '其他', 'accepted')"""),
        {"id": taxon_id_for("Novotaxus hunanensis")},
    )
    reference.execute(
        text("""INSERT INTO xiangye.taxon_name (taxon_id, name, language, kind, source, status, search_name)
            VALUES (:id, 'Novotaxus hunanensis', 'la', 'accepted', 'test', 'verified', 'novotaxus hunanensis')"""),
        {"id": taxon_id_for("Novotaxus hunanensis")},
    )
    assert _told(propose(reference, "Novotaxus hunanensis")) == [("Novotaxus hunanensis", "exact")]


def test_many_are_told_once_each_and_up_to_a_limit(reference: Session) -> None:
    pairs = [("Manis pentadactila", None), (None, "白鹭"), ("Manis pentadactila", None)]
    found = propose_many(reference, pairs)
    assert list(found) == pairs[:2]
    assert found[pairs[0]] == propose(reference, "Manis pentadactila")
    assert propose_many(reference, []) == {}
    assert len(propose(reference, "黃腹角雉", limit=2)) == 2


def _accepted(session: Session) -> dict[str, str]:
    """Accepted Latin names that no other taxon shares, with the taxon."""
    rows = session.execute(
        text("SELECT scientific_name, taxon_id::text FROM xiangye.taxon WHERE status = 'accepted'")
    ).all()
    often = Counter(fold_latin(name) for name, _ in rows)
    return {
        name: taxon_id
        for name, taxon_id in rows
        if often[fold_latin(name)] == 1 and name.isprintable() and name[0].isascii()
    }


_CASES = (str, str.lower, str.upper, lambda name: name.replace(name.split()[0], name.split()[0].upper(), 1))
_SPACES = (" ", "  ", "\u00a0", "　", "_", "\u200b ")
_CROSSES = ("×", "× ", "x ", " × ", "✕ ")


def test_an_accepted_name_is_known_however_it_is_dressed(reference: Session) -> None:
    names = _accepted(reference)

    @settings(max_examples=250, deadline=None)
    @given(
        st.sampled_from(sorted(names)), st.sampled_from(("", *AUTHORS)), st.sampled_from(_CASES), st.sampled_from(_SPACES), st.sampled_from(_CROSSES)
    )  # fmt: skip
    def holds(name: str, authors: str, case, space: str, cross: str) -> None:  # type: ignore[no-untyped-def]
        dressed = f"{case(name).replace('×', cross).replace(' ', space)} {authors}"
        (taxon,) = queries.resolve_many(reference, [(dressed, None)])
        assert taxon is not None and taxon.taxon_id == names[name], dressed
        first = propose(reference, dressed)[0]
        assert first.taxon_id == names[name] and first.reason in ("exact", "canonical")

    holds()


def test_one_slip_in_a_latin_name_proposes_the_right_taxon(reference: Session) -> None:
    names = {
        name: taxon_id
        for name, taxon_id in _accepted(reference).items()
        if len(name) >= 8 and name.replace(" ", "").isalpha()
    }

    @settings(max_examples=400, deadline=None)
    @given(st.sampled_from(sorted(names)), st.data())
    def holds(name: str, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(name) - 1).filter(lambda place: name[place] != " "))
        letter = data.draw(st.sampled_from(string.ascii_lowercase))
        slip = data.draw(st.sampled_from(("wrong", "missing", "more", "swapped")))
        swapped = name[:place] + name[place : place + 2][::-1] + name[place + 2 :]
        typed = {
            "wrong": name[:place] + letter + name[place + 1 :],
            "missing": name[:place] + name[place + 1 :],
            "more": name[:place] + letter + name[place:],
            "swapped": swapped,
        }[slip]
        found = propose(reference, typed)
        (taken,) = queries.resolve_many(reference, [(typed, None)])
        assume(taken is None or taken.taxon_id == names[name])  # one letter further may stand another known name
        assert names[name] in [one.taxon_id for one in found], (name, typed)
        assert (found[0].reason == "fuzzy") == (taken is None)

    holds()


def test_what_sounds_alike_is_one() -> None:
    assert sound("zang qiu hou") == sound("zhang qiu hou") == sound("zan qiu hou")
    assert sound("niu") == sound("liu") and sound("fu") != sound("wu")
    assert {"zan qiu hou", "can qiu hou"} <= set(sounds("藏求猴"))
    assert len(all_readings("行行行行行行行行行行行行")) == 64


def test_fifty_thousand_names_are_compared_in_milliseconds() -> None:
    letters = string.ascii_lowercase
    genera = [f"{a}{b}ran{c}{d}us" for a in letters for b in "aeiou" for c in letters for d in "ai"][:5000]
    latin = [f"{genus} {a}{b}ensis" for genus in genera for a in "hkmpr" for b in "ao"]
    nearness = Nearness(latin, [])
    typed = [name[:3] + "q" + name[4:] for name in latin[:: len(latin) // 40]]
    nearness.latin(typed[0])
    spent = []
    for one in typed:
        began = perf_counter()
        assert nearness.latin(one)
        spent.append(perf_counter() - began)
    assert len(latin) == 50_000 and sorted(spent)[len(spent) // 2] < 0.25, "a sixtieth of that on an idle machine"


def test_every_reason_has_its_chinese_word() -> None:
    assert tuple(matching.REASONS_ZH) == matching.REASONS == ("exact", "canonical", "synonym", "chinese", "fuzzy")


class _Raced(dict[tuple[object, ...], object]):
    """Another thread takes the oldest away between the look and the deed."""

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        keys = list(super().__iter__())
        for key in keys[:1]:
            super().pop(key)
        return iter(keys)


def test_two_threads_may_forget_the_same_names(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = _Raced({("one",): None, ("two",): None, ("three",): None})
    monkeypatch.setattr(matching, "_REMEMBERED", remembered)
    assert propose(session, "Nusquam ullum") == []

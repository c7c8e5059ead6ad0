import json
from pathlib import Path

import pytest

from server.exchange.mapping import named, recognised, shipped
from server.formats.unusable import Unusable


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("darwin_core", "darwin_core"),
        ("GeoNature", "geonature_fr"),
        ("camtrap-dp", "camtrap_dp"),
        ("中文", "zh_columns"),
        ("geonature_fr", "geonature_fr"),
    ],
)
def test_names_and_aliases(name: str, found: str) -> None:
    assert named(name).name == found


@pytest.mark.parametrize(
    ("headings", "found"),
    [
        (("date_debut", "nom_cite", "nom_valide"), "geonature_fr"),
        (("学名", "日期"), "zh_columns"),
        (("scientificName", "eventDate"), "darwin_core"),
        ((), "darwin_core"),
    ],
)
def test_recognised_by_headings(headings: tuple[str, ...], found: str) -> None:
    assert recognised(headings).name == found


def test_headings_in_any_case_or_with_a_prefix_name_their_term() -> None:
    cells = {
        "dwc:ScientificName": "Ardea",
        "DECIMALLATITUDE": "25",
        "http://rs.tdwg.org/dwc/terms/sex": "f",
        "extra": "1",
    }
    terms, verbatim = named("darwin_core").apply(cells)
    assert verbatim == {"scientificName": "Ardea", "decimalLatitude": "25", "sex": "f", "extra": "1"} == terms


def test_two_columns_of_one_term_lose_nothing() -> None:
    _, verbatim = named("zh").apply({"学名": "Ardea", "拉丁名": "Ardea cinerea"})
    assert verbatim == {"scientificName": "Ardea", "拉丁名": "Ardea cinerea"}


def test_values_are_translated_to_read_and_kept_as_they_came() -> None:
    terms, verbatim = named("geonature").apply(
        {"sexe": "Mâle", "date_debut": "2017-01-01", "heure_debut": "08:00", "date_fin": "2017-01-02"}
    )
    assert (terms["sex"], verbatim["sex"]) == ("male", "Mâle")
    assert terms["eventDate"] == "2017-01-01T08:00/2017-01-02"
    assert terms["basisOfRecord"] == "HumanObservation" and "basisOfRecord" not in verbatim


def test_a_mapping_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"columns": {"especie": "scientificName", "lat": "decimalLatitude"}}), "utf-8")
    assert named(str(path)).apply({"especie": "Ardea"})[0] == {"scientificName": "Ardea"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"columns": {"a": "noSuchTerm"}}',
        '{"columns": {"a": 1}}',
        '{"columns": {}, "colour": {}}',
        '{"columns": {}, "event_date": {"x": "a"}}',
        '{"columns": {}, "constants": {"x": "a"}}',
    ],
)
def test_a_broken_mapping_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.json").write_text(content, "utf-8")
    with pytest.raises(Unusable) as caught:
        named(str(tmp_path / "bad.json"))
    assert caught.value.code == "mapping_broken"


def test_an_unknown_mapping_lists_the_known_ones() -> None:
    with pytest.raises(Unusable, match="geonature_fr"):
        named("no_such_mapping")
    assert sorted(mapping.name for mapping in shipped()) == ["camtrap_dp", "darwin_core", "geonature_fr", "zh_columns"]

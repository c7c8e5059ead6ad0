"""Names of an import that no list knows: the rows are kept as they came, and the report proposes what they may mean."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from server import cli, db
from server.exchange.service import import_file
from server.settings import Settings
from server.surveys.service import add_dataset, add_survey
from server.taxa.queries import by_ids
from shared.clock import SystemClock
from tests.admitting import ACTOR, CLOCK, frozen, set_up
from tests.records import SURVEY

TABLE = (
    "occurrenceID,scientificName,vernacularName,eventDate\n"
    "a,Cymbidium georingii,,2023-05-01\n"
    'b,"藏酋猴(Macaca thibetana Milne-Edwards, 1870)",,2023-05-01\n'
    "c,Cymbidium georingii,,2023-05-02\n"
    "d,,普通\ue147,2023-05-02\n"
    "e,Manis pentadactyla,白鹭,2023-05-02\n"
    "f,Pontederia crassipes (Mart.) Solms,,2023-05-02\n"
    "g,,没有这个种,2023-05-02\n"
    "h,银杉（野生）,,2023-05-02\n"
)


def _import(session: Session, folder: Path, content: str = TABLE, **options: Any) -> dict[str, Any]:
    set_up(session)
    (folder / "records.csv").write_text(content, "utf-8")
    return import_file(session, ACTOR, CLOCK, folder / "records.csv", UUID(SURVEY), **options)


def _taxa(session: Session) -> dict[str, tuple[str, str]]:
    """By occurrenceID: the taxon that the record got, and its status."""
    of = {record.body["verbatim"]["occurrenceID"]: str(record.taxon_id) for record in frozen(session).values()}
    taxa = by_ids(session, of.values())
    return {row: (taxa[taxon_id].scientific_name, taxa[taxon_id].status) for row, taxon_id in of.items()}


def test_each_unknown_name_is_told_once_with_proposals(reference: Session, tmp_path: Path) -> None:
    report = _import(reference, tmp_path)
    assert (report["kept"], report["rejected"]) == (8, 0)
    slip, contradiction, unheard = report["names"]
    assert (slip["row"], slip["field"], slip["code"], slip["rows"]) == (1, "scientificName", "name_unknown", 2)
    assert [(one["scientific_name"], one["name_zh"], one["reason"]) for one in slip["proposals"]] == [
        ("Cymbidium goeringii", "春兰", "fuzzy")
    ]
    assert 0 < slip["proposals"][0]["score"] < 0.9 and "春兰 Cymbidium goeringii［相似 0." in slip["message"]
    assert (contradiction["row"], contradiction["code"]) == (5, "name_conflict")
    assert [one["scientific_name"] for one in contradiction["proposals"]] == ["Manis pentadactyla", "Egretta garzetta"]
    assert (unheard["field"], unheard["proposals"], unheard["name_zh"]) == ("vernacularName", [], "没有这个种")


def test_nothing_is_taken_that_was_only_proposed_and_what_came_is_kept(reference: Session, tmp_path: Path) -> None:
    report = _import(reference, tmp_path)
    assert _taxa(reference) == {
        "a": ("Cymbidium georingii", "provisional"),
        "b": ("Macaca thibetana", "accepted"),
        "c": ("Cymbidium georingii", "provisional"),
        "d": ("Buteo japonicus", "accepted"),
        "e": ("Manis pentadactyla", "accepted"),
        "f": ("Eichhornia crassipes", "accepted"),
        "g": ("没有这个种", "provisional"),
        "h": ("Cathaya argyrophylla", "accepted"),
    }
    bodies = {record.body["verbatim"]["occurrenceID"]: record.body for record in frozen(reference).values()}
    assert bodies["a"]["taxon"]["verbatim_name"] == "Cymbidium georingii"
    assert bodies["b"]["verbatim"]["scientificName"] == "藏酋猴(Macaca thibetana Milne-Edwards, 1870)"
    assert bodies["d"]["verbatim"]["vernacularName"] == bodies["d"]["taxon"]["name_zh"] == "普通\ue147"
    assert "private_use" in bodies["d"]["flags"] and "private_use" not in bodies["a"]["flags"]
    (problem,) = [one for one in report["problems"] if one["code"] == "private_use"]
    assert (problem["row"], problem["field"], problem["code"]) == (4, "vernacularName", "private_use")
    assert "U+E147" in problem["message"]


def test_a_dry_run_proposes_the_same(reference: Session, tmp_path: Path) -> None:
    dry = _import(reference, tmp_path, dry_run=True)
    assert len(dry["names"]) == 3
    again = import_file(reference, ACTOR, CLOCK, tmp_path / "records.csv", UUID(SURVEY))
    assert again["names"] == dry["names"]


def test_names_that_lists_know_are_not_told(reference: Session, tmp_path: Path) -> None:
    rows = "".join(f"{n},Egretta garzetta (Linnaeus; 1766),白鹭\n" for n in range(50))
    assert _import(reference, tmp_path, "occurrenceID,scientificName,vernacularName\n" + rows)["names"] == []


def test_the_command_prints_what_a_name_may_mean(
    reference_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")
    monkeypatch.setenv("XIANGYE_VAR", str(reference_settings.var_dir))
    with db.open_session(reference_settings) as session:
        dataset = add_dataset(session, SystemClock(), "资料", "单位")
        survey_id = add_survey(session, SystemClock(), "资料汇总", "county_baseline", dataset).id
    more = "".join(f"x{n},Manis pentadactila{'a' * n},,\n" for n in range(9))
    (tmp_path / "records.csv").write_text(TABLE + more, "utf-8")
    assert cli.run("import", [str(tmp_path / "records.csv"), "--survey", str(survey_id), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert (
        "第 1 行等 2 行 scientificName [name_unknown] 名录中没有这个名称：Cymbidium georingii，可能是：春兰 Cymbidium goeringii［相似"
        in said
    )
    assert "共 12 个存疑的名称" in said

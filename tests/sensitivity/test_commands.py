"""`xiangye places history`: what new layers moved, told to a person and to a program."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely

from server.cli import run
from server.db import open_session
from server.sensitivity.restamping import restamp
from server.settings import Settings
from shared.clock import FixedClock
from tests import records
from tests.admitting import outcomes, set_up
from tests.places.versions import named_layer

AT = FixedClock(datetime(2025, 9, 1, 1, 30, tzinfo=UTC))


def test_the_history_of_layers_names_what_they_moved(
    reference_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")
    assert run("places", ["history"]) == 0
    assert "还没有图层更新过" in capsys.readouterr().out
    record = records.occurrence()
    with open_session(reference_settings) as session:
        set_up(session)
        outcomes(session, record)
        restamp(session, "system", AT)
        named_layer(session, "protected_area", {"莽山": shapely.box(112.9, 24.9, 113.0, 25.0)})
        (done,) = restamp(session, "张三", AT)
    assert run("places", ["history"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    number = first.split()[0]
    assert "2025-09-01 09:30" in first and f"→ {done.to_version}；查 1 条，变动 1 条（张三）" in first
    assert run("places", ["history", number]) == 0
    assert capsys.readouterr().out.splitlines() == [record["id"], "  精确位置的保护地与优先区域：无 → 莽山"]
    assert run("places", ["history", number, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == [{"id": record["id"], "before": {"exact": {"areas": []}}, "after": {"exact": {"areas": ["莽山"]}}}]
    assert run("places", ["history", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0] == {
        "restamping_id": int(number),
        "kind": "protected_area",
        "from_version": done.from_version,
        "to_version": done.to_version,
        "checked_count": 1,
        "moved_count": 1,
        "by_account": "张三",
        "at": "2025-09-01T01:30:00+00:00",
    }


def test_a_number_that_never_was_is_refused_in_words(
    reference_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")
    assert run("places", ["history", "4711"]) == 1
    assert "没有编号为 4711 的重新判定" in capsys.readouterr().err


def test_a_layer_loaded_by_a_person_reaches_the_records_that_stand(
    reference_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """From the file to the stamp, by the commands alone."""
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")
    record = records.occurrence()
    with open_session(reference_settings) as session:
        set_up(session)
        outcomes(session, record)
        restamp(session, "system", AT)
    feature = {
        "type": "Feature",
        "properties": {"名称": "试验保护区", "code": "T-1"},
        "geometry": shapely.geometry.mapping(shapely.box(112.9, 24.9, 113.0, 25.0)),
    }
    file = tmp_path / "areas.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False), "utf-8")
    assert run("places", ["load", str(file), "--kind", "protected_area", "--crs", "EPSG:4490", "--yes"]) == 0
    capsys.readouterr()
    assert run("places", ["history", "--json"]) == 0
    newest = json.loads(capsys.readouterr().out)[0]
    assert (newest["kind"], newest["checked_count"], newest["moved_count"]) == ("protected_area", 1, 1)
    assert run("places", ["locate", "112.9287654", "24.9512345", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["areas"], told["layer_versions"]["protected_area"]) == (["T-1"], newest["to_version"])

"""From a database to a folder: both editions, twice the same bytes, and clear refusals."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from dwca.read import DwCAReader
from PIL import Image
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR, PUBLIC
from server.baselines.commands import baseline
from server.baselines.service import Compiled, compile_baseline
from server.db import session_factory
from server.media.service import take_in
from server.media.store import Store
from server.places.queries import UnknownCounty
from server.reporting.publication import FolderInTheWay
from server.settings import Settings
from shared.clock import FixedClock
from shared.problems import Problem
from tests import records
from tests.admitting import CLOCK, outcomes, set_up
from tests.reporting.report_checker import check, read

COUNTY, AS_OF = "431022", date(2025, 6, 30)
MAGPIE = {"name_zh": "红嘴蓝鹊", "scientific_name": "Urocissa erythroryncha"}
LATER = FixedClock(datetime(2025, 7, 2, tzinfo=UTC))


@pytest.fixture
def opened(reference_settings: Settings) -> Iterator[Session]:
    with session_factory(reference_settings)() as session:
        set_up(session)
        _plant(session, reference_settings)
        session.commit()
        yield session


def _plant(session: Session, settings: Settings) -> None:
    walk = records.event(place=records.MANGSHAN, location_name="浪畔湖样线")
    seen = records.occurrence(event_id=walk["id"], taxon=MAGPIE, individual_count=4)
    photo = io.BytesIO()
    Image.new("RGB", (800, 600), "#336644").save(photo, "JPEG")
    data = photo.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    medium = records.observed(subject_ids=[seen["id"]], sha256=sha256, byte_count=len(data), media_type="image/jpeg")
    absent = records.occurrence(event_id=walk["id"], occurrence_status="absent", individual_count=0)
    guarded = records.occurrence(taxon=records.PANGOLIN, occurrence_remarks="洞口朝南")
    sent = outcomes(session, walk, seen, absent, guarded, records.envelope("media", medium))
    assert set(sent) == {"accepted"}
    path = settings.var_dir / "photo.jpg"
    path.write_bytes(data)
    take_in(session, CLOCK, Store(settings.store_dir), path, sha256)


def compiled(session: Session, settings: Settings, out: Path, edition: str = "public", **how: str) -> Compiled:
    return compile_baseline(settings, session, LOCAL_OPERATOR, LATER, COUNTY, AS_OF, out, edition, **how)


def test_both_editions_from_the_same_snapshot(opened: Session, reference_settings: Settings, tmp_path: Path) -> None:
    made = {e: compiled(opened, reference_settings, tmp_path / e, e) for e in ("public", "restricted")}
    assert made["public"].snapshot == made["restricted"].snapshot
    assert {one.species for one in made.values()} == {2}
    for one in made.values():
        html = one.report.read_text(encoding="utf-8")
        assert check(html) == []
        assert read(html).counts == {"species": ["2"] * 5}
        assert "data:image/jpeg" in html
    assert "洞口朝南" not in "".join(_texts(tmp_path / "public"))
    assert "洞口朝南" in "".join(_texts(tmp_path / "restricted"))


def _texts(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        if path.suffix in (".zip", ".xlsx"):
            with zipfile.ZipFile(path) as archive:
                yield from (archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
        else:
            yield path.read_text(encoding="utf-8")


@pytest.mark.parametrize("edition", ["public", "restricted"])
def test_twice_from_the_same_snapshot_is_byte_identical(
    opened: Session, reference_settings: Settings, tmp_path: Path, edition: str
) -> None:
    first = compiled(opened, reference_settings, tmp_path / "a", edition)
    outcomes(opened, records.occurrence(taxon=records.EGRET))
    again = compiled(opened, reference_settings, tmp_path / "b", edition, snapshot_id=first.snapshot)
    assert first.files == again.files
    for name in first.files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    newer = compiled(opened, reference_settings, tmp_path / "c", edition)
    assert (newer.snapshot != first.snapshot, newer.species) == (True, 3)


def test_provenance_proves_every_file_and_table(opened: Session, reference_settings: Settings, tmp_path: Path) -> None:
    made = compiled(opened, reference_settings, tmp_path / "out")
    proof = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert (proof["snapshot"], proof["digest"]) == (made.snapshot, made.digest)
    assert proof["parameters"]["counties"] == [COUNTY]
    assert proof["boundary_version"] and proof["lists"]
    for name, sha256 in proof["files"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == sha256
    tables = json.loads((tmp_path / "out" / "tables.json").read_text())
    assert proof["tables"].keys() == tables.keys()
    sums = dict(reversed(line.split("  ")) for line in (tmp_path / "out" / "SHA256SUMS").read_text().splitlines())
    assert sums.keys() == {*proof["files"], "provenance.json"} == set(made.files) - {"SHA256SUMS"}


def test_an_independent_reader_reads_the_archive(opened: Session, reference_settings: Settings, tmp_path: Path) -> None:
    compiled(opened, reference_settings, tmp_path / "out", "restricted")
    with DwCAReader(str(tmp_path / "out" / "dwca.zip")) as archive:
        events = list(archive)
        found = [
            extension.data
            for event in events
            for extension in event.extensions
            if "occurrenceID" in " ".join(extension.data)
        ]
    term = "http://rs.tdwg.org/dwc/terms/"
    assert {one[term + "vernacularName"] for one in found} == {"红嘴蓝鹊", "白鹭", "穿山甲"}
    assert {one[term + "vernacularName"]: one[term + "individualCount"] for one in found}["红嘴蓝鹊"] == "4"
    protocols = {event.data.get(term + "samplingProtocol") for event in events}
    assert "bird_transect" in protocols


def test_refusals(opened: Session, reference_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UnknownCounty, match="没有代码为 '999999' 的县级行政区"):
        compile_baseline(reference_settings, opened, LOCAL_OPERATOR, LATER, "999999", AS_OF, tmp_path / "out", "public")
    with pytest.raises(Problem, match="没有查阅精确位置的权限"):
        compile_baseline(reference_settings, opened, PUBLIC, LATER, COUNTY, AS_OF, tmp_path / "out", "restricted")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("keep me")
    with pytest.raises(FolderInTheWay, match="已有其他文件"):
        compiled(opened, reference_settings, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]
    assert not (tmp_path / "out").exists()


def test_the_command_prints_what_others_rely_on(
    opened: Session, reference_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIANGYE_VAR", str(reference_settings.var_dir))
    monkeypatch.setenv("XIANGYE_DATABASE_URL", reference_settings.database_url or "")
    argv = [
        "--county",
        COUNTY,
        "--as-of",
        "2025-06-30",
        "--edition",
        "public",
        "--out",
        str(tmp_path / "out"),
        "--json",
    ]
    done = CliRunner().invoke(baseline, argv)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told.keys() == {"report", "files", "snapshot", "digest"}
    assert Path(told["report"]).is_file()
    assert set(told["files"]) >= {"report.html", "annexes.xlsx", "dwca.zip", "provenance.json", "SHA256SUMS"}

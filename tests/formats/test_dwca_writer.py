"""Written by us, read back by an independent reader."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dwca.darwincore.utils import qualname
from dwca.read import DwCAReader

from server.formats.archive import open_archive
from server.formats.dwca_reader import meta_path, open_dwca
from server.formats.dwca_writer import write_archive
from server.formats.eml import DatasetDescription

ABOUT = DatasetDescription(
    "xiangye:1",
    "莽山 <调查> & 监测",
    "湘野",
    "CC BY-NC 4.0",
    ["第一段", "第二段"],
    date(2025, 6, 1),
    "数据管理",
    bounds=("109", "24", "114", "30"),
)
EVENTS = [
    {"eventID": "e2", "eventDate": "2025-06-02", "samplingProtocol": "鸟类样线"},
    {"eventID": "e1", "eventDate": "2025-06-01"},
]
OCCURRENCES = [
    {
        "eventID": "e1",
        "occurrenceID": "o1",
        "scientificName": "Buteo",
        "vernacularName": "鵟",
        "occurrenceRemarks": '有 "引号"\t制表\n换行',
    },
    {
        "eventID": "e2",
        "occurrenceID": "o3",
        "scientificName": "Tachybaptus ruficollis",
        "vernacularName": "小䴙䴘",
        "occurrenceRemarks": "=1+1",
    },
    {"eventID": "e1", "occurrenceID": "o2", "scientificName": "Pseudobagrus", "vernacularName": "𬶋"},
]
MEASUREMENTS = [
    {
        "eventID": "e1",
        "occurrenceID": "o1",
        "measurementType": "cover_pct",
        "measurementValue": "30",
        "measurementUnit": "%",
    }
]
AT = datetime(2025, 6, 3, 12, 0, 1, tzinfo=UTC)


def _written(path: Path) -> Path:
    with path.open("wb") as out:
        write_archive(out, EVENTS, OCCURRENCES, MEASUREMENTS, ABOUT, AT)
    return path


def test_an_independent_reader_finds_the_same(tmp_path: Path) -> None:
    with DwCAReader(str(_written(tmp_path / "a.zip"))) as archive:
        assert archive.descriptor.core.type == qualname("Event")
        core = {row.id: row for row in archive}
        assert sorted(core) == ["e1", "e2"]
        assert core["e2"].data[qualname("samplingProtocol")] == "鸟类样线"
        found = {
            e.data[qualname("occurrenceID")]: e
            for row in core.values()
            for e in row.extensions
            if e.rowtype == qualname("Occurrence")
        }
        assert {id_: e.data[qualname("vernacularName")] for id_, e in found.items()} == {
            "o1": "鵟",
            "o2": "𬶋",
            "o3": "小䴙䴘",
        }
        assert found["o1"].data[qualname("occurrenceRemarks")] == '有 "引号"\t制表\n换行'
        assert found["o3"].data[qualname("occurrenceRemarks")] == "=1+1"
        measured = [e for e in core["e1"].extensions if e.rowtype.endswith("ExtendedMeasurementOrFact")]
        assert [e.data["http://rs.tdwg.org/dwc/terms/measurementValue"] for e in measured] == ["30"]
        assert archive.metadata.find("dataset/title").text == "莽山 <调查> & 监测"


def test_our_own_reader_joins_occurrences_with_their_events(tmp_path: Path) -> None:
    with open_archive(_written(tmp_path / "a.zip")) as archive, open_dwca(archive, meta_path(archive) or "") as table:
        rows = [row.cells or {} for row in table.rows]
    assert [(row["occurrenceID"], row["eventDate"]) for row in rows] == [
        ("o1", "2025-06-01"),
        ("o2", "2025-06-01"),
        ("o3", "2025-06-02"),
    ]
    assert all("\0" not in name for row in rows for name in row)


def test_the_same_input_gives_the_same_bytes_in_any_order() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_archive(first, EVENTS, OCCURRENCES, MEASUREMENTS, ABOUT, AT)
    write_archive(
        second, EVENTS[::-1], [dict(reversed(row.items())) for row in OCCURRENCES[::-1]], MEASUREMENTS, ABOUT, AT
    )
    assert first.getvalue() == second.getvalue()


def test_extensions_without_rows_are_left_out(tmp_path: Path) -> None:
    with (tmp_path / "a.zip").open("wb") as out:
        write_archive(out, EVENTS, [], [], ABOUT, AT)
    with open_archive(tmp_path / "a.zip") as archive:
        assert archive.names == ["eml.xml", "event.txt", "meta.xml"]


@pytest.mark.parametrize(
    ("events", "occurrences"),
    [
        (EVENTS, [{"eventID": "e9", "occurrenceID": "o1"}]),
        ([*EVENTS, EVENTS[0]], []),
        ([{"eventDate": "2025"}], []),
        ([{"eventID": "e1", "made_up": "x"}], []),
    ],
)
def test_broken_links_and_unknown_terms_are_refused(
    events: list[dict[str, str]], occurrences: list[dict[str, str]]
) -> None:
    with pytest.raises(ValueError, match=r"event|terms"):
        write_archive(io.BytesIO(), events, occurrences, [], ABOUT, AT)

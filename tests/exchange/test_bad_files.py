"""Files that are broken, hostile or merely unusual: a clear word, or every row that can be kept."""

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest

from server.exchange.reading import FileReading, read_file
from server.formats.unusable import Unusable

TODAY = date(2025, 6, 1)
OCCURRENCE = "http://rs.tdwg.org/dwc/terms/Occurrence"
META = (
    '<archive xmlns="http://rs.tdwg.org/dwc/text/"><core rowType="{row_type}" fieldsTerminatedBy="\\t" fieldsEnclosedBy="">'
    '<files><location>occurrence.txt</location></files><id index="0"/><field index="1" term="http://rs.tdwg.org/dwc/terms/scientificName"/></core></archive>'
)
CHINESE = "学名,中文名,日期,经度,纬度\nManis pentadactyla,穿山甲,2023年5月1日,112.93,24.95\n,小䴙䴘,2023-05-02,,\n"


def _read(path: Path, mapping: str | None = None) -> FileReading:
    return read_file(path, mapping, TODAY)


def _codes(reading: FileReading) -> list[tuple[int, str]]:
    rows = [*reading.kept, *reading.rejected, *reading.repeats]
    return sorted((problem.row, problem.code) for row in rows for problem in row.problems)


def _csv(folder: Path, content: str | bytes) -> Path:
    (folder / "records.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / "records.csv"


def _zip(folder: Path, **members: str) -> Path:
    with zipfile.ZipFile(folder / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return folder / "archive.zip"


def _refused(path: Path) -> str:
    with pytest.raises(Unusable) as caught:
        _read(path)
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_chinese_tables_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    reading = _read(_csv(tmp_path, CHINESE.encode(encoding)))
    assert [row.body["taxon"]["name_zh"] for row in reading.kept if row.body] == ["穿山甲", "小䴙䴘"]
    assert [row.body["observed_from"] for row in reading.kept if row.body] == ["2023-05-01", "2023-05-02"]
    assert (reading.mapping, _codes(reading)) == ("zh_columns", [(2, "place_missing")])


def test_a_table_without_coordinates_is_kept_whole(tmp_path: Path) -> None:
    reading = _read(_csv(tmp_path, "scientificName,eventDate\nArdea cinerea,2023-05-01\nArdea alba,2023-05-02\n"))
    assert (len(reading.kept), _codes(reading)) == (2, [(1, "place_missing"), (2, "place_missing")])


def test_zero_zero_is_kept_and_never_drawn(tmp_path: Path) -> None:
    reading = _read(
        _csv(tmp_path, "scientificName,eventDate,decimalLatitude,decimalLongitude\nArdea cinerea,2023-05-01,0,0\n")
    )
    assert _codes(reading) == [(1, "place_zero")]
    assert reading.kept[0].body is not None and reading.kept[0].body["place"] is None


def test_ragged_rows_are_rejected_alone(tmp_path: Path) -> None:
    heading = "scientificName,eventDate,decimalLatitude,decimalLongitude\n"
    rows = "Ardea cinerea,2023-05-01,25,112\nArdea alba,2023-05-01,25\nArdea alba,2023-05-01,25,112,extra\nArdea alba,2023-05-01,25,112,,\n"
    reading = _read(_csv(tmp_path, heading + rows + '"Ardea,2023-05-01,25,112\nEgretta,2023-05-01,25,112\n'))
    assert _codes(reading) == [(2, "cannot_split"), (3, "cannot_split")]
    assert [row.number for row in reading.kept] == [1, 4, 5, 6]
    assert reading.kept[2].terms["scientificName"] == '"Ardea', (
        "a lone quotation mark is text where the row fits with it"
    )


def test_a_row_that_stands_twice_is_kept_once(tmp_path: Path) -> None:
    reading = _read(
        _csv(
            tmp_path,
            "scientificName,eventDate,decimalLatitude,decimalLongitude\n" + "Ardea alba,2023-05-01,25,112\n" * 3,
        )
    )
    assert (len(reading.kept), _codes(reading)) == (1, [(2, "row_repeated"), (3, "row_repeated")])


def test_damaged_bytes_spoil_their_own_row_only(tmp_path: Path) -> None:
    reading = _read(_csv(tmp_path, CHINESE.encode() * 9 + b"Ardea,\xff\xe4,2023-05-01,112,25\n"))
    assert [code for row, code in _codes(reading) if row == 27] == ["text_damaged"]


def test_columns_whose_names_repeat_or_are_empty(tmp_path: Path) -> None:
    reading = _read(_csv(tmp_path, "scientificName,,note,note\nArdea,x,1,2\n"))
    assert reading.kept[0].verbatim == {"scientificName": "Ardea", "note": "1", "note (2)": "2"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n\n", "file_empty"),
        (b"a,b\n1,2\n", "name_column_missing"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "name_column_missing"),
        (bytes(range(256)) * 50, "name_column_missing"),
    ],
)
def test_files_without_a_use(tmp_path: Path, content: bytes, code: str) -> None:
    assert _refused(_csv(tmp_path, content)) == code


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, "archive_empty"),
        ({"meta__xml": META.format(row_type=OCCURRENCE)}, "core_missing"),
        ({"eml__xml": "<eml/>"}, "core_missing"),
        ({"a__csv": "x", "b__csv": "y"}, "core_missing"),
        ({"meta__xml": "<archive/>", "occurrence__txt": "1\tArdea\n"}, "core_missing"),
        (
            {"meta__xml": META.format(row_type="http://rs.tdwg.org/dwc/terms/Taxon"), "occurrence__txt": "1\tArdea\n"},
            "core_not_occurrence",
        ),
        ({"meta__xml": "<archive", "occurrence__txt": "1\tArdea\n"}, "meta_unreadable"),
        ({"[Content_Types]__xml": "", "xl/workbook__xml": ""}, "workbook"),
        ({"datapackage__json": "{}"}, "core_missing"),
        ({"datapackage__json": "[1"}, "core_missing"),
        (
            {"datapackage__json": '{"resources": [{"name": "observations", "path": "../../etc/passwd"}]}'},
            "core_missing",
        ),
        (
            {"meta__xml": META.format(row_type=OCCURRENCE).replace("occurrence.txt", "../../../etc/passwd")},
            "core_missing",
        ),
        (
            {
                "meta__xml": META.format(row_type=OCCURRENCE).replace("<core", '<core encoding="klingon"'),
                "occurrence__txt": "1\tA\n",
            },
            "encoding_unknown",
        ),
        ({"../occurrence__txt": "1\tArdea\n", "meta__xml": META.format(row_type=OCCURRENCE)}, "archive_unsafe"),
        ({"zeros__csv": "0" * 30_000_000}, "archive_too_large"),
    ],
)
def test_archives_without_a_use(tmp_path: Path, members: dict[str, str], code: str) -> None:
    assert _refused(_zip(tmp_path, **members)) == code


def test_billion_laughs(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    meta = f'<!DOCTYPE a [<!ENTITY l0 "lol">{entities}]><archive>&l9;</archive>'
    assert _refused(_zip(tmp_path, meta__xml=meta, occurrence__txt="1\tArdea\n")) == "meta_unreadable"


def test_not_a_zip_and_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("not a zip")
    assert _refused(tmp_path / "a.zip") == "archive_broken"
    assert _refused(tmp_path / "absent.csv") == "file_absent"
    assert _refused(tmp_path) == "file_absent"


def test_an_archive_whose_id_has_no_term_still_identifies_its_rows(tmp_path: Path) -> None:
    reading = _read(
        _zip(tmp_path, meta__xml=META.format(row_type=OCCURRENCE), occurrence__txt='k1\t"Ardea"\nk2\tEgretta\x85\n')
    )
    assert [identity.source_id for identity in reading.identities] == ["occurrenceID:k1", "occurrenceID:k2"]
    assert [row.terms["scientificName"] for row in reading.kept] == ['"Ardea"', "Egretta\x85"]


def test_an_archive_inside_one_folder(tmp_path: Path) -> None:
    members = {"data/meta__xml": META.format(row_type=OCCURRENCE), "data/occurrence__txt": "k1\tArdea\n"}
    assert len(_read(_zip(tmp_path, **members)).kept) == 1


def test_every_truncation_of_an_archive_ends_in_one_clear_error(tmp_path: Path) -> None:
    whole = _zip(tmp_path, meta__xml=META.format(row_type=OCCURRENCE), occurrence__txt="k1\tArdea\n").read_bytes()
    for cut in range(2, len(whole), 11):
        (tmp_path / "cut.zip").write_bytes(whole[:cut])
        assert _refused(tmp_path / "cut.zip") == "archive_broken"
    assert zipfile.is_zipfile(io.BytesIO(whole))


def test_pictures_without_an_event_row_count_once_for_each_name(tmp_path: Path) -> None:
    heading = (
        "observationID,deploymentID,eventID,eventStart,eventEnd,observationLevel,observationType,scientificName,count\n"
    )
    seen = [
        ("e", "Sus scrofa", 1),
        ("e", "Sus scrofa", 3),
        ("e", "Sus scrofa", 3),
        ("e", "Muntiacus reevesi", 1),
        ("", "Sus scrofa", 1),
    ]
    rows = "".join(
        f"o{n},d,{event},2023-05-01T08:00:00+08:00,2023-05-01T08:00:0{n}+08:00,media,animal,{name},{count}\n"
        for n, (event, name, count) in enumerate(seen)
    )
    reading = _read(_csv(tmp_path, heading + rows))
    assert [row.number for row in reading.kept if row.body and "evidence_only" not in row.body] == [2, 4, 5]

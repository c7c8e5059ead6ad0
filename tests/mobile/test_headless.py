"""A scripted field day: the presenters of the window, played without one."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mobile.cli import COMMANDS, run
from mobile.script.read import ScriptFault, check_step, read_script
from tests.mobile.station import Station, make_pack, station
from tests.mobile.test_photos import jpeg

GPX = """<gpx><trk><trkseg>{}</trkseg></trk></gpx>"""
POINT = '<trkpt lat="{:.6f}" lon="112.92"><time>2025-05-20T{:02d}:{:02d}:{:02d}+08:00</time><hdop>1</hdop></trkpt>'


def gpx(minutes: range) -> str:
    return GPX.format(
        "".join(
            POINT.format(24.95 + 0.0006 * minute + 0.0001 * part, 9, minute, part * 10)
            for minute in minutes
            for part in range(6)
        )
    )


DAY: list[dict[str, Any]] = [
    {"do": "enrol", "code": "GOOD-CODE", "device_name": "一号平板"},
    {"do": "sync"},
    {"do": "choose_survey", "survey_id": "测试调查"},
    {
        "at": "2025-05-20T07:30:00+08:00",
        "do": "record_sighting",
        "species": "穿山甲",
        "count": 1,
        "lon": "112.912",
        "lat": 24.955,
        "accuracy_m": "6",
        "photo": "IMG_001.jpg",
        "remarks": "洞口",
        "note": "a word for the reader",
    },
    {"do": "record_sighting", "species": "某种蛙", "lon": 112.913, "lat": 24.955, "place_source": "map"},
    {"do": "undo"},
    {
        "at": "2025-05-20T08:00:00+08:00",
        "do": "bird_transect",
        "location_name": "浪畔湖",
        "counts": {"白鹭": 3},
        "targets": ["白鹭", "东方白鹳"],
        "length_m": "2000",
        "duration_min": "50",
        "observers": 2,
        "weather": "晴",
        "lon": 112.945,
        "lat": 24.985,
        "end_lon": 112.96,
        "end_lat": 24.99,
    },
    {"at": "2025-05-20T09:00:00+08:00", "do": "start_patrol", "location_name": "天台山"},
    {"do": "walk", "gpx": "patrol.gpx", "until": "2025-05-20T09:20:00+08:00"},
    {"do": "finding", "finding_type": "snare", "action_taken": "拆除", "photo": ["IMG_002.jpg"]},
    {"do": "pause"},
    {"at": "2025-05-20T09:30:00+08:00", "do": "resume"},
    {"do": "walk", "gpx": "patrol.gpx"},
    {"do": "end_patrol"},
    {
        "at": "2025-05-20T11:00:00+08:00",
        "do": "invasive_plot",
        "species": "空心莲子草",
        "occurrence_area_m2": 320,
        "cover_pct": "45",
        "damage_grade": "中",
        "lon": 112.95,
        "lat": 25.0,
        "control_action": "拔除",
    },
    {"do": "sync"},
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "IMG_001.jpg").write_bytes(jpeg("green"))
    (tmp_path / "IMG_002.jpg").write_bytes(jpeg("brown"))
    (tmp_path / "patrol.gpx").write_text(gpx(range(40)))
    return tmp_path


def play(
    home: Path, steps: Any, url: str, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any], str]:
    (home / "day.json").write_text(json.dumps(steps, ensure_ascii=False))
    code = run(
        "field", ["--headless", str(home / "day.json"), "--data", str(home / "data"), "--server", url, "--json", *more]
    )
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def notices(server: Station, kind: str) -> set[tuple[str, bool | None]]:
    return {
        (one["body"]["notice"]["basis"], one["body"]["notice"]["guardian"])
        for one in server.records.values()
        if one["kind"] == kind
    }


@pytest.mark.parametrize("guardian", [True, False])
def test_a_script_says_which_notice_was_accepted(
    home: Path, capsys: pytest.CaptureFixture[str], guardian: bool
) -> None:
    step = {"do": "accept_notice", "basis": "consent", "under_age": True, "guardian": guardian}
    with station() as server:
        code, told, _ = play(home, [*DAY[:3], step, *DAY[3:]], server.url, capsys)
        given = {("consent", True)} if guardian else {("employment", None)}
        assert notices(server, "patrol") == notices(server, "track_segment") == given
    assert code == (0 if guardian else 1)
    assert guardian or "监护人" in told["problems"][0], "and the day goes on, as if the script had said nothing"


def test_a_basis_that_is_none_is_refused_before_the_day_begins() -> None:
    with pytest.raises(ScriptFault, match="basis"):
        check_step(1, {"do": "accept_notice", "basis": "habit"})


def test_a_whole_day(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with station(pack=make_pack(home / "taxa.sqlite3")) as server:
        code, told, err = play(home, {"steps": DAY}, server.url, capsys)
        assert (code, err, told["problems"]) == (0, "", [])
        assert (told["steps"], told["done"], told["waiting"], told["photos"]) == (16, 16, 0, 2)
        assert told["saved"] == told["sent"] == told["receipts"]["accepted"] == len(server.records)
        kinds = sorted(record["kind"] for record in server.records.values())
        assert kinds == sorted(
            ["occurrence"] * 5
            + ["media"] * 2
            + ["tombstone"]
            + ["event"] * 2
            + ["patrol"]
            + ["track_segment"] * 2
            + ["finding"],
        )
        _check_day(server)


def _check_day(server: Station) -> None:
    def bodies(kind: str) -> list[dict[str, Any]]:
        return [record["body"] for record in server.records.values() if record["kind"] == kind]

    pangolin = next(b for b in bodies("occurrence") if b["taxon"]["name_zh"] == "穿山甲")
    assert (pangolin["taxon"]["taxon_id"], pangolin["observed_from"]) == ("t1", "2025-05-20T07:30:00+08:00")
    assert pangolin["place"]["coordinate_uncertainty_in_meters"] == "6"
    transect = next(b for b in bodies("event") if b["event_type"] == "transect")
    assert transect["effort"] == {"length_m": "2000", "duration_min": "50", "observers": 2}
    assert transect["observed_to"] == "2025-05-20T08:50:00+08:00" and len(transect["geometry"]) == 2
    absent = [b["taxon"]["name_zh"] for b in bodies("occurrence") if b["occurrence_status"] == "absent"]
    assert absent == ["东方白鹳"]
    (patrol,) = bodies("patrol")
    assert (
        patrol["observed_from"] == "2025-05-20T09:00:00+08:00" and patrol["gaps"] == [] and len(patrol["pauses"]) == 1
    )
    assert patrol["place"]["latitude_e7"] == 249_500_000
    segments = bodies("track_segment")
    assert {segment["leg"]: len(segment["points"]) for segment in segments} == {0: 121, 1: 59}, (
        "the walk goes on a second after the resume"
    )
    plant = next(b for b in bodies("occurrence") if b.get("measurements"))
    assert {"code": "damage_grade", "value": "moderate", "unit": None} in plant["measurements"]


def test_a_killed_server_leaves_everything_and_a_later_sync_finishes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with station(pack=make_pack(home / "taxa.sqlite3")) as server:
        code, _, _ = play(home, DAY[:3], server.url, capsys)
        assert code == 0
    code, told, err = play(home, DAY[3:], server.url, capsys)
    assert (
        code == 1
        and told["done"] == 12
        and told["waiting_records"] == told["saved"] == 14
        and told["waiting_photos"] == 2
    )
    assert "第 13 步（sync）" in err and "连接不上服务器" in err
    with station() as server:
        code, told, err = play(home, [{"do": "sync"}], server.url.replace("127.0.0.1", "localhost"), capsys)
        assert (code, told["sent"], told["waiting"]) == (1, 0, 16) and "登记码" in err, "no old credential goes there"
        code, told, err = play(home, [{"do": "sync"}], server.url, capsys, "--enrol", "GOOD-CODE")
        assert (code, told["sent"], told["waiting"], err) == (0, 14, 0, "")
        assert len(server.records) == 14


def test_a_process_killed_in_the_middle_of_a_sync_doubles_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sightings = [
        {"at": f"2025-05-20T07:{n % 60:02d}:00+08:00", "do": "record_sighting", "species": "白鹭"} for n in range(120)
    ]
    with station() as server:
        assert play(home, [*DAY[:2], *sightings], server.url, capsys)[0] == 0
        (home / "sync.json").write_text('[{"do": "sync"}]')
        command = [
            sys.executable,
            "-m",
            "mobile.main",
            "--headless",
            str(home / "sync.json"),
            "--data",
            str(home / "data"),
            "--server",
            server.url,
        ]
        server.slow_batches = 0.3
        process = subprocess.Popen(command)
        while not server.posted:
            assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        server.slow_batches = 0
        code, told, _ = play(home, [{"do": "sync"}], server.url, capsys)
        assert (code, told["waiting"], len(server.records)) == (0, 0, 120)
        assert told["receipts"]["already_have"] >= 100


def test_enrolment_by_option(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with station() as server:
        code, told, err = play(home, DAY[4:5], server.url, capsys, "--enrol", "GOOD-CODE")
        assert (code, told["saved"], err) == (0, 1, "")
        code, told, err = play(home, DAY[4:5], server.url, capsys, "--enrol", "WRONG")
        assert code == 1 and told["done"] == 0 and "登记（--enrol）" in err


def test_a_bad_photo_costs_the_photo_and_not_the_record(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "IMG_003.jpg").write_bytes(b"no photo")
    with station() as server:
        step = {"do": "record_sighting", "species": "白鹭", "photo": ["IMG_003.jpg", "absent.jpg"]}
        code, told, err = play(home, [*DAY[:2], step, {"do": "sync"}], server.url, capsys)
        assert (code, told["saved"], told["done"], len(server.records)) == (1, 1, 4, 1)
        assert "不是可识别的照片" in err and "没有 absent.jpg" in err


def test_a_failed_step_is_named_and_the_day_goes_on(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with station() as server:
        sighting = {"do": "record_sighting", "species": "白鹭"}
        steps = [*DAY[:2], {"do": "pause"}, {"do": "choose_survey", "survey_id": "unknown"}, sighting, {"do": "walk"}]
        code, told, err = play(home, steps, server.url, capsys)
        assert (code, told["saved"], told["done"]) == (1, 1, 3)
        assert (
            "第 3 步（pause）：巡护未在进行" in err
            and "第 4 步（choose_survey）：没有调查项目 unknown；平板上有：测试调查" in err
        )
        assert "第 6 步（walk）：没有轨迹" in err


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("[]", "应为步骤列表"),
        ("{not json", "不是 JSON"),
        ('{"a": 1}', "应为步骤列表"),
        ("[3]", "第 1 步：应为对象"),
        ('[{"do": "fly"}]', "字段 do：没有 'fly' 这个动作"),
        ('[{"do": "sync"}, {"do": "record_sighting"}]', "第 2 步（record_sighting） 字段 species：缺少"),
        ('[{"do": "record_sighting", "species": "x", "count": 0}]', "字段 count：应为正整数"),
        ('[{"do": "record_sighting", "species": "x", "count": true}]', "字段 count：应为正整数"),
        ('[{"do": "record_sighting", "species": "x", "lon": 200, "lat": 1}]', "字段 lon"),
        ('[{"do": "record_sighting", "species": "x", "lon": 112}]', "字段 lat：lon 与 lat 须同时给出"),
        ('[{"do": "record_sighting", "species": "x", "lon": "east", "lat": 1}]', "字段 lon：应为 -180 到 180 的数"),
        ('[{"do": "record_sighting", "species": "x", "colour": "red"}]', "字段 colour：没有这个字段"),
        ('[{"do": "sync", "at": "2025-05-20T07:30:00"}]', "字段 at：应为带时区的时间"),
        ('[{"do": "sync", "at": 5}]', "字段 at"),
        ('[{"do": "finding", "finding_type": ["snare"]}]', "字段 finding_type"),
        ('[{"do": "bird_transect", "counts": {"白鹭": -1}}]', "字段 counts"),
        ('[{"do": "bird_transect", "counts": {}, "targets": "白鹭"}]', "字段 targets"),
        ('[{"do": "invasive_plot", "species": "x", "damage_grade": "awful"}]', "字段 damage_grade：应为 none、light"),
    ],
)
def test_a_bad_script_names_step_and_field_and_plays_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], script: str, words: str
) -> None:
    (home / "bad.json").write_text(script)
    code = run("field", ["--headless", str(home / "bad.json"), "--data", str(home / "data")])
    out, err = capsys.readouterr()
    assert (code, out) == (1, "") and words in err and "Traceback" not in err
    assert not (home / "data").exists()


def test_a_missing_script_and_a_missing_track_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("field", ["--headless", str(home / "absent.json"), "--data", str(home / "data")]) == 1
    assert "absent.json" in capsys.readouterr().err
    with station() as server:
        code, _, err = play(home, [*DAY[:2], DAY[7], {"do": "walk", "gpx": "absent.gpx"}], server.url, capsys)
        assert code == 1 and "absent.gpx" in err


def test_a_data_folder_that_is_a_file_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "data").write_text("")
    code, _, err = play(home, [{"do": "sync"}], "http://127.0.0.1:9", capsys)
    assert code == 1 and "数据文件夹" in err and "Traceback" not in err


def test_words_without_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "day.json").write_text(json.dumps(DAY[:2]))
    with station() as server:
        assert (
            run("field", ["--headless", str(home / "day.json"), "--data", str(home / "data"), "--server", server.url])
            == 0
        )
    assert "步骤 2/2" in capsys.readouterr().out


def test_the_command_is_offered_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert "field" in COMMANDS
    with pytest.raises(SystemExit) as stop:
        run("field", ["--help"])
    assert stop.value.code == 0 and "--headless" in capsys.readouterr().out


def test_the_written_format_is_the_checked_one(home: Path) -> None:
    """The example of mobile/README.md plays."""
    text = (Path(__file__).parents[2] / "mobile" / "README.md").read_text(encoding="utf-8")
    (home / "example.json").write_text(text.split("```json")[1].split("```")[0])
    assert len(read_script(home / "example.json")) >= 10
    (home / "example.json").write_text("[{}]")
    with pytest.raises(ScriptFault):
        read_script(home / "example.json")

"""From a tablet over a station without the internet to the province and back: with kills, a lying station and a wrong province."""

import io
import json
import time
from pathlib import Path

import pytest
import requests
from sqlalchemy import select, text

from mobile import cli as tablet_cli
from mobile.sync.station import StationVisit, station_address
from server.audit.model import AuditEntry
from server.db import open_session
from server.station.passing import NoLine, Passing
from server.station.serving import pass_once
from shared import failpoints
from tests import records
from tests.admitting import CLOCK
from tests.commands import Here, Said, here
from tests.faults.server_process import PATIENCE_S, environment_of
from tests.mobile.station import closed_port
from tests.relay.stations import Station
from tests.relay.ways import Way
from tests.rescue.wards import at_province, enrolled, on_tablet, sightings, states

__all__ = ["here"]


def test_a_day_goes_over_a_station_to_the_province_and_its_receipts_come_back(way: Way) -> None:
    """P1, P3, P5: the station's receipt frees nothing; the province's, which comes by the station, does; nothing is there twice."""
    sightings(way.tablet, 4, photos=2)
    before = on_tablet(way.tablet)
    credential = way.tablet.app.store.identity.credential() or "none"

    report = way.visit()
    assert report.problems == [], report.problems
    assert report.sent == 6
    assert set(states(way.tablet)) == {"waiting"}
    assert way.tablet.app.store.media.waiting_count() == 2
    assert not before.versions & at_province(way.live.settings).versions
    assert (way.visit().sent, way.waiting()) == (0, 8)
    said = way.station.command("status").stdout
    assert "一号平板：6 条记录、2 张照片等待转交" in said, said
    for file in way.station.home.rglob("*"):
        assert not file.is_file() or credential.encode() not in file.read_bytes()

    way.pass_on()
    there = at_province(way.live.settings)
    assert before.versions <= there.versions
    assert before.photos <= there.photos
    assert way.waiting() == 0
    way.pass_on()

    report = way.visit()
    assert report.problems == [], report.problems
    assert set(states(way.tablet)) == {"held"}
    assert way.tablet.app.store.media.waiting_count() == 0
    with open_session(way.live.settings) as session:
        row = session.execute(
            text("SELECT count(*), bool_and(signature IS NOT NULL) FROM xiangye.batch WHERE relay_id = :relay"),
            {"relay": way.station.relay_id},
        ).one()
        told = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "relay_batch")).all()
    assert tuple(row) == (1, True)
    assert told == [{"relay": way.station.relay_id}]
    assert at_province(way.live.settings).versions == there.versions


def test_a_station_that_is_killed_loses_nothing_that_it_receipted(way: Way) -> None:
    """P1, T8: killed before and after its own commit, between the name of a photo and its row, and behind that row; what was not
    receipted is on the tablet and comes again."""
    points = {"station_batch_written": 0, "station_batch_kept": 0, "station_photo_named": 1, "station_photo_kept": 2}
    for point, photos in points.items():
        sightings(way.tablet, max(1, photos), photos)  # the first of two is there already
        way.station.strike(point)
        assert way.visit().problems
        assert not way.station.failpoint.exists()
        assert way.visit_until_taken().problems == []
    way.pass_on()
    way.visit()
    assert set(states(way.tablet)) == {"held"}
    assert on_tablet(way.tablet).versions <= at_province(way.live.settings).versions
    assert on_tablet(way.tablet).photos <= at_province(way.live.settings).photos


def test_passing_on_that_is_killed_is_done_again_without_a_double(way: Way) -> None:
    """P2: the province has it; the station does not know yet, or knows and has told nobody."""
    sightings(way.tablet, 2)
    way.visit()
    died = way.station.command("pass", XIANGYE_FAILPOINTS="station_passing_written=kill")
    assert died.returncode == -9, died.stderr
    there = at_province(way.live.settings).versions
    assert on_tablet(way.tablet).versions <= there
    assert way.waiting() == 2
    way.pass_on()
    assert at_province(way.live.settings).versions == there
    sightings(way.tablet, 1)
    way.visit()
    failpoints.arm("station_passed=raise")
    with pytest.raises(failpoints.Struck):
        way.station.pass_on()
    assert way.waiting() == 0
    way.visit()
    assert set(states(way.tablet)) == {"held"}


def test_a_station_passes_on_by_itself_when_the_line_is_back(way: Way) -> None:
    """Nobody types a command at a station: while there is no line it goes on taking in, and then it passes on."""
    sightings(way.tablet, 1)
    way.visit()
    spool, url = way.station.spool, way.live.url
    spool.keep(province_url=closed_port())
    pass_once(spool)
    assert way.waiting() == 1
    second = Station(way.station.home, "on the same spool")
    second.start(every_s=1)
    try:
        spool.keep(province_url=url)
        deadline = time.monotonic() + PATIENCE_S
        while way.waiting() and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        second.kill()
    assert way.waiting() == 0
    assert on_tablet(way.tablet).versions <= at_province(way.live.settings).versions


def test_a_station_that_lies_frees_nothing(way: Way) -> None:
    """P5: it gives itself out as the province, quarantines, and hands out receipts of its own making."""
    sightings(way.tablet, 2, photos=1)
    store, spool = way.tablet.app.store, way.station.spool
    identity = store.identity.current()
    way.visit()
    told = {
        "device_id": identity.device_id,
        "holder": identity.holder,
        "server_epoch": identity.server_epoch,
        "server_time": CLOCK.now().isoformat(),
        "receipts": [
            {"record_id": id_, "digest": digest, "outcome": "accepted"}
            for id_, digest in on_tablet(way.tablet).versions
        ],
        "photos": sorted(on_tablet(way.tablet).photos),
    }
    signature = way.tablet.device.device_key.sign(b"anything")
    with spool._transaction() as connection:
        spool._document(connection, identity.device_id, {"custody": told, "signature": signature}, "2025-05-21")
    was = spool.setting("station_id")
    spool.keep(station_id="liar")
    report = way.visit()
    spool.keep(station_id=was)
    assert "不予采信" in report.problems[0]
    assert set(states(way.tablet)) == {"waiting"}
    assert store.media.waiting_count() == 1
    holders = {row[0] for row in store.database.rows("select distinct holder from receipt where frees = 0")}
    assert identity.holder not in holders


def test_the_station_takes_in_only_what_a_known_tablet_signed(way: Way, tmp_path: Path) -> None:
    """T13: another key, an altered batch, a tablet that enrolled since the list was fetched."""
    sightings(way.tablet, 1)
    headers = {"Xiangye-Device": way.tablet.app.store.identity.device_id(), "Content-Type": "application/json"}
    body = b'{"batch_id":"01a21d67-7f82-73b2-aff2-ce8ec0d82a4c","protocol":1,"records":[]}'
    url = f"{way.station.url}/v1/sync/batches"
    assert requests.post(url, data=body, headers=headers, timeout=10).json()["code"] == "signature_missing"
    wrong = {**headers, "Xiangye-Signature": f"ecdsa-p256-sha256;{'0' * 64};AAAA"}
    assert requests.post(url, data=body, headers=wrong, timeout=10).json()["code"] == "signature_wrong"
    with enrolled(way.live, tmp_path / "second") as second:
        sightings(second, 1)
        report = StationVisit(second.app.store, second.device).run(way.station.url)
        assert "还不认识这台平板" in report.problems[0]
        assert set(states(second)) == {"waiting"}
        way.pass_on()  # with the line came the new list
        assert StationVisit(second.app.store, second.device).run(way.station.url).problems == []


def test_a_relay_may_hand_in_and_nothing_else(way: Way) -> None:
    """T13: a stolen station laptop reads nothing of the province; without a tablet's signature it writes nothing."""
    credential = (way.station.home / "credential").read_text()
    device = way.tablet.app.store.identity.device_id()
    relay = {"Authorization": f"Bearer {credential}", "Xiangye-Relayed-Device": device}
    for path in ("/v1/sync/changes", "/v1/sync/session", "/v1/packs/taxa"):
        assert requests.get(f"{way.live.url}{path}", headers=relay, timeout=10).status_code == 403
    assert requests.get(f"{way.live.url}/v1/occurrences", headers=relay, timeout=10).status_code == 401
    body = json.dumps({"batch_id": device, "protocol": 1, "records": []})
    answer = requests.post(f"{way.live.url}/v1/sync/batches", data=body, headers=relay, timeout=10)
    assert answer.json()["code"] == "signature_missing"
    stranger = {**relay, "Xiangye-Relayed-Device": "01a21d67-7f82-73b2-aff2-ce8ec0d82a4c"}
    answer = requests.post(f"{way.live.url}/v1/sync/batches", data=body, headers=stranger, timeout=10)
    assert (answer.status_code, answer.json()["field"]) == (403, "Xiangye-Relayed-Device")
    tablet = {"Authorization": f"Bearer {way.tablet.app.store.identity.credential()}"}
    told = requests.get(f"{way.live.url}/v1/relay/tablets", headers=tablet, timeout=10).json()["told"]
    assert list(told["tablets"]) == [device]


def test_without_a_line_or_with_another_province_nothing_leaves_the_station(way: Way) -> None:
    """T15: a wrong address, a credential that was revoked, a province with another key."""
    sightings(way.tablet, 1)
    way.visit()
    spool = way.station.spool
    assert way.waiting() == 1
    for name, value, words in (("province_url", closed_port(), "连接不上"), ("pack_key", "another", "签名不是接入时")):
        was = spool.setting(name)
        spool.keep(**{name: value})
        with pytest.raises(NoLine, match=words):
            Passing(spool, CLOCK).run()
        spool.keep(**{name: was})
    assert way.waiting() == 1
    revoked = text("UPDATE xiangye.relay SET revoked_at = :at WHERE id = :id")
    for at in (CLOCK.now(), None):
        with open_session(way.live.settings) as session:
            session.execute(revoked, {"at": at, "id": way.station.relay_id})
        if at:
            with pytest.raises(NoLine, match="凭证无效或已收回"):
                way.station.pass_on()
    way.pass_on()
    assert way.waiting() == 0


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("http://192.168.1.20:8720/", "http://192.168.1.20:8720"),
        ("http://station.local:8720", "http://station.local:8720"),
        ("https://station.example.cn", "https://station.example.cn"),
        ("http://8.8.8.8:8720", None),
        ("http://station.example.cn", None),
        ("ftp://192.168.1.20", None),
        ("http://0.0.0.0", None),
    ],
)
def test_only_a_station_of_the_local_network_is_called_unencrypted(address: str, taken: str | None) -> None:
    if taken is None:
        with pytest.raises(Exception, match="地址"):
            station_address(address)
    else:
        assert station_address(address) == taken


def test_the_screen_offers_the_station_and_the_stick_in_words(way: Way, tmp_path: Path, here: Here) -> None:
    """经由监测站, 导出到 U 盘, 收下收据: each says what it did, and what waits still waits until the province has spoken."""
    carrying, stick = way.tablet.app.carrying, tmp_path / "stick"
    sightings(way.tablet, 1)
    carrying.visit_station()
    assert (carrying.message_level, "监测站的地址" in carrying.message) == ("error", True)
    carrying.set_station("http://8.8.8.8")
    assert carrying.station_url == ""
    carrying.set_station(way.station.url)
    carrying.visit_station()
    assert carrying.message == "监测站已收下 1 条记录、0 张照片，有网时转交；省级服务器确认之前平板都会保留"
    carrying.set_folder(str(stick))
    carrying.export()
    assert "没有文件夹" in carrying.message
    stick.mkdir()
    carrying.export()
    assert "已导出 1 条记录、0 张照片" in carrying.message
    carrying.take_receipts()
    assert "没有收据文件" in carrying.message
    assert set(states(way.tablet)) == {"waiting"}
    [file] = stick.glob("*.xyrescue")
    assert here.xiangye(environment_of(way.live.settings), "import", str(file)).code == 0
    (stick / "z.receipts.json").write_text("[]x")
    carrying.take_receipts()
    assert carrying.lines[0] == "省级服务器已确认收到 1 条记录、0 张照片"
    assert (carrying.message_level, set(states(way.tablet))) == ("warn", {"held"})


def test_the_commands_of_the_province_and_of_the_station(
    way: Way, tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """admit, join, list, revoke; and the tablet's own `field --station`."""
    env = environment_of(way.live.settings)
    admitted = json.loads(here.xiangye(env, "relay", "admit", "莽山监测站", "--json").out)
    here.xiangye(env, "relay", "admit", "莽山监测站").refuses("已有名为")
    home = str(tmp_path / "second")

    def join(credential: str, url: str) -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{credential}\n"))
        return here.xiangye(env, "relay", "join", url, "--home", home)

    here.xiangye(env, "relay", "pass", "--home", home).refuses("还没有接入")
    here.xiangye(env, "relay", "serve", "--home", home).refuses("还没有接入")
    join(admitted["credential"], "http://hunan.example.cn").refuses("https://")
    join("xyr_wrong", way.live.url).refuses("凭证无效")
    assert "已接入 province" in join(admitted["credential"], way.live.url).out
    assert "没有等待转交" in here.xiangye(env, "relay", "status", "--home", home).out
    assert "莽山监测站" in here.xiangye(env, "relay", "list").out
    assert here.xiangye(env, "relay", "revoke", admitted["relay_id"]).code == 0
    here.xiangye(env, "relay", "pass", "--home", home).refuses("已收回")

    sightings(way.tablet, 1)
    folder = str(way.tablet.app.store.database.path.parent)
    capsys.readouterr()
    assert tablet_cli.run("field", ["--data", folder, "--station", way.station.url]) == 0
    assert "监测站已收下 1 条记录" in capsys.readouterr().out
    assert tablet_cli.run("field", ["--data", folder, "--station", way.live.url]) == 1
    assert "xiangye field: " in capsys.readouterr().err


@pytest.mark.parametrize("by_hand", [False, True])
def test_sealed_records_and_photos_come_sealed_and_are_opened_at_the_province_alone(
    way: Way, tmp_path: Path, here: Here, by_hand: bool
) -> None:
    """T1: neither the station nor the stick holds a guarded place in clear; record and photo stand opened at the province."""
    assert way.tablet.app.sync.sync()  # the list of species tells which are guarded
    way.tablet.app.store.surveys.choose(records.SURVEY)
    way.tablet.stand(112.9287654, 24.9512345)
    form = way.tablet.app.record
    form.open(fresh=True)
    assert form.choose_name("穿山甲")
    assert form.take_photo("IMG_0.jpg")
    plain = form.photos[0].sha256
    assert form.confirm(), form.message
    assert "已密封" in form.message
    carrying = way.tablet.app.carrying
    carrying.set_folder(str(tmp_path))
    carrying.set_station(way.station.url)
    carrying.export() if by_hand else carrying.visit_station()
    assert carrying.message_level == "ok", carrying.lines
    if by_hand:
        [file] = tmp_path.glob("*.xyrescue")
        said = here.xiangye(environment_of(way.live.settings), "import", str(file))
        assert said.code == 0, said.err
        carrying.take_receipts()
    else:
        for file in way.station.home.rglob("*"):
            data = file.read_bytes() if file.is_file() else b""
            assert b"249512345" not in data
            assert "穿山甲".encode() not in data
        way.pass_on()
        carrying.visit_station()
    assert set(states(way.tablet)) == {"held"}, carrying.lines
    there = at_province(way.live.settings)
    assert on_tablet(way.tablet).versions <= there.versions
    assert {plain} | on_tablet(way.tablet).photos <= there.photos

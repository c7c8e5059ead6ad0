"""A code or the text of a QR code makes the tablet somebody's; nothing secret travels in the clear or to a stranger."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mobile.device.desktop_scanner import FolderScanner
from mobile.device.ports import DeviceFailure
from mobile.device.qr import NoCode, read_code
from mobile.device.raster import Unreadable, read_png
from mobile.sync.failures import NotReady
from mobile.sync.invitation import Invitation, read_invitation, safe_address
from mobile.sync.transport import Transport
from tests.mobile.station import Station, station
from tests.mobile.tablets import tablet

TEXT = "xiangye:1?server=https%3A%2F%2Fxiangye.example%3A8443&code=7K4M-9QXD"


def invitation(server: str, code: str = "GOOD-CODE") -> str:
    return "xiangye:1?" + urlencode({"server": server, "code": code})


@pytest.fixture
def server() -> Any:
    with station(epoch="e1") as one:
        yield one


def test_the_text_of_a_code_brings_its_server_along() -> None:
    assert read_invitation(f" {TEXT}\n") == Invitation("7K4M-9QXD", "https://xiangye.example:8443")
    assert read_invitation(" 7K4M-9QXD ") == Invitation("7K4M-9QXD")
    assert read_invitation(TEXT + "&later=1").code == "7K4M-9QXD", "a newer server may add something"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "请输入登记码"),
        ("xiangye:2?server=https%3A%2F%2Fa&code=b", "更新版本"),
        ("xiangye:1?code=7K4M-9QXD", "不完整"),
        ("xiangye:1?server=https%3A%2F%2Fa.example", "不完整"),
        ("xiangye:1?server=https%3A%2F%2Fa.example&code=", "不是湘野的登记码"),
        (TEXT + "&code=other-code", "不完整"),
        ("https://weixin.example/p/1", "不是湘野的登记码"),
        ("穿山甲", "不是湘野的登记码"),
        (invitation("http://xiangye.example"), "https://"),
        (invitation("http://127.0.0.1.evil.example"), "https://"),
        (invitation("ftp://xiangye.example"), "服务器地址无效"),
        (invitation("https://user:word@xiangye.example"), "服务器地址无效"),
        (invitation("https://"), "服务器地址无效"),
        (invitation("https://a b"), "服务器地址无效"),
        (invitation("https://a.example:99999"), "服务器地址无效"),
    ],
)
def test_what_is_no_invitation_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(NotReady, match=words):
        read_invitation(text)


@given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: f"xiangye:1?{text}"))
def test_any_text_is_an_invitation_or_is_refused_in_words(text: str) -> None:
    with contextlib.suppress(NotReady):
        found = read_invitation(text)
        assert found.code.isascii() and (not found.server or safe_address(found.server) == found.server)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8710", "http://localhost:8710/", "http://[::1]:8710", "https://a.example/x"]
)
def test_without_encryption_only_this_computer_is_spoken_to(url: str) -> None:
    assert safe_address(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://10.0.0.4", "http://xiangye.example", "http://0.0.0.0:80", "HTTP://192.168.1.2"]
)
def test_no_code_and_no_credential_leaves_in_the_clear(url: str, tmp_path: Path) -> None:
    """T20: no cleartext, whatever address an older app kept."""
    with pytest.raises(NotReady, match="https://"):
        Transport(url, "secret")
    with tablet(tmp_path) as held:
        held.app.sync.set_server(url)
        assert held.app.sync.server_url == "" and "未加密" in held.app.sync.message
        held.app.store.identity.set_server_url(url)  # as an older app may have kept it
        held.sighting()
        assert held.app.sync.sync() is False and "https://" in held.app.sync.message


def test_a_scanned_code_enrols_and_sets_the_server(tmp_path: Path, server: Station) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    segno.make(invitation(server.url), error="m").save(str(folder / "code.png"), scale=6)
    with tablet(tmp_path / "data", photos=folder, enrolled=False) as held:
        text = held.app.sync.scan()
        assert text == invitation(server.url)
        assert held.app.sync.enrol(text, "三号平板") is True
        assert held.app.sync.server_url == server.url and held.app.sync.person_name == "测试员"
        assert json.loads((tmp_path / "data" / "keys.json").read_text()) == {"credential": "secret"}


def test_a_spent_code_says_so_and_a_false_one_leads_nothing_astray(tmp_path: Path, server: Station) -> None:
    with station() as stranger, tablet(tmp_path, server_url=server.url) as held:
        sync = held.app.sync
        assert sync.enrol(invitation(stranger.url, "USED-CODE")) is False
        assert "已经用过、已过期" in sync.message and "24 小时" in sync.message
        assert sync.server_url == server.url, "the credential stays with the server that gave it"
        held.sighting()
        assert sync.sync() is True and stranger.records == {} and len(server.records) == 1


def test_too_many_tries_and_a_restored_code_are_told_apart(tmp_path: Path, server: Station) -> None:
    with tablet(tmp_path, server_url=server.url, enrolled=False) as held:
        for status, words in ((429, "过于频繁"), (401, "登记码无效"), (503, "服务器未接受（503）")):
            server.enrolment_status = status
            assert held.app.sync.enrol("GOOD-CODE") is False
            assert words in held.app.sync.message and not held.app.sync.enrolled
        server.enrolment_status = 201
        assert held.app.sync.enrol("GOOD-CODE") is True


def test_a_revoked_tablet_keeps_its_records_and_says_what_to_do(tmp_path: Path, server: Station) -> None:
    """T26"""
    with tablet(tmp_path, server_url=server.url) as held:
        held.sighting()
        server.revoked = True
        sync = held.app.sync
        assert sync.sync() is False and sync.refused
        for words in ("已注销", "1 条记录都还在", "1 条记录、0 张照片尚未送达", "新的登记码", "测试员 本人"):
            assert words in sync.refused_text, words
        device = held.app.store.identity.device_id()
        app = held.restart()
        assert app.sync.refused, "it still says so after a restart"
        held.sighting()  # recording goes on
        server.revoked = False
        assert app.sync.enrol("GOOD-CODE", "平板") is True and not app.sync.refused
        assert app.store.identity.device_id() == device
        assert app.sync.sync() is True and len(server.records) == 2


def test_another_person_is_told_of_what_waits(tmp_path: Path, server: Station) -> None:
    with tablet(tmp_path, server_url=server.url) as held:
        held.sighting()
        held.app.store.identity.keep(person_id="01990000-0000-7000-8000-000000000001")
        assert held.app.sync.enrol("GOOD-CODE") is True
        assert held.app.sync.report is not None
        (warning,) = held.app.sync.report.warnings
        assert "测试员 的 1 条记录和照片未送达" in warning


def png(text: str, scale: int = 4, **options: Any) -> bytes:
    made = io.BytesIO()
    segno.make(text, micro=False, boost_error=False, **options).save(made, kind="png", scale=scale)
    return made.getvalue()


@pytest.mark.parametrize("version", range(1, 11))
@pytest.mark.parametrize("error", "lmqh")
def test_codes_of_every_size_and_level_are_read(version: int, error: str) -> None:
    for text in ("12345", "AB-7$", "𬶋"):
        assert read_code(read_png(png(text, version=version, error=error))) == text


@settings(deadline=None, derandomize=True)  # a reader without error correction fails on one picture in some thousands
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60), st.integers(2, 6))
def test_what_a_code_says_is_read_as_it_was_written(text: str, scale: int) -> None:
    assert read_code(read_png(png(text, scale, mode="byte", encoding="utf-8"))) == text


@pytest.mark.parametrize("angle", [0, 7, 90, 180, 270])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_turned_code_in_any_kind_of_picture_is_read(angle: int, mode: str) -> None:
    with Image.open(io.BytesIO(png(TEXT, 5))) as drawn:
        page = Image.new("L", (360, 300), 255)
        page.paste(drawn.convert("L"), (60, 40))
    made = io.BytesIO()
    page.rotate(angle, expand=True, fillcolor=255).convert(mode).save(made, "PNG")
    assert read_code(read_png(made.getvalue())) == TEXT


@pytest.mark.parametrize("flaw", ["cut", "junk", "jpeg", "plain", "damaged"])
def test_a_picture_without_a_code_is_said_in_words(flaw: str, tmp_path: Path) -> None:
    data = png(TEXT)
    with Image.open(io.BytesIO(data)) as drawn:
        pictures = {"plain": Image.new("L", (200, 200), 255), "damaged": drawn.convert("L")}
        pictures["damaged"].paste(0, (100, 100, 112, 112))
        made = io.BytesIO()
        pictures.get(flaw, pictures["plain"]).save(made, "PNG")
    bad = {"cut": data[: len(data) // 2], "junk": b"\x89PNG\r\n\x1a\n" + bytes(50), "jpeg": b"\xff\xd8\xff"}
    (tmp_path / "code.png").write_bytes(bad.get(flaw, made.getvalue()))
    with pytest.raises(DeviceFailure, match="粘贴"):
        FolderScanner(tmp_path).scan("code.png")
    with pytest.raises((Unreadable, NoCode)):
        read_code(read_png((tmp_path / "code.png").read_bytes()))


@given(st.binary(max_size=300), st.integers(8, 60))
def test_no_bytes_crash_the_reader(noise: bytes, at: int) -> None:
    data = png("12345", 2)
    for broken in (noise, data[:at] + noise + data[at + len(noise) :]):
        with contextlib.suppress(Unreadable, NoCode):
            read_code(read_png(broken))


def test_without_a_camera_the_code_is_pasted(tmp_path: Path) -> None:
    for scanner in (FolderScanner(None), FolderScanner(tmp_path)):
        with pytest.raises(DeviceFailure, match="粘贴"):
            scanner.scan()
        with pytest.raises(DeviceFailure, match=r"absent\.png"):
            scanner.scan("absent.png")

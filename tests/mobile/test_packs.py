"""A tablet takes a pack only if form, content, signature and age are right, and keeps the one it has otherwise."""

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mobile.device.ports import DeviceFailure
from mobile.species.pack import PackUnreadable, county_at, read_likely, read_lookalikes, read_pack
from mobile.species.proof import PackRefused, Trust, prove
from mobile.store.packs import Packs
from server.packs.difference import difference
from shared.taxon_pack import META
from tests.mobile.tablets import DAWN, Tablet, tablet
from tests.packs.building import NEXT, SMALL, VERSION, key_of, make

MANGSHAN = (249_512_345, 1_129_287_654)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Tablet]:
    with tablet(tmp_path / "data") as one:
        yield one


@pytest.fixture
def packs(held: Tablet) -> Packs:
    return held.app.store.packs


@pytest.fixture
def trust(held: Tablet, tmp_path: Path) -> Trust:
    return Trust(key_of(tmp_path).public(), held.device.signatures)


def signed(tmp_path: Path, version: str = VERSION, rows: dict[str, list[object]] | None = None, who: str = "") -> bytes:
    path = tmp_path / f"made-{version}"
    make(path, SMALL if rows is None else rows, version, key_of(tmp_path / who))
    return path.read_bytes()


def altered(tmp_path: Path, statement: str, *values: object) -> bytes:
    path = tmp_path / "altered"
    path.write_bytes(signed(tmp_path))
    with contextlib.closing(sqlite3.connect(path)) as pack:
        pack.execute(statement, values)
        pack.commit()
    return path.read_bytes()


def files(packs: Packs) -> set[str]:
    return {path.name for path in packs._folder.iterdir()}


def test_what_the_pack_tells(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    path = packs.path("taxa")
    assert path is not None
    assert [(named.name, named.pinyin, named.initials) for named in read_pack(path)] == [
        ("Manis pentadactyla", "", ""),
        ("穿山甲", "chuan shan jia", "csj"),
        ("Egretta garzetta", "", ""),
        ("白鹭", "bai lu", "bl"),
        ("白鹭", "bo lu", "bl"),
        ("Egretta", "", ""),
        ("Manis aurita", "", ""),
    ]
    assert county_at(path, *MANGSHAN) == "431022"
    assert county_at(path, 0, 0) is None
    assert read_likely(path, "431022", 5) == {"t2": 7}
    assert read_likely(path, "431022", 7) == read_likely(path, "000000", 5) == {}
    others = read_lookalikes(path, "t2")
    assert [(species.display, words) for species, words in others] == [
        ("Egretta", "白鹭趾黄色"),
        ("穿山甲", "一为鸟，一为兽"),
    ]
    assert others[1][0].protection_class == "I" and read_lookalikes(path, "t1") == read_lookalikes(path, "?") == []
    egret = packs.species().exact("白鹭")
    assert egret is not None and egret.mark == "省级"


def test_a_flipped_byte_anywhere_is_refused_or_changes_nothing(trust: Trust, tmp_path: Path) -> None:
    """What lies between the rows of a page belongs to no row: there, and only there, a flip is harmless."""
    data, path = signed(tmp_path), tmp_path / "flipped"
    path.write_bytes(data)
    whole, names = prove(path, trust, None), read_pack(path)
    chosen = random.Random(1)
    used = [place for place, byte in enumerate(data) if byte]
    refused = 0
    for place in [*range(100), *chosen.sample(used, 600), *chosen.sample(range(len(data)), 200)]:
        spoilt = bytearray(data)
        spoilt[place] ^= 1 << chosen.randrange(8)
        path.write_bytes(spoilt)
        try:
            meta = prove(path, trust, None)
        except PackUnreadable:
            refused += 1
            continue
        assert (meta, read_pack(path)) == (whole, names), place
        assert (read_likely(path, "431022", 5), county_at(path, *MANGSHAN)) == ({"t2": 7}, "431022")
    assert refused > 500


def test_a_flipped_byte_on_the_way_leaves_the_installed_pack(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    before = files(packs)
    spoilt = bytearray(signed(tmp_path, NEXT))
    place = spoilt.index("白鹭".encode())
    spoilt[place] ^= 1
    with pytest.raises(PackUnreadable):
        packs.install("taxa", bytes(spoilt), DAWN, trust)
    assert files(packs) == before and packs.species().version == VERSION


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE name SET name = '老虎' WHERE name = '穿山甲'", "内容与其摘要不符"),
        ("DELETE FROM likely", "内容与其摘要不符"),
        ("CREATE INDEX sly ON name (name)", "内容与其摘要不符"),
        ("CREATE TABLE more (a)", "内容与其摘要不符"),
        ("UPDATE pack SET value = 'maps' WHERE key = 'kind'", "这是 maps 类的数据包"),
        ("UPDATE pack SET value = '3' WHERE key = 'format'", "格式是 3，本程序只认识格式 2"),
        ("DELETE FROM pack WHERE key = 'format'", "格式是 1，本程序只认识格式 2"),
        ("DELETE FROM pack WHERE key = 'content_digest'", "缺少 content_digest"),
        ("UPDATE pack SET value = 'newest' WHERE key = 'version'", "版本 'newest' 无法识别"),
        ("UPDATE pack SET value = '2099-01-01.1' WHERE key = 'version'", "签名不是"),
        ("UPDATE pack SET value = '{}' WHERE key = 'made_from'", "签名不是"),
        ("UPDATE pack SET value = '' WHERE key = 'signature'", "签名不是"),
        ("DROP TABLE pack", "无法读取"),
    ],
)
def test_each_refusal_says_why(packs: Packs, trust: Trust, tmp_path: Path, statement: str, words: str) -> None:
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    with pytest.raises(PackUnreadable, match=words):
        packs.install("taxa", altered(tmp_path, statement), DAWN, trust)
    assert packs.species().version == VERSION and len(files(packs)) == 1


def test_another_servers_signature_and_an_older_version(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    packs.install("taxa", signed(tmp_path, NEXT), DAWN, trust)
    with pytest.raises(PackRefused, match="签名不是登记时那台服务器的"):
        packs.install("taxa", signed(tmp_path, "2027-01-01.1", who="other"), DAWN, trust)
    with pytest.raises(PackRefused, match=f"{VERSION} 比平板上的 {NEXT} 旧"):
        packs.install("taxa", signed(tmp_path), DAWN, trust)
    packs.install("taxa", signed(tmp_path, NEXT), DAWN, trust)
    assert packs.species().version == NEXT


def test_enrolled_anew_with_another_server_its_older_pack_is_taken(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    packs.install("taxa", signed(tmp_path, NEXT), DAWN, trust)
    other = Trust(key_of(tmp_path / "other").public(), trust.signatures)
    packs.install("taxa", signed(tmp_path, VERSION, who="other"), DAWN, other)
    assert packs.species().version == VERSION


def test_a_computer_that_cannot_verify_says_so(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    class Missing:
        def holds(self, public_key: str, statement: bytes, signature: str) -> bool:
            raise DeviceFailure("没有 cryptography")

    with pytest.raises(PackRefused, match="没有 cryptography"):
        packs.install("taxa", signed(tmp_path), DAWN, Trust(trust.public_key, Missing()))
    assert packs.path("taxa") is None and packs.meta("taxa") is None


def test_an_update_by_what_changed(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    rows = {**SMALL, "likely": [("431022", 5, 2, 9)]}
    signed(tmp_path, NEXT, rows)
    changed = difference(tmp_path / f"made-{VERSION}", tmp_path / f"made-{NEXT}")
    packs.update("taxa", changed, DAWN, trust)
    path = packs.path("taxa")
    assert path is not None and read_likely(path, "431022", 5) == {"t2": 9}
    assert packs.species().version == NEXT and len(files(packs)) == 1
    with pytest.raises(PackUnreadable, match="不是从平板上的版本"):
        packs.update("taxa", changed, DAWN, trust)
    assert packs.species().version == NEXT and len(files(packs)) == 1


def test_an_update_that_fails_leaves_the_installed_pack(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    with pytest.raises(PackUnreadable, match="没有可以更新的名录包"):
        packs.update("taxa", b"", DAWN, trust)
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    signed(tmp_path, NEXT, {**SMALL, "likely": []}, who="other")
    forged = difference(tmp_path / f"made-{VERSION}", tmp_path / f"made-{NEXT}")
    with pytest.raises(PackRefused, match="签名不是"):
        packs.update("taxa", forged, DAWN, trust)
    assert packs.species().version == VERSION and len(files(packs)) == 1


def test_what_an_ended_app_left_half_done_is_cleared_away(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    for name in ("taxa-0123.new", "taxa-0123.new.part", "taxa.updated", "taxa.updated-journal"):
        (packs._folder / name).write_bytes(signed(tmp_path)[:3000])
    signed(tmp_path, NEXT, {**SMALL, "likely": []})
    packs.update("taxa", difference(tmp_path / f"made-{VERSION}", tmp_path / f"made-{NEXT}"), DAWN, trust)
    path = packs.path("taxa")
    assert path is not None and files(packs) == {path.name}
    assert packs.species().version == NEXT


def test_a_new_pack_is_on_the_disk_under_its_name_before_the_old_one_is_given_up(
    packs: Packs, trust: Trust, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    old, seen = packs.path("taxa"), list[tuple[object, int]]()
    monkeypatch.setattr(
        "mobile.store.packs.settle", lambda folder: seen.append((packs.path("taxa"), len(files(packs))))
    )
    packs.install("taxa", signed(tmp_path, NEXT), DAWN, trust)
    assert seen == [(old, 2)] and len(files(packs)) == 1


def test_a_pack_that_was_spoilt_on_the_tablet_is_an_empty_list(packs: Packs, trust: Trust, tmp_path: Path) -> None:
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    path = packs.path("taxa")
    assert path is not None
    path.write_bytes(b"spoilt")
    assert len(packs.species()) == 0 and packs.meta("taxa") is None
    packs.install("taxa", signed(tmp_path), DAWN, trust)
    assert packs.species().exact("白鹭") is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE name SET readings = 1 WHERE readings = ''",
        "UPDATE name SET readings = NULL WHERE language = 'zh'",
        "UPDATE name SET name = x'e799bd' WHERE name = '白鹭'",
        "UPDATE taxon SET group_zh = 5",
    ],
)
def test_a_bit_that_makes_no_text_of_a_text_is_an_empty_list(packs: Packs, tmp_path: Path, statement: str) -> None:
    packs.install("taxa", signed(tmp_path), DAWN)
    path = packs.path("taxa")
    assert path is not None
    path.write_bytes(altered(tmp_path, statement))
    assert len(packs.species()) == 0


def test_the_signed_values_are_all_there(tmp_path: Path) -> None:
    signed(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / f"made-{VERSION}")) as pack:
        assert [key for key, _ in pack.execute(META.select)] == [
            "content_digest",
            "format",
            "kind",
            "made_from",
            "signature",
            "version",
        ]

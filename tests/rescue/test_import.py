"""The province takes in what a rescue file brings, or sets it aside whole and says why; nothing in it is lost either way."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from mobile.device.desktop_key import FileKey
from mobile.device.desktop_signatures import LibrarySignatures
from mobile.rescue.writing import Rescued, Tools, rescue
from mobile.sync.custody import ReceiptsRefused, take_file
from server.accounts.model import Device
from server.audit.model import AuditEntry
from server.db import open_session
from server.rescue.service import import_rescue
from shared.canonical import canonical_bytes
from tests.accounts.tablets import Tablet as Bearer
from tests.admitting import CLOCK
from tests.commands import MAIN, Here, Said, here
from tests.faults.server_process import environment_of
from tests.mobile.tablets import Tablet
from tests.rescue.test_rescue import tools_of
from tests.rescue.wards import at_province, enrolled, on_tablet, sightings, states
from tests.serving import Live

__all__ = ["here"]


@pytest.fixture
def ward(province: Live, tmp_path: Path) -> Iterator[Tablet]:
    with enrolled(province, tmp_path) as made:
        sightings(made, 2, photos=1)
        yield made


@pytest.fixture
def tools(ward: Tablet) -> Tools:
    return tools_of(_folder(ward))


def _folder(made: Tablet) -> Path:
    return made.app.store.database.path.parent


def _written(made: Tablet, stick: Path, tools: Tools, **how: bool) -> tuple[Path, Rescued]:
    done = rescue(_folder(made), stick, tools, **how)
    assert done.path is not None
    return done.path, done


def _import(here: Here, live: Live, *words: object) -> Said:
    return here.xiangye(environment_of(live.settings), "import", *map(str, words))


def _set_aside(live: Live, file: Path) -> tuple[Path, str]:
    """Where the bytes are kept, and the reason beside them."""
    folder = live.settings.store_dir / "rescue" / "quarantine"
    for note in folder.glob("*.json"):
        told = json.loads(note.read_text())
        if told["file"] == file.name:
            return note.with_suffix(".xyrescue"), told["reason"]
    raise AssertionError("nothing was set aside")


def test_a_cut_or_altered_file_is_set_aside_and_says_where(
    province: Live, ward: Tablet, stick: Path, tools: Tools, here: Here
) -> None:
    """P1, T9: nothing of it is admitted, its bytes are kept, and the place is named to the byte and the entry."""
    file, _ = _written(ward, stick, tools)
    data = file.read_bytes()
    cut, altered = stick / "cut.xyrescue", stick / "altered.xyrescue"
    cut.write_bytes(data[:-400])
    at = len(data) // 2
    altered.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    longer = stick / "longer.xyrescue"
    longer.write_bytes(data + b"x")
    before = at_province(province.settings)
    for broken, words in ((cut, "中断"), (altered, "段（字节"), (longer, "之后还有内容")):
        said = _import(here, province, broken)
        assert said.code == 1
        assert words in said.err, said.err
        kept, reason = _set_aside(province, broken)
        assert kept.read_bytes() == broken.read_bytes()
        assert words in reason
    assert at_province(province.settings) == before


def test_what_is_set_aside_is_imported_when_the_cause_is_mended(
    province: Live, ward: Tablet, stick: Path, tools: Tools, here: Here
) -> None:
    """A revoked tablet, then an unknown signature; after that nothing is left in quarantine."""
    file, _ = _written(ward, stick, tools)
    device_id = UUID(ward.app.store.identity.device_id())

    def revoke(at: Any) -> None:
        with open_session(province.settings) as session:
            session.get_one(Device, device_id).revoked_at = at

    revoke(CLOCK.now())
    said = _import(here, province, file)
    assert said.code == 1
    assert "已注销" in said.err
    kept, _ = _set_aside(province, file)
    revoke(None)
    assert _import(here, province, kept, "--json").code == 0
    assert not kept.exists()
    assert on_tablet(ward).versions <= at_province(province.settings).versions


def test_a_file_from_before_a_fork_is_imported_after_it(
    province: Live, ward: Tablet, stick: Path, tools: Tools
) -> None:
    """T15: the tablet bears another id by now, with the same key; what the old id signed is believed, and receipted to it."""
    identity = ward.app.store.identity
    credential, key = identity.credential(), ward.device.device_key
    assert credential and isinstance(key, FileKey)
    file, _ = _written(ward, stick, tools)
    new = Bearer(province, identity.device_id(), credential, key).forked()
    done = import_rescue(province.settings, CLOCK, file)
    assert (done.quarantined, done.outcomes["accepted"], done.photos) == (None, 3, 1)
    assert done.receipts is not None
    told = json.loads(Path(done.receipts).read_text())["custody"]
    assert told["device_id"] == identity.device_id() != new.id
    assert on_tablet(ward).versions <= at_province(province.settings).versions


def test_a_file_that_another_signed_is_not_believed(
    province: Live, ward: Tablet, stick: Path, tools: Tools, here: Here, tmp_path: Path
) -> None:
    """T13: no vouching helps against a signature that is wrong."""
    file, _ = _written(ward, stick, replace(tools, device_key=FileKey(tmp_path / "other.pem")))
    for words in ((), ("--vouched", "电话核实")):
        said = _import(here, province, file, *words)
        assert said.code == 1
        assert "不是这台平板登记过的" in said.err


def test_an_unsigned_file_needs_somebody_who_vouches(
    province: Live, ward: Tablet, stick: Path, tools: Tools, here: Here, tmp_path: Path
) -> None:
    file, done = _written(ward, stick, replace(tools, device_key=FileKey(tmp_path / "none.pem", make=False)))
    assert not done.signed
    said = _import(here, province, file)
    assert "没有签名" in said.err
    assert not on_tablet(ward).versions & at_province(province.settings).versions
    assert _import(here, province, file, "--vouched", "护林员当面交来").code == 0
    assert on_tablet(ward).versions <= at_province(province.settings).versions
    with open_session(province.settings) as session:
        entry = select(AuditEntry.detail).where(AuditEntry.action == "import_rescue")
        told = session.scalars(entry.order_by(AuditEntry.entry_no.desc())).first()
    assert told is not None
    assert told["vouched"] == "护林员当面交来"


def test_an_import_that_is_killed_is_done_again_without_a_double(
    province: Live, ward: Tablet, stick: Path, tools: Tools, here: Here
) -> None:
    """P2: killed after the commit of its first batch."""
    file, _ = _written(ward, stick, tools)
    env = environment_of(province.settings) | {"XIANGYE_FAILPOINTS": "rescue_batch_committed=kill"}
    died = subprocess.run([*MAIN, "import", str(file)], env=env, capture_output=True, timeout=60, check=False)
    assert died.returncode == -9, died.stderr
    there = at_province(province.settings)
    assert on_tablet(ward).versions <= there.versions
    assert not on_tablet(ward).photos & there.photos
    said = _import(here, province, file, "--json")
    assert json.loads(said.out)[0]["outcomes"]["already_have"] == 3
    assert at_province(province.settings).versions == there.versions
    assert on_tablet(ward).photos <= at_province(province.settings).photos


def test_only_the_provinces_own_receipts_free_anything(
    province: Live, ward: Tablet, stick: Path, tools: Tools, here: Here
) -> None:
    """P5: altered, of another tablet, of another epoch: refused whole, in words, and everything still waits."""
    file, _ = _written(ward, stick, tools)
    done = json.loads(_import(here, province, file, "--json").out)[0]
    sound = json.loads(Path(done["receipts"]).read_text())
    store, forged = ward.app.store, stick / "forged.json"

    def take(path: Path) -> None:
        take_file(store, LibrarySignatures(), CLOCK.now(), path)

    for change in ({"holder": "hunan"}, {"photos": ["0" * 64]}, {"server_epoch": "another"}):
        forged.write_bytes(canonical_bytes({**sound, "custody": {**sound["custody"], **change}}))
        with pytest.raises(ReceiptsRefused, match="签名"):
            take(forged)
    for name, value, words in (
        ("device_id", "0", "另一台"),
        ("server_epoch", "e9", "备份"),
        ("holder", "guangxi", "不是本平板"),
    ):
        was = store.identity.setting(name) or ""
        store.identity.keep(**{name: "01a21d67-7f82-73b2-aff2-ce8ec0d82a4c" if value == "0" else value})
        with pytest.raises(ReceiptsRefused, match=words):
            take(Path(done["receipts"]))
        store.identity.keep(**{name: was})
    forged.write_text("not JSON")
    with pytest.raises(ReceiptsRefused, match="无法读取"):
        take(forged)
    assert set(states(ward)) == {"waiting"}
    take(Path(done["receipts"]))
    assert set(states(ward)) == {"held"}


def test_tables_and_rescue_files_are_not_mixed(
    province: Live, ward: Tablet, stick: Path, tools: Tools, here: Here
) -> None:
    file, _ = _written(ward, stick, tools)
    table = stick / "table.csv"
    table.write_text("scientificName\nPavo muticus\n")
    _import(here, province, file, table).refuses("请分开导入")
    _import(here, province, table).refuses("--survey")

"""Sealing by itself: the vector that every implementation must reproduce, what a changed bit does, and the keys in their file."""

import hashlib
import json
import stat
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile.device.desktop_sealing import LibrarySealing, seal_with
from server.cli import run
from server.sensitivity.sealing import SealKey, SealKeyUnknown, add_key, seal_keys
from server.settings import Settings, from_environment
from shared.wire.sealed import SealBroken, key_id_of

RECIPIENT, EPHEMERAL = int("11" * 32, 16), int("22" * 32, 16)
PUBLIC = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAhfmF/C2RDkoJ4+WmZ5pojpPLBUr321s32bluAKC1O0ZSn3ry5dxLS3aPKhaqHZaVvRfx1hZllLyiXxlMG5XlA=="
KEY_ID = "76805a63a6980c18075424a13f32772d02d7c71b4965754c1ce84f5841220327"
HEADER, PLAIN = b'{"a":1}', "湘野".encode()
SEALED = bytes.fromhex(
    "04d65a93977caa3d1b081852ff57a79e465f1660577304baead505dd3a48589cf350185e895372df6221ea3a137557e473fddb6755f05bd507c3c533fce9c91285"
    "cf6f43eb4a40f0887010dad12126508c419aac4c96e4"
)
DIGEST = "fdc121214534f86ce7dd0f5712028c41e3c4c0eb44949cff9820821d93336fb0"
KEY = SealKey(1, date(2026, 11, 27), ec.derive_private_key(RECIPIENT, ec.SECP256R1()))


def test_the_vector_that_every_implementation_must_reproduce() -> None:
    assert KEY.public == PUBLIC and KEY.key_id == key_id_of(PUBLIC) == KEY_ID
    assert seal_with(EPHEMERAL, PUBLIC, HEADER, PLAIN) == SEALED
    assert KEY.open(HEADER, SEALED) == PLAIN
    assert hashlib.sha256(HEADER + SEALED).hexdigest() == DIGEST


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 8 * (len(HEADER) + len(SEALED)) - 1))
def test_any_flipped_bit_of_header_or_sealed_bytes_is_found(bit: int) -> None:
    """T1, T14."""
    changed = bytearray(HEADER + SEALED)
    changed[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(SealBroken):
        KEY.open(bytes(changed[: len(HEADER)]), bytes(changed[len(HEADER) :]))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_what_is_sealed_is_opened_and_never_looks_the_same_twice(header: bytes, plain: bytes) -> None:
    once, again = (LibrarySealing().seal(PUBLIC, header, plain) for _ in range(2))
    assert once != again and KEY.open(header, once) == KEY.open(header, again) == plain
    with pytest.raises(SealBroken):
        KEY.open(header, once[:-1])


def test_keys_are_made_once_turned_over_and_kept_from_others(tmp_path: Path) -> None:
    here = Settings(var_dir=tmp_path)
    assert seal_keys(here).newest is None
    with pytest.raises(ValueError, match="seal-key make"):
        add_key(here, datetime(2026, 1, 1, tzinfo=UTC), first=False)
    first = add_key(here, datetime(2026, 1, 1, tzinfo=UTC), first=True)
    sealed = LibrarySealing().seal(first.public, HEADER, PLAIN)
    with pytest.raises(ValueError, match="seal-key rotate"):
        add_key(here, datetime(2026, 1, 2, tzinfo=UTC), first=True)
    second = add_key(here, datetime(2027, 1, 1, tzinfo=UTC), first=False)
    path = here.store_dir / "keys" / "sealing.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and list(path.parent.iterdir()) == [path]
    keys = seal_keys(here)
    assert [(key.made_on.year, key.key_id) for key in keys.keys] == [(2027, second.key_id), (2026, first.key_id)]
    again = add_key(here, datetime(2026, 6, 1, tzinfo=UTC), first=False)
    assert again.number == second.number + 1, "whatever the clock says, the newest key has the highest number"
    assert keys.open(first.key_id, HEADER, sealed) == PLAIN, "what was sealed before the turn is opened after it"
    with pytest.raises(SealKeyUnknown):
        keys.open("00" * 32, HEADER, sealed)
    with pytest.raises(SealBroken):
        keys.open(second.key_id, HEADER, sealed)


@pytest.mark.parametrize("content", ["", "xiangye-seal-key 1 2026-01-01\nnothing", "not ascii: 湘"])
def test_a_file_without_usable_keys_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sealing.pem"
    path.write_text(content, "utf-8")
    path.chmod(0o600)
    with pytest.raises(ValueError, match="密封私钥"):
        seal_keys(replace(Settings(var_dir=tmp_path), seal_key=path))
    path.chmod(0o640)
    with pytest.raises(ValueError, match="chmod 600"):
        seal_keys(from_environment({"XIANGYE_SEAL_KEY": str(path)}))


def test_the_point_is_not_taken_from_another_curve_or_from_nowhere() -> None:
    for point in (bytes(65), b"\x04" + bytes(64), SEALED[1:66]):
        with pytest.raises(SealBroken):
            KEY.open(HEADER, point + SEALED[65:])


def test_the_commands_make_turn_over_and_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XIANGYE_VAR", str(tmp_path))

    def say(*words: str) -> str:
        assert run("seal-key", list(words)) == 0
        return capsys.readouterr().out

    assert "xiangye seal-key make" in say("list") and json.loads(say("list", "--json")) == []
    made = json.loads(say("make", "--json"))
    assert run("seal-key", ["make"]) == 1 and "seal-key rotate" in capsys.readouterr().err
    turned = say("rotate")
    assert "另行备份" in turned and "PRIVATE" not in turned
    newest, oldest = json.loads(say("list", "--json"))
    assert (oldest["key_id"], made["file"]) == (made["key_id"], str(tmp_path / "store" / "keys" / "sealing.pem"))
    assert newest["number"] > oldest["number"] and newest["key_id"] in turned
    assert [line.split("\t")[0] for line in say("list").splitlines()] == ["现用", "旧"]

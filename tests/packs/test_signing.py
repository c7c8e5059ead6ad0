"""The key for packs: made once, for its owner's eyes only, deterministic, and of one kind."""

import base64
import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

from mobile.device.desktop_signatures import LibrarySignatures
from server.packs.signing import pack_key
from server.settings import Settings, from_environment


def test_made_once_and_kept_from_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(var_dir=tmp_path)
    with caplog.at_level(logging.DEBUG), ThreadPoolExecutor(8) as pool:
        keys = {key.public() for key in pool.map(lambda _: pack_key(settings), range(16))}
    assert len(keys) == 1 and caplog.text == ""
    path = settings.store_dir / "keys" / "pack_signing.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    public = load_der_public_key(base64.b64decode(keys.pop()))
    assert isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1"


def test_a_signature_holds_for_its_statement_and_its_key_only(tmp_path: Path) -> None:
    ours, other = pack_key(Settings(var_dir=tmp_path / "a")), pack_key(Settings(var_dir=tmp_path / "b"))
    signature, holds = ours.sign(b"taxa"), LibrarySignatures().holds
    assert signature == ours.sign(b"taxa"), "the same pack has the same bytes"
    assert holds(ours.public(), b"taxa", signature)
    assert not holds(ours.public(), b"taxb", signature)
    assert not holds(other.public(), b"taxa", signature)
    for rubbish in ("", "????", "MAUCAQECAQE=", signature[:-8]):
        assert not holds(ours.public(), b"taxa", rubbish)
        assert not holds(rubbish, b"taxa", signature)


def test_the_key_lies_where_the_environment_says(tmp_path: Path) -> None:
    settings = from_environment(
        {"XIANGYE_VAR": str(tmp_path), "XIANGYE_PACK_KEY": str(tmp_path / "elsewhere" / "k.pem")}
    )
    pack_key(settings)
    assert (tmp_path / "elsewhere" / "k.pem").is_file() and not settings.store_dir.exists()


def test_a_key_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    settings = replace(Settings(var_dir=tmp_path), pack_key=path)
    wrong = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    curve = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content, words in ((b"no key", "不是可用的"), (wrong, "应为 P-256"), (curve, "应为 P-256")):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(ValueError, match=words):
            pack_key(settings)
    path.chmod(0o644)
    with pytest.raises(ValueError, match="能被他人读取"):
        pack_key(settings)

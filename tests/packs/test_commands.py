"""`xiangye species pack` as a person runs it."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mobile.species.pack import read_pack
from server.packs.commands import pack
from server.settings import Settings


@pytest.fixture
def run(reference_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr("server.settings.from_environment", lambda: reference_settings)
    return lambda *arguments: CliRunner().invoke(pack, list(arguments), catch_exceptions=False)


def test_it_makes_the_file_and_tells_what_is_in_it(run: object, tmp_path: Path) -> None:
    out = tmp_path / "new" / "taxa.sqlite3"
    result: Result = run("--out", str(out), "--json")  # type: ignore[operator]
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    names = read_pack(out)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == told["sha256"]
    assert out.stat().st_size == told["byte_count"] > told["compressed_bytes"] > 0
    assert told["taxa"] == len({named.species.key for named in names}) > 1500
    assert told["names"] == len({(named.species.key, named.name) for named in names}) > told["taxa"]
    again = json.loads(run("--json").stdout)  # type: ignore[operator]
    assert {key: value for key, value in again.items() if key != "file"} == {
        k: v for k, v in told.items() if k != "file"
    }


def test_in_words(run: object) -> None:
    result: Result = run()  # type: ignore[operator]
    assert result.exit_code == 0
    assert result.stdout.startswith("名录包 20") and "压缩后" in result.stdout and "内容摘要" in result.stdout
    assert "PRIVATE" not in result.stdout

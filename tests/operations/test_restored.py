"""P1, P7: after the database was put back from a backup, what tablets were told is not believed, and what they keep comes again."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import make_url, text

from server import cli, cluster, db
from server.accounts.service import issue_code
from server.audit.checking import check_chain
from server.ledger import service as ledger
from server.settings import Settings
from tests import records
from tests.admitting import CLOCK, set_up
from tests.conftest import clone
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_photos import jpeg
from tests.serving import running


def held_by(settings: Settings) -> set[str]:
    with db.open_session(settings) as session:
        return {str(id_) for id_ in session.execute(text("SELECT id FROM xiangye.version")).scalars()}


def with_photo(held: Tablet) -> str:
    record = held.app.record
    record.open(fresh=True)
    assert record.choose_name("白鹇") and record.take_photo("IMG_001.jpg") and record.confirm(), record.message
    return record.saved_ids[0]


def synced(held: Tablet, settings: Settings) -> None:
    with running(settings) as url:
        held.app.sync.set_server(url)
        assert held.app.sync.sync() is True, (held.app.sync.message, held.app.sync.lines)


def command(monkeypatch: pytest.MonkeyPatch, settings: Settings, *words: str) -> int:
    for name, value in (
        ("XIANGYE_VAR", str(settings.var_dir)),
        ("XIANGYE_DATABASE_URL", settings.database_url),
        ("XIANGYE_DATABASE_OWNER_URL", settings.owner_url),
    ):
        monkeypatch.setenv(name, value or "")
    return cli.run(words[0], list(words[1:]))


def test_what_the_backup_lacks_is_offered_again(
    private_cluster: cluster.Cluster,
    reference_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lived = reference_settings
    (tmp_path / "IMG_001.jpg").write_bytes(jpeg("green"))
    with tablet(tmp_path / "tablet", photos=tmp_path, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        with db.open_session(lived) as session:
            set_up(session)
            code = issue_code(session, CLOCK, UUID(records.PERSON))
        with running(lived) as url:
            held.app.sync.set_server(url)
            assert held.app.sync.enrol(code, "平板"), held.app.sync.message
        before = held.sighting("穿山甲")
        synced(held, lived)
        db.engine_for(lived).dispose()  # a database that somebody looks at cannot be copied
        name = str(make_url(str(lived.database_url)).database)
        with clone(private_cluster, name, f"{name}_kept") as made:
            backup = replace(made, var_dir=lived.var_dir)
            after = [held.sighting("白鹭"), with_photo(held)]
            synced(held, lived)
            assert held_by(lived) - held_by(backup) > set(after) and held_by(backup) == {before}
            (original,) = (entry for entry in (lived.store_dir / "precise" / "original").rglob("*") if entry.is_file())
            os.utime(original, (0, 0))

            for words in (("serve",), ("media", "sweep")):
                assert command(monkeypatch, backup, *words) == 1
                assert "db restored" in capsys.readouterr().err
            with pytest.MonkeyPatch.context() as cut:
                cut.setattr(ledger, "begin_epoch", lambda _: sys.exit(9))
                with pytest.raises(SystemExit):
                    command(monkeypatch, backup, "db", "restored")
            assert command(monkeypatch, backup, "serve") == 1, "it was cut short, and nothing is swept away meanwhile"
            capsys.readouterr()
            assert command(monkeypatch, backup, "db", "restored") == 0
            assert "已不在库中" in (told := capsys.readouterr().out) and "原片" in told
            assert command(monkeypatch, backup, "media", "sweep") == 0 and original.is_file()
            synced(held, backup)
            assert held_by(backup) == held_by(lived)
            assert command(monkeypatch, backup, "audit", "verify") == 0, capsys.readouterr().out
            with db.open_session(backup) as session:
                checked = check_chain(session, backup.var_dir)
            assert not checked.broken and checked.anchored == checked.entries

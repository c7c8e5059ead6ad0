"""What was read of the lists is read again as soon as somebody wrote to them, and not before."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from server import db
from server.settings import Settings
from server.taxa import provisional, queries
from server.taxa.service import load_lists
from tests.taxa.agency import AGENCY, animal, hand_in

DAY = date(2025, 1, 1)
HERON = ("Ardea cinerea", "苍鹭")


@contextmanager
def _asked(session: Session) -> Iterator[list[str]]:
    """The statements in which the whole of the lists is read, while the block lasts."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "list_rule r" in statement:
            seen.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _is_listed(session: Session) -> bool:
    [heron] = queries.resolve_many(session, [HERON])
    return heron is not None and bool(queries.coverage(session, DAY, "430000").matches(heron))


def _load(settings: Settings, folder: Path, commit: bool = True) -> None:
    with db.session_factory(settings)() as writer:
        load_lists(writer, [hand_in(folder, [animal(*HERON)])], AGENCY)
        assert _is_listed(writer)
        if commit:
            writer.commit()


def test_transactions_after_each_other_read_the_lists_once(reference_settings: Settings) -> None:
    with db.session_factory(reference_settings)() as session:
        first = queries.coverage(session, DAY)
        session.commit()
        with _asked(session) as seen:
            assert queries.coverage(session, DAY) is first
        assert seen == []


def test_a_list_loaded_meanwhile_is_seen_by_the_next_transaction(reference_settings: Settings, tmp_path: Path) -> None:
    with db.session_factory(reference_settings)() as session:
        before = _is_listed(session)
        session.commit()
        _load(reference_settings, tmp_path)
        assert (before, _is_listed(session)) == (False, True)


def test_what_was_taken_back_was_never_seen(reference_settings: Settings, tmp_path: Path) -> None:
    with db.session_factory(reference_settings)() as session:
        assert not _is_listed(session)
        session.commit()
        _load(reference_settings, tmp_path, commit=False)
        assert not _is_listed(session)


def test_a_writer_s_own_view_reaches_nobody_else(reference_settings: Settings, tmp_path: Path) -> None:
    """Not even another transaction while the writer's is still open, and the writer sees each of its own writings."""
    with db.session_factory(reference_settings)() as writer, db.session_factory(reference_settings)() as other:
        load_lists(writer, [hand_in(tmp_path / "a", [animal(*HERON)])], AGENCY)
        assert _is_listed(writer) and not _is_listed(other)
        load_lists(writer, [hand_in(tmp_path / "b", [animal("Egretta garzetta", "白鹭")])], AGENCY)
        assert not _is_listed(writer)


def test_a_row_changed_by_hand_is_seen_too(reference_settings: Settings) -> None:
    with db.session_factory(reference_settings)() as session:
        first = queries.coverage(session, DAY)
        session.commit()
        with db.engine_for(reference_settings, "owner").begin() as owner:
            owner.execute(text("UPDATE xiangye.list_entry SET category = 'I' WHERE category = 'II'"))
            [writing] = owner.execute(text("SELECT count(*) FROM xiangye.list_writing WHERE began_at = now()")).one()
        assert writing == 1
        assert queries.coverage(session, DAY) is not first


def test_a_name_that_a_record_brings_changes_no_list(reference_settings: Settings) -> None:
    with db.session_factory(reference_settings)() as session:
        first = queries.coverage(session, DAY)
        provisional.write(session, provisional.missing(session, [("Novum nomen", "新名")]))
        session.commit()
        assert queries.coverage(session, DAY) is first

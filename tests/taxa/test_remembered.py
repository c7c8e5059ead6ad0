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
    """The statements in which the whole of the lists, or a taxon by its name or id, is read, while the block lasts."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if any(read in statement for read in ("list_rule r", "search_name = ANY", "t.taxon_id = ANY")):
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


def test_names_and_ids_are_read_once_too(reference_settings: Settings) -> None:
    with db.session_factory(reference_settings)() as session:
        [egret] = first = queries.resolve_many(session, [("Egretta garzetta", None)])
        assert egret is not None and queries.by_ids(session, [egret.taxon_id]) == {egret.taxon_id: egret}
        session.commit()
        with _asked(session) as seen:
            assert queries.resolve_many(session, [("Egretta garzetta", None)]) == first
            assert queries.by_ids(session, [egret.taxon_id]) == {egret.taxon_id: egret}
        assert seen == []


def test_a_name_that_a_record_brought_gives_way_to_the_list_that_has_it(
    reference_settings: Settings, tmp_path: Path
) -> None:
    """Nothing is kept of a name that no list knows, nor of the taxon that stands in for it."""
    new = ("Ardea nova", "新鹭")
    with db.session_factory(reference_settings)() as session:
        assert queries.resolve_many(session, [new]) == [None]
        session.commit()
        provisional.write(session, provisional.missing(session, [new]))
        session.commit()
        [brought] = queries.resolve_many(session, [new])
        assert brought is not None and brought.status == "provisional"
        session.commit()
        load_lists(session, [hand_in(tmp_path, [animal(*new)])], AGENCY)
        session.commit()
        [listed] = queries.resolve_many(session, [new])
        assert listed is not None and listed.status == "accepted"
        assert queries.by_ids(session, [listed.taxon_id]) == {listed.taxon_id: listed}


def test_a_renaming_that_is_seen_late_is_kept_for_nobody(reference_settings: Settings) -> None:
    """A transaction that began before it goes on with what it read, and what it reads afterwards it keeps for itself alone."""
    with (
        db.session_factory(reference_settings)() as late,
        db.engine_for(reference_settings, "owner").connect() as owner,
    ):
        queries.resolve_many(late, [("Ardeola bacchus", None)])
        owner.execute(text("UPDATE xiangye.taxon SET group_zh = '其他' WHERE scientific_name = 'Manis pentadactyla'"))
        owner.commit()
        [seen] = queries.resolve_many(late, [("Manis pentadactyla", None)])
        assert seen is not None and seen.group_zh == "其他"
        owner.execute(text("UPDATE xiangye.taxon SET group_zh = '哺乳类' WHERE scientific_name = 'Manis pentadactyla'"))
        owner.commit()
        late.commit()
        [after] = queries.resolve_many(late, [("Manis pentadactyla", None)])
        assert after is not None and after.group_zh == "哺乳类"

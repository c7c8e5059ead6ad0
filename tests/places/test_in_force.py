"""Who holds the layers in force asks for them once, and never goes by what is no longer so."""

from datetime import date

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from server import db
from server.places.queries import hold_all_layers, hold_in_force, versions_on
from server.settings import Settings


def _close(session: Session) -> None:
    session.execute(text("UPDATE xiangye.boundary_version SET valid_to = :on WHERE kind = 'county'"), {"on": date.max})


def test_layers_that_are_held_are_asked_for_once_a_transaction(reference_settings: Settings) -> None:
    asked = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append("boundary_version" in statement)

    with (
        db.session_factory(reference_settings)() as session,
        db.engine_for(reference_settings, "owner").connect() as owner,
    ):
        event.listen(session.get_bind(), "before_cursor_execute", note)
        hold_in_force(session)
        held = [versions_on(session) for _ in range(3)]
        event.remove(session.get_bind(), "before_cursor_execute", note)
        assert "county" in held[0] and held[1:] == held[:-1]
        assert sum(asked) == 1
        session.commit()
        owner.execute(text("UPDATE xiangye.boundary_version SET valid_to = current_date WHERE kind = 'county'"))
        owner.commit()
        hold_in_force(session)
        assert "county" not in versions_on(session)


def test_who_may_change_them_is_told_of_each_change(reference_settings: Settings) -> None:
    """Also where it had held them before, and holds them once more to stamp."""
    with db.session_factory(reference_settings)() as session:
        hold_in_force(session)
        assert "county" in versions_on(session)
        hold_all_layers(session)
        hold_in_force(session)
        assert "county" in versions_on(session)
        _close(session)
        assert "county" not in versions_on(session)
        session.rollback()
        hold_in_force(session)
        assert "county" in versions_on(session)

"""What every connection is told, whichever of the two engines opened it."""

from sqlalchemy import text

from server import db
from server.app import create_app
from server.settings import Settings
from server.web.database import database

_TOLD = text("SELECT current_setting('jit'), current_setting('timezone')")


def test_no_connection_compiles_its_statements(settings: Settings) -> None:
    """A batch of 100 records took 0.4 s longer once the planner thought that compiling would pay."""
    with db.open_session(settings) as session:
        commands = tuple(session.execute(_TOLD).one())
    with create_app(settings).app_context():
        web = tuple(database.session.execute(_TOLD).one())
        database.session.remove()
        database.engine.dispose()
    assert commands == web == ("off", "UTC")

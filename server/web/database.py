"""The Flask-SQLAlchemy extension over the plain base; only routes see it."""

from typing import cast

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session

from server.db import NOTES, SEAL_KEYS, Base

database = SQLAlchemy(model_class=Base)


def request_session() -> Session:
    """The session of this request: one transaction, which the route commits."""
    session = cast(Session, database.session())
    settings = current_app.config["XIANGYE_SETTINGS"]
    session.info.setdefault(NOTES, settings.var_dir)
    session.info.setdefault(SEAL_KEYS, settings.seal_key_file)
    return session


def keep_seen() -> None:
    """When a credential was last seen is kept even where the request only reads."""
    if request_session().dirty:
        request_session().commit()

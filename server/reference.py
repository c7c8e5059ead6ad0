"""Loads the reference data that every installation starts with: species lists and places."""

from sqlalchemy.orm import Session

from server.places.service import load_defaults
from server.taxa.service import load_lists


def load_reference(session: Session) -> None:
    load_lists(session)
    load_defaults(session)

"""Loads the reference data that every installation starts with: species lists and places."""

from sqlalchemy.orm import Session

from server.places.service import load_defaults
from server.taxa.service import load_lists


def load_reference(session: Session) -> bool:
    """Whether a list is another one than before."""
    loaded = load_lists(session)
    load_defaults(session)
    return any(one.changed for one in loaded)

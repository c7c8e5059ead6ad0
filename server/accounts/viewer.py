"""Who is looking. Every read takes one; the role decides only whether exact places may be read, never the level."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID


@dataclass(frozen=True)
class Viewer:
    """`counties` None means the whole province."""

    person_id: UUID | None
    name: str
    may_read_precise: bool = False
    counties: frozenset[str] | None = None


LOCAL_OPERATOR = Viewer(None, "local operator", may_read_precise=True)
"""Whoever may run commands on the server's own machine; each of their readings of exact places is logged."""
PUBLIC = Viewer(None, "public")


@dataclass(frozen=True)
class Actor:
    """Who writes: a person through a device. `clock_offset`: server minus device, as the delivery showed it."""

    person_id: UUID
    device_id: UUID
    clock_offset: timedelta = timedelta()

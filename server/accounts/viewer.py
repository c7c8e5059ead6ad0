"""Who is looking. Every read takes one; the role decides only whether exact places may be read, never the level."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from server.accounts.rights import EVERY_RIGHT, READ_RECORDS, ROLES
from server.db import EVERYTHING
from shared.problems import Problem


@dataclass(frozen=True)
class Held:
    """A grant in force; `scopes`: the numbers of what it lets be seen (see server/accounts/README.md)."""

    role: str
    area_kind: str
    area_code: str
    taxon_group: str | None = None
    scopes: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Viewer:
    """`name` is what logs call the account, never a person's own name; `own` the scope of what the person recorded."""

    person_id: UUID | None
    name: str
    may_read_precise: bool = False
    held: tuple[Held, ...] = ()
    own: frozenset[int] = frozenset()
    rights: frozenset[str] = frozenset()
    scopes: frozenset[int] = frozenset()

    def require(self, right: str) -> None:
        if right not in self.rights:
            raise Problem("not_allowed")

    def within(self, right: str) -> "Viewer":
        """The same viewer, seeing only where this right is held; Problem `not_allowed` where it is held nowhere."""
        self.require(right)
        if not self.held:
            return self
        return _holding(self, tuple(one for one in self.held if right in ROLES[one.role]), right == READ_RECORDS)


def viewer(person_id: UUID, name: str, held: tuple[Held, ...], own: frozenset[int]) -> Viewer:
    return _holding(Viewer(person_id, name, own=own), held, own_too=True)


def _holding(one: Viewer, held: tuple[Held, ...], own_too: bool) -> Viewer:
    rights = frozenset().union(*(ROLES[grant.role] for grant in held))
    scopes = frozenset().union(*(grant.scopes for grant in held))
    return replace(one, held=held, rights=rights, scopes=scopes | one.own if own_too else scopes)


LOCAL_OPERATOR = Viewer(None, "local operator", may_read_precise=True, rights=EVERY_RIGHT, scopes=EVERYTHING)
"""Whoever may run commands on the server's own machine; each of their readings of exact places is logged."""
PUBLIC = Viewer(None, "public")


@dataclass(frozen=True)
class Actor:
    """Who writes: a person through a device. `clock_offset`: server minus device, as the delivery showed it. `follows_anybody`: an
    import on the server's own machine, which may bring a new version of any record. `agent`: the program that sent it, as it says.
    `others`: devices beside its own whose records it may bring."""

    person_id: UUID
    device_id: UUID
    clock_offset: timedelta = timedelta()
    follows_anybody: bool = False
    agent: str | None = None
    others: frozenset[UUID] = frozenset()

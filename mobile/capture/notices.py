"""The notice that is shown before anything is recorded of a person, and on what basis it is recorded; all of it works offline."""

from collections.abc import Callable
from typing import Any

from mobile.capture.problems import FieldProblem
from mobile.store.notices import Acceptance
from mobile.store.store import Store
from shared.notices import NOTICES, NoticeText
from shared.vocabulary import LEGAL_BASES

GUARDIAN_AGE = 14


class Notices:
    """`stamp` gives the tablet's own time, right or wrong."""

    def __init__(self, store: Store, stamp: Callable[[], str]) -> None:
        self._store = store
        self._stamp = stamp

    def text(self, kind: str) -> NoticeText:
        """The server's newest, where one was fetched; else the one that came with the app."""
        own, kept = NOTICES[kind], self._store.notices.kept_text(kind)
        return NoticeText(kept[0], own.title, kept[1]) if kept else own

    def accepted(self, kind: str) -> Acceptance | None:
        """What this tablet's person said to the notice in force."""
        latest = self._store.notices.latest(kind, self._store.identity.current().person_id)
        return latest if latest and latest.version == self.text(kind).version else None

    def accept(self, kind: str, basis: str, under_age: bool = False, guardian: bool = False) -> None:
        if basis not in LEGAL_BASES:
            raise FieldProblem("请先选择您的身份", "basis")
        if under_age and not guardian:
            raise FieldProblem(f"未满 {GUARDIAN_AGE} 周岁，须监护人在场并同意后才能记录", "guardian")
        person_id = self._store.identity.current().person_id
        given = Acceptance(self.text(kind).version, basis, True if under_age else None, self._stamp())
        self._store.notices.add(kind, person_id, given)

    def for_record(self, kind: str) -> dict[str, Any]:
        """As it travels with a record. FieldProblem before the notice was accepted."""
        given = self.accepted(kind)
        if given is None:
            raise FieldProblem("开始前请先阅读告知书并确认", "notice")
        return as_wire(given)


def as_wire(given: Acceptance) -> dict[str, Any]:
    return {
        "version": given.version,
        "basis": given.basis,
        "accepted_at": given.accepted_at,
        "guardian": given.guardian,
    }

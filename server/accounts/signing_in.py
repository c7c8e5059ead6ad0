"""From account and password to a console session; and the passwords themselves."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts import passwords, sessions, tokens, tries
from server.accounts.model import Person
from server.accounts.viewer import Viewer
from server.audit.service import log
from shared.clock import Clock
from shared.problems import Problem


def count_try(session: Session, clock: Clock, account: str) -> None:
    tries.count(session, clock, _subject(account))


def sign_in(session: Session, clock: Clock, account: str, password: str) -> str:
    """The secret for the cookie. Unknown, disabled, without a password or wrong: one answer after the same work."""
    person = session.scalar(select(Person).where(Person.account == account.strip().lower()))
    kept = person.password_hash if person is not None and person.disabled_at is None else None
    if not passwords.matches(password, kept) or person is None or kept is None:
        raise Problem("sign_in_failed")
    if passwords.is_dated(kept):
        person.password_hash = passwords.hashed(password)
    tries.forgive(session, _subject(account))
    return begin(session, clock, person, "password")


def begin(session: Session, clock: Clock, person: Person, by_what: str) -> str:
    secret = sessions.begin(session, clock, person.id)
    log(session, clock, str(person.id), "sign_in", str(person.id), {"by": by_what})
    return secret


def change_password(session: Session, clock: Clock, by: Viewer, current: str, new: str) -> None:
    """One's own; whoever sits at an open console does not get further than that console."""
    person = session.get(Person, by.person_id)
    if person is None or not passwords.matches(current, person.password_hash):
        raise Problem("sign_in_failed", "当前密码不对")
    set_password(session, clock, by, person, new)


def set_password(session: Session, clock: Clock, by: Viewer, person: Person, new: str) -> None:
    """All sessions end, and all personal tokens: whoever knew the old password may have made some."""
    if person.account is None:
        raise Problem("invalid", "先为此人设置账号，再设置密码", field="account")
    person.password_hash = passwords.hashed(new, person.account)
    sessions.end_all(session, clock, person.id)
    tokens.end_all(session, clock, person.id)
    log(session, clock, by.name, "set_password", str(person.id), {})


def _subject(account: str) -> str:
    return f"account:{account.strip().lower()}"

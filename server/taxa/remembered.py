"""What the lists say, read once a transaction: many batches of one import ask the same, and the lists stand still under them."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

_KEPT = "xiangye.taxa.remembered"
_Told = TypeVar("_Told")


def remembered(session: Session, key: Hashable, read: Callable[[], _Told]) -> _Told:
    """To be used by nothing that its caller may change."""
    if not session.in_transaction():
        return read()
    kept: dict[Hashable, Any] = session.info.setdefault(_KEPT, {})
    if key not in kept:
        kept[key] = read()
    told: _Told = kept[key]
    return told


def forget(session: Session) -> None:
    """After every writing to lists, taxa and names."""
    session.info.pop(_KEPT, None)


@event.listens_for(Session, "after_transaction_end")
def _at_the_end(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        forget(session)


@event.listens_for(Session, "after_soft_rollback")
def _taken_back(session: Session, _transaction: SessionTransaction) -> None:
    forget(session)

"""What the lists say, read once for as long as nobody writes to them: every batch of records asks the same.

Within a transaction an answer stands, however often it is asked for. Across transactions it is kept under the set of all transactions
that ever wrote to lists or taxa (kept by triggers): that set only grows, so another state of the lists never bears the same mark.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import event, text
from sqlalchemy.orm import Session, SessionTransaction

_KEPT = "xiangye.taxa.remembered"
_MARK = "mark"
_MOST = 12
_Told = TypeVar("_Told")
_Mark = tuple[str, int, int]
_across: OrderedDict[Hashable, Any] = OrderedDict()
_lock = threading.Lock()


def remembered(session: Session, key: Hashable, read: Callable[[], _Told]) -> _Told:
    """To be used by nothing that its caller may change."""
    kept: dict[Hashable, Any] = session.info.setdefault(_KEPT, {})
    if key not in kept:
        kept[key] = _kept_across(session, key, read)
    told: _Told = kept[key]
    return told


@dataclass(frozen=True)
class _Shelf:
    mark: _Mark | None
    told: dict[str, Any] = field(default_factory=dict)


def remembered_each(
    session: Session,
    of: str,
    keys: Set[str],
    read: Callable[[Set[str]], Mapping[str, _Told]],
    lasts: Callable[[_Told], bool],
) -> dict[str, _Told]:
    """By key, each kept for itself, without those that nothing is told of. `lasts`: what no record that comes can change; the rest is
    read every time."""
    shelf = remembered(session, ("each", of), lambda: _Shelf(_mark_at_first(session)))
    found: dict[str, _Told] = {key: shelf.told[key] for key in keys if key in shelf.told}
    unknown = keys - found.keys()
    if not unknown:
        return found
    told = read(unknown)
    if _mark(session) == shelf.mark:
        shelf.told.update({key: one for key, one in told.items() if lasts(one)})
    return found | dict(told)


def forget(session: Session) -> None:
    """After every writing to lists, taxa and names."""
    session.info.pop(_KEPT, None)


def _kept_across(session: Session, key: Hashable, read: Callable[[], _Told]) -> _Told:
    mark = _mark_at_first(session)
    if mark is None:
        return read()
    with _lock:
        if (mark, key) in _across:
            _across.move_to_end((mark, key))
            told: _Told = _across[mark, key]
            return told
    told = read()
    # Another transaction may have written while this one read: what was read then belongs under neither mark.
    if _mark(session) == mark:
        with _lock:
            _across[mark, key] = told
            while len(_across) > _MOST:
                _across.popitem(last=False)
    return told


_WRITINGS = text("""
    SELECT count(*), coalesce(bit_xor(hashtextextended(transaction_id::text || began_at::text, 0)), 0),
        coalesce(bool_or(transaction_id = pg_current_xact_id_if_assigned()::text::bigint), false)
    FROM xiangye.list_writing""")


def _mark_at_first(session: Session) -> _Mark | None:
    """One state of the lists for the whole of a transaction, as far as it was remembered."""
    kept: dict[Hashable, Any] = session.info.setdefault(_KEPT, {})
    if _MARK not in kept:
        kept[_MARK] = _mark(session)
    mark: _Mark | None = kept[_MARK]
    return mark


def _mark(session: Session) -> _Mark | None:
    """None in a transaction that itself wrote: nobody else may ever see what it sees."""
    count, mixed, own = session.execute(_WRITINGS).one()
    return None if own else (str(session.connection().engine.url), count, mixed)


@event.listens_for(Session, "after_transaction_end")
def _at_the_end(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        forget(session)


@event.listens_for(Session, "after_soft_rollback")
def _taken_back(session: Session, _transaction: SessionTransaction) -> None:
    forget(session)

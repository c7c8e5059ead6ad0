"""A record that was changed in two places: both values of each field side by side, and the choice of a person."""

from collections.abc import Iterable, Mapping

from mobile.capture.settlement import NOTHING, Settlement
from mobile.presenters.field_words import (
    IDENTIFIERS,
    LONGEST,
    NONE,
    as_it_came,
    name_of_field,
    order_of_field,
    words_of,
)
from mobile.presenters.observable import Presenter
from mobile.presenters.rows import ConflictOption, ConflictRow
from mobile.presenters.titles import SHOWN_KINDS, title_of
from mobile.store.conflicts import Claim, Conflict
from mobile.store.store import Store
from shared.clock import CHINA, parse_aware

KEEP, DELETE = "keep", "delete"
DELETION = "deletion"
"""Names the row of a deletion against an edit; no field has this name."""
HERE, UNKNOWN_AUTHOR, CLEARED = "这台平板", "另一处修改", "都不对，留空"
SAVED = "已保存在平板上，等待发送：服务器收到后，其他平板才会看到"
CONFIRMED_DELETION = "两处修改不一致，经核对确认删除"


class ConflictPresenter(Presenter):
    """`title`; `rows` (ConflictRow, one a field, or the deletion first); `left`: rows that still want a choice; `can_save`;
    `refusal`: why it cannot be settled here, in words; `is_open`: a conflict waits."""

    def __init__(self, store: Store, settlement: Settlement) -> None:
        super().__init__()
        self._store = store
        self._settlement = settlement
        self._conflict: Conflict | None = None
        self._chosen: dict[str, str] = {}
        self.record_id = ""
        self.title = ""
        self.rows: tuple[ConflictRow, ...] = ()
        self.left = 0
        self.can_save = False
        self.is_open = False
        self.refusal = ""

    def open(self, record_id: str) -> None:
        self.record_id, self._chosen = record_id, {}
        self.refresh()

    def refresh(self) -> None:
        """What was chosen stays, unless the versions are others now."""
        before, self._conflict = self._conflict, self._store.conflicts.of(self.record_id)
        conflict = self._conflict
        if before is None or conflict is None or before.heads != conflict.heads:
            self._chosen = {}
        record = self._store.outbox.find(SHOWN_KINDS, self.record_id)
        self.title = title_of(record) if record is not None else ""
        self.is_open = conflict is not None
        self.refusal = self._settlement.refusal(conflict) if conflict is not None else NOTHING
        self._show()

    def choose(self, row: str, key: str) -> None:
        if any(shown.name == row and key in {option.key for option in shown.options} for shown in self.rows):
            self._chosen[row] = key
            self._show()

    def save(self) -> bool:
        """One new version, or a tombstone, which waits in the outbox like any other."""
        conflict = self._conflict
        if conflict is None or not self.can_save:
            return False
        done = self.attempt(lambda: self._save(conflict))
        if done:
            self.refresh()
            self.say(SAVED, "ok")
        return done

    def _save(self, conflict: Conflict) -> None:
        if self._chosen.get(DELETION) == DELETE:
            self._settlement.delete(self.record_id, conflict.heads, CONFIRMED_DELETION)
            return
        chosen = {name: _claims(conflict, name)[self._chosen[name]] for name in conflict.fields}
        self._settlement.keep(self.record_id, conflict.heads, chosen)

    def _show(self) -> None:
        conflict = self._conflict
        shown = conflict is not None and not self.refusal
        self.rows = tuple(self._rows(conflict)) if conflict is not None and shown else ()
        self.left = sum(not any(option.chosen for option in row.options) for row in self.rows)
        self.can_save = bool(self.rows) and not self.left
        self.changed()

    def _rows(self, conflict: Conflict) -> Iterable[ConflictRow]:
        if conflict.deleted_heads:
            yield self._deletion(conflict)
            if self._chosen.get(DELETION) != KEEP:
                return
        for name in sorted(conflict.fields, key=order_of_field):
            yield ConflictRow(name, name_of_field(name), tuple(self._options(conflict, name)))

    def _deletion(self, conflict: Conflict) -> ConflictRow:
        edits = [head for head in conflict.heads if head not in conflict.deleted_heads]
        kept = self._option(conflict, DELETION, KEEP, "保留修改", edits, _summary(conflict.body or {}))
        gone = self._option(
            conflict, DELETION, DELETE, "确认删除", conflict.deleted_heads, "删除后不再计入统计，各处的修改都留存"
        )
        return ConflictRow(DELETION, "一处修改了这条记录，另一处删除了它", (kept, gone))

    def _options(self, conflict: Conflict, name: str) -> Iterable[ConflictOption]:
        claims = _claims(conflict, name)
        words = {key: words_of(name, claim.value) for key, claim in claims.items()}
        for key, claim in claims.items():
            alike = list(words.values()).count(words[key]) > 1 and claim.value is not None
            yield self._option(
                conflict,
                name,
                key,
                f"{words[key]}（{as_it_came(claim.value)[:LONGEST]}）" if alike else words[key],
                [claim.digest] if claim.digest else [],
                "" if claim.digest else CLEARED,
            )

    def _option(
        self, conflict: Conflict, row: str, key: str, words: str, digests: Iterable[str], detail: str = ""
    ) -> ConflictOption:
        who = "；".join(dict.fromkeys(self._who(conflict, digest) for digest in digests))
        return ConflictOption(key, words, who, detail, self._chosen.get(row) == key)

    def _who(self, conflict: Conflict, digest: str) -> str:
        written = conflict.versions.get(digest)
        if written is None:
            return UNKNOWN_AUTHOR
        here = f"（{HERE}）" if self._store.outbox.has(self.record_id, digest) else ""
        return f"{written.author_name or UNKNOWN_AUTHOR}{here}　{_when(written.saved_at)}".strip()


def _claims(conflict: Conflict, name: str) -> Mapping[str, Claim]:
    """By key. Values that only do not go together are each claimed once: then the field may be left empty instead."""
    found = {claim.digest: claim for claim in conflict.fields[name]}
    return found if len(found) > 1 else {**found, "": Claim("", None, False)}


def _summary(body: Mapping[str, object]) -> str:
    told = [
        name
        for name in sorted(body, key=order_of_field)
        if name not in IDENTIFIERS and words_of(name, body[name]) != NONE
    ]
    return "\n".join(f"{name_of_field(name)}：{words_of(name, body[name])}" for name in told)


def _when(at: str) -> str:
    try:
        return f"{parse_aware(at).astimezone(CHINA):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return ""

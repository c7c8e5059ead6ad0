"""My records: what was saved, where each stands, and why one still waits."""

from mobile.capture.answer import FORM as ANSWER_FORM
from mobile.presenters.observable import Presenter
from mobile.presenters.rows import Choice, RecordRow
from mobile.presenters.titles import FILTERS, SHOWN_KINDS, STATE_NAMES, photo_of, state_name_of, subtitle_of, title_of
from mobile.store.outbox import KeptRecord
from mobile.store.store import Store

PAGE = 100
LONGEST_IN_LIST = 100
UNTOUCHED = {"opened_at", "event_id", "amends", "observed_at"}  # what a form that was only looked at holds


class MyRecordsPresenter(Presenter):
    """`rows` (RecordRow, newest first); `filters` (Choice) and `filter`; `counts` per state; `has_more`."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._limit = PAGE
        rest = tuple(code for code in STATE_NAMES if code not in FILTERS)
        self.filters = (Choice("all", "全部"), *(Choice(code, STATE_NAMES[code]) for code in (*FILTERS, *rest)))
        self.filter = "all"
        self.rows: tuple[RecordRow, ...] = ()
        self.counts: dict[str, int] = {}
        self.has_more = False

    def refresh(self) -> None:
        self.counts = self._store.outbox.counts(SHOWN_KINDS)
        state = None if self.filter == "all" else self.filter
        kept = self._store.outbox.latest(SHOWN_KINDS, self._limit + 1, state)
        drafts = self._drafts() if self.filter in ("all", "draft") else []
        self.has_more = len(kept) > self._limit
        self.rows = tuple(drafts + [self._row(record) for record in kept[: self._limit]])
        self.changed()

    def set_filter(self, code: str) -> None:
        self.filter, self._limit = code, PAGE
        self.refresh()

    def more(self) -> None:
        self._limit += PAGE
        self.refresh()

    def _drafts(self) -> list[RecordRow]:
        return [
            RecordRow(
                d.draft_id,
                "draft",
                (d.values.get("taxon") or {}).get("verbatim_name") or "未完成的记录",
                d.started_at[:16].replace("T", " "),
                "draft",
                STATE_NAMES["draft"],
                "",
                None,
            )
            for d in self._store.drafts.all()
            if d.form != ANSWER_FORM and d.values.keys() - UNTOUCHED
        ]

    def _row(self, record: KeptRecord) -> RecordRow:
        reviews = self._store.reviews.of(record.record_id)
        latest = reviews[-1] if reviews else None
        said = _short(latest.message) if latest and record.state == latest.state and not latest.is_answer else ""
        return RecordRow(
            record.record_id,
            record.kind,
            title_of(record),
            subtitle_of(record),
            record.state,
            state_name_of(record.state, latest),
            said or record.reason,
            photo_of(self._store, record.record_id),
        )


def _short(words: str) -> str:
    """The beginning; all of it stands on the record's own screen."""
    line = " ".join(words.split())
    return line if len(line) <= LONGEST_IN_LIST else f"{line[:LONGEST_IN_LIST]}…"

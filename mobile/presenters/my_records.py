"""My records: what was saved, where each stands, and why one still waits."""

from mobile.capture.recorder import Recorder
from mobile.presenters.observable import Presenter
from mobile.presenters.rows import Choice, RecordRow
from mobile.presenters.titles import STATE_NAMES, photo_of, subtitle_of, title_of
from mobile.store.outbox import KeptRecord
from mobile.store.store import Store

PAGE = 100
UNTOUCHED = {"opened_at", "event_id"}  # what a form that was only looked at holds
SHOWN_KINDS = ("occurrence", "event", "patrol", "finding")


class MyRecordsPresenter(Presenter):
    """`rows` (RecordRow, newest first); `filters` (Choice) and `filter`; `counts` per state; `has_more`."""

    def __init__(self, store: Store, recorder: Recorder) -> None:
        super().__init__()
        self._store = store
        self._recorder = recorder
        self._limit = PAGE
        self.filters = (Choice("all", "全部"), *(Choice(code, name) for code, name in STATE_NAMES.items()))
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

    def withdraw(self, record_id: str, reason: str = "") -> bool:
        """A tombstone of the record; the record itself stays, and the server is told."""
        done = self.attempt(lambda: self._recorder.withdraw(record_id, reason or "记录人撤回"))
        if done:
            self.refresh()
            self.say("已撤回", "ok")
        return done

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
            if d.values.keys() - UNTOUCHED
        ]

    def _row(self, record: KeptRecord) -> RecordRow:
        return RecordRow(
            record.record_id,
            record.kind,
            title_of(record),
            subtitle_of(record),
            record.state,
            STATE_NAMES[record.state],
            record.reason,
            photo_of(self._store, record.record_id),
        )

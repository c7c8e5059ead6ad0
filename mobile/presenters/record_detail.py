"""One of my records: where it stands, what reviewers said and I answered, and the answer to an open question."""

from mobile.capture.answer import AnswerCapture
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Recorder
from mobile.capture.settlement import Settlement
from mobile.presenters.form import SAVED
from mobile.presenters.observable import Presenter
from mobile.presenters.rows import HistoryRow
from mobile.presenters.species_picker import SpeciesPicker
from mobile.presenters.titles import SHOWN_KINDS, STATE_NAMES, photo_of, state_name_of, subtitle_of, title_of
from mobile.store.outbox import KeptRecord
from mobile.store.reviews import Review
from mobile.store.store import Store
from shared.clock import CHINA, parse_aware

DIFFERENT = "这条记录在两处修改过，内容不一致。各处的修改都已保存，请选定哪一个正确。"
NOT_PULLED = "这条记录在两处修改过，内容不一致。各处的修改都已保存；同步后可在这里查看和选定。"
ELSEWHERE = "别处还有更新的修改：这里显示的是这台平板上的版本"
SETTLED_HERE = "两处的修改已在这台平板上选定，已保存，等待发送：服务器收到后，其他平板才会看到。"
ANSWER_STATES = {"waiting": "等待发送", "sent": "等待发送", "held": "已送达", "quarantined": "服务器未收下"}


class RecordDetailPresenter(Presenter):
    """`title`, `subtitle`, `state`, `state_name`, `reason`, `photo_path`; `history` (HistoryRow, oldest first); `question` (the
    reviewer's words, empty where nothing is asked), then `answer_text`, `taxon_text`, `picker`; `can_withdraw`; `can_amend`: it
    is sealed, and may be filled in anew (RecordPresenter.amend); `conflict_text`, where it was changed in two places (else empty), and
    `can_settle` whether that can be settled on the conflict's screen (ConflictPresenter)."""

    def __init__(
        self, store: Store, recorder: Recorder, answer: AnswerCapture, picker: SpeciesPicker, settlement: Settlement
    ) -> None:
        super().__init__()
        self._settlement = settlement
        self._store = store
        self._recorder = recorder
        self._answer = answer
        self.picker = picker
        self.record_id = ""
        self.title = ""
        self.subtitle = ""
        self.state = ""
        self.state_name = ""
        self.reason = ""
        self.photo_path: str | None = None
        self.history: tuple[HistoryRow, ...] = ()
        self.question = ""
        self.answer_text = ""
        self.taxon_text = ""
        self.can_withdraw = False
        self.can_amend = False
        self.conflict_text = ""
        self.can_settle = False

    def open(self, record_id: str) -> None:
        self.record_id = record_id
        self._answer.put_away()
        self.picker.reset()
        self.refresh()

    def refresh(self) -> None:
        record = self._store.outbox.find(SHOWN_KINDS, self.record_id)
        if record is None:
            return
        reviews = self._store.reviews.of(self.record_id)
        latest = reviews[-1] if reviews else None
        self.title, self.subtitle = title_of(record), subtitle_of(record)
        self.state, self.reason = record.state, record.reason
        if not self.reason and self._store.conflicts.followed_elsewhere(self.record_id):
            self.reason = ELSEWHERE
        self.state_name = state_name_of(record.state, latest)
        self.photo_path = photo_of(self._store, record.record_id)
        self._show_conflict(record)
        self.can_withdraw = record.state not in ("withdrawn", "conflict")
        self.can_amend = (
            self.can_withdraw and record.is_sealed and not record.is_damaged and record.kind == "occurrence"
        )
        self.history = self._history(record, reviews)
        self.question = (latest.message or "请补充说明") if latest and record.state == "asked" else ""
        self._show_answer(latest)
        self.changed()

    def set_answer(self, text: str) -> bool:
        """Kept in a draft at once."""
        return self._fill(answer=text.strip() or None)

    def choose(self, key: str) -> bool:
        """What the observer now takes it for: a row of the picker."""
        species = self.picker.by_key(key)
        return species is not None and self._fill(taxon=species.as_taxon())

    def clear_taxon(self) -> bool:
        return self._fill(taxon=None)

    def send(self) -> bool:
        """Saves the answer like any record; it goes with the next sync."""
        done = self.attempt(self._send)
        if done:
            self.refresh()
            self.say(f"{SAVED}，下次同步时送达", "ok")
        return done

    def withdraw(self, reason: str = "") -> bool:
        """A tombstone of the record; the record itself stays, and the server is told."""
        done = self.attempt(lambda: self._recorder.withdraw(self.record_id, reason or "记录人撤回"))
        if done:
            self.refresh()
            self.say("已撤回", "ok")
        return done

    def _fill(self, **values: object) -> bool:
        done = self.attempt(lambda: self._keep(values))
        if done:
            self.refresh()
        return done

    def _keep(self, values: dict[str, object]) -> None:
        if not self._answer.is_open:
            self._answer.begin(**self._asked())
        self._answer.set_all(**values)

    def _asked(self) -> dict[str, str | None]:
        record = self._store.outbox.find(SHOWN_KINDS, self.record_id)
        reviews = self._store.reviews.of(self.record_id)
        if record is None or record.is_damaged or not reviews or record.state != "asked":
            raise FieldProblem("这条记录没有待答复的提问", "answer")
        return {
            "survey_id": record.body["survey_id"],
            "dataset_id": record.body.get("dataset_id"),
            "occurrence_id": self.record_id,
            "decision_id": reviews[-1].decision_id,
        }

    def _send(self) -> None:
        self._asked()
        if not self._answer.is_open:
            raise FieldProblem("请先写下答复", "answer")
        self._answer.confirm()

    def _show_conflict(self, record: KeptRecord) -> None:
        conflict = self._store.conflicts.of(self.record_id) if record.state == "conflict" else None
        refusal = self._settlement.refusal(conflict) if conflict is not None else NOT_PULLED
        self.can_settle = not refusal
        self.conflict_text = (refusal or DIFFERENT) if record.state == "conflict" else ""
        if record.state == "settled":
            self.conflict_text = SETTLED_HERE

    def _show_answer(self, latest: Review | None) -> None:
        if self.question and latest and not self._answer.is_open:
            self._answer.take_up(self.record_id, latest.decision_id)
        values = self._answer.values if self.question else {}
        taxon = values.get("taxon")
        self.answer_text = values.get("answer") or ""
        self.taxon_text = (taxon["name_zh"] or taxon["verbatim_name"]) if taxon else ""

    def _history(self, record: KeptRecord, reviews: list[Review]) -> tuple[HistoryRow, ...]:
        """In the server's order, each answer behind its question: clocks of tablets are not to be trusted."""
        found = (self._store.outbox.newest_version(one) for one in self._store.reviews.answers_to(self.record_id))
        answers = [answer for answer in found if answer is not None]
        first, *later = self._store.outbox.versions(record.record_id)
        rows = [_row(first.saved_at, "我", "保存记录")]
        for review in reviews:
            if review.state != "pending" and not review.is_answer:
                rows.append(_row_of(review))
            if review.state == "asked":
                rows += [_row_of_answer(one) for one in answers if one.body.get("decision_id") == review.decision_id]
        settled = [one for one in later if one.record.get("merged_digests")]
        return (*rows, *(_row(one.saved_at, "我", f"选定两处的修改（{_arrived(one)}）") for one in settled))


def _arrived(one: KeptRecord) -> str:
    return ANSWER_STATES.get(one.state, STATE_NAMES.get(one.state, ""))


def _row(at: str, who: str, what: str, words: str = "") -> HistoryRow:
    try:
        when = f"{parse_aware(at).astimezone(CHINA):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        when = ""
    return HistoryRow(when, who, what, words)


def _row_of(review: Review) -> HistoryRow:
    what = "提问" if review.state == "asked" else state_name_of(review.state, review)
    return _row(review.decided_at, review.decided_by or "审核员", what, review.message)


def _row_of_answer(answer: KeptRecord) -> HistoryRow:
    taxon = answer.body.get("taxon") or {}
    name = taxon.get("name_zh") or taxon.get("verbatim_name") or taxon.get("scientific_name")
    words = "\n".join(filter(None, (answer.body["answer"], f"现认为是：{name}" if name else "")))
    return _row(answer.saved_at, "我", f"答复（{_arrived(answer)}）", words)

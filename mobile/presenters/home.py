"""Home: six tiles and the state of the tablet."""

from mobile.device.ports import Storage
from mobile.presenters.observable import Presenter
from mobile.presenters.patrol import PatrolPresenter
from mobile.presenters.position import PositionPresenter
from mobile.presenters.rows import SurveyRow, Tile
from mobile.presenters.team import place_lines, team_lines
from mobile.presenters.titles import SHOWN_KINDS
from mobile.store.store import Store

TILES = (
    Tile("record", "记录物种"),
    Tile("photo", "拍照"),
    Tile("patrol", "巡护"),
    Tile("transect", "鸟类样线"),
    Tile("invasive", "入侵植物样地"),
    Tile("my_records", "我的记录"),
    Tile("sync", "同步"),
)


class HomePresenter(Presenter):
    """`tiles`; `enrolled`, `person_name`, `surveys` (SurveyRow), `survey_title`, `place_lines`, `team_lines`; `waiting_records`, `waiting_photos`,
    `waiting_text` and `all_delivered` (the province has all of it and can read it); `asked_count` (questions of reviewers that wait for
    an answer) and `asked_text`; `conflict_count` (records that were changed in two places) and `conflict_text`; `patrol_text` (empty when
    no patrol runs); `position` (PositionPresenter); `free_mb`, `storage_low`."""

    def __init__(self, store: Store, storage: Storage, position: PositionPresenter, patrol: PatrolPresenter) -> None:
        super().__init__()
        self._store = store
        self._storage = storage
        self._patrol = patrol
        self.position = position
        self.tiles = TILES
        self.enrolled = False
        self.person_name = ""
        self.survey_title = ""
        self.place_lines: tuple[str, ...] = ()
        self.team_lines: tuple[str, ...] = ()
        self.surveys: tuple[SurveyRow, ...] = ()
        self.waiting_records = 0
        self.waiting_photos = 0
        self.waiting_text, self.all_delivered = "", False
        self.asked_count = 0
        self.asked_text = ""
        self.conflict_count = 0
        self.conflict_text = ""
        self.patrol_text = ""
        self.free_mb = 0
        self.storage_low = False

    def refresh(self) -> None:
        identity = self._store.identity.current()
        self.enrolled = identity.enrolled
        self.person_name = identity.person_name
        surveys = self._store.surveys.all()
        self.surveys = tuple(SurveyRow(s.survey_id, s.title, s.chosen) for s in surveys)
        self.survey_title = next((s.title for s in surveys if s.chosen), "未选择调查项目")
        self.place_lines = place_lines(self._store)
        self.team_lines = team_lines(self._store)
        self.waiting_records = self._store.outbox.waiting_count()
        self.waiting_photos = self._store.media.waiting_count()
        self.asked_count = self._store.reviews.asked_count()
        self.asked_text = f"{self.asked_count} 条记录待补充" if self.asked_count else ""
        self.conflict_count = self._store.conflicts.open_count(SHOWN_KINDS)
        self.conflict_text = f"{self.conflict_count} 条记录两处修改不一致" if self.conflict_count else ""
        self.waiting_text = self._how_far()
        self.patrol_text = f"巡护中 {self._patrol.distance_text}" if self._patrol.state in ("running", "paused") else ""
        self.free_mb = self._storage.free_bytes() // 1_000_000
        self.storage_low = self.free_mb < 300
        self.changed()

    def _how_far(self) -> str:
        """What is not delivered; versions that disagree are, and are named here where no key leads to them."""
        at, words = self._store.outbox.standing(), []
        if self.waiting_records or self.waiting_photos:
            words.append(f"待发送 {self.waiting_records} 条，照片 {self.waiting_photos} 张")
        if at.quarantined:
            words.append(f"服务器未收下 {at.quarantined} 条")
        self.all_delivered = not words
        if self.all_delivered:
            words.append("全部已送达")
        if at.conflicts and not self.conflict_count:
            words.append(f"两处不一致 {at.conflicts} 条，待处理")
        return "；".join(words)

    def choose_survey(self, survey_id: str) -> None:
        if not self._store.surveys.choose(survey_id):
            self.say("没有这个调查项目", "error")
            return
        self.refresh()

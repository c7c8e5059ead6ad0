"""The notice before the first track: what is recorded, how long, on what basis; accepted once for each version."""

from mobile.capture.notices import GUARDIAN_AGE, Notices
from mobile.capture.problems import FieldProblem
from mobile.presenters.observable import Presenter
from mobile.presenters.rows import Choice
from shared.notices import TRACK, VOLUNTEER
from shared.vocabulary import LEGAL_BASES, label

ROLES = (
    Choice("duty", "护林、执法、保护地工作人员"),
    Choice("employment", "受聘调查人员"),
    Choice("consent", "志愿者"),
)
AGES = (Choice("adult", f"已满 {GUARDIAN_AGE} 周岁"), Choice("minor", f"未满 {GUARDIAN_AGE} 周岁"))


class NoticePresenter(Presenter):
    """`title`, `text`, `version_text`; `roles` (Choice) and `role`, `basis_text`; `ages` (Choice) and `age`, asked of volunteers
    only (`asks_age`); `guardian`, asked for those under 14 (`asks_guardian`); `can_accept`; `needed` before a track may begin;
    `accepted_text`."""

    def __init__(self, notices: Notices) -> None:
        super().__init__()
        self._notices = notices
        self.title = ""
        self.text = ""
        self.version_text = ""
        self.roles = ROLES
        self.ages = AGES
        self.role: str | None = None
        self.age: str | None = None
        self.guardian = False
        self.basis_text = ""
        self.accepted_text = ""
        self.needed = True
        self.can_accept = False
        self.asks_age = False
        self.asks_guardian = False

    def open(self) -> None:
        """What was said before to this version is shown; a new version is asked anew."""
        given = self._notices.accepted(TRACK)
        self.role = given.basis if given else None
        self.age = None if given is None or given.basis != "consent" else "minor" if given.guardian else "adult"
        self.guardian = bool(given and given.guardian)
        self.refresh()

    def refresh(self) -> None:
        notice, given = self._notices.text(TRACK), self._notices.accepted(TRACK)
        self.title, self.text, self.version_text = notice.title, notice.text, f"版本 {notice.version}"
        self.needed = given is None
        self.accepted_text = (
            f"已于 {given.accepted_at[:16].replace('T', ' ')} 确认（{label(LEGAL_BASES, given.basis)}）"
            if given
            else ""
        )
        self.basis_text = f"处理依据：{label(LEGAL_BASES, self.role)}" if self.role else ""
        self.asks_age = self.role == "consent"
        self.asks_guardian = self.asks_age and self.age == "minor"
        if self.asks_age:
            volunteer = self._notices.text(VOLUNTEER)
            self.text += f"\n\n{volunteer.title}（版本 {volunteer.version}）\n{volunteer.text}"
        self.can_accept = bool(self.role) and (not self.asks_age or self.age is not None)
        self.can_accept = self.can_accept and (not self.asks_guardian or self.guardian)
        self.changed()

    def choose_role(self, code: str | None) -> None:
        self.role = code
        self.refresh()

    def choose_age(self, code: str | None) -> None:
        self.age, self.guardian = code, False
        self.refresh()

    def set_guardian(self, agrees: bool) -> None:
        self.guardian = agrees
        self.refresh()

    def accept(self) -> bool:
        """Kept with its time, at once; works without a network."""
        minor = self.asks_age and self.age == "minor"
        done = self.attempt(lambda: self._accept(minor))
        if done:
            self.refresh()
            self.say("已确认，可以开始", "ok")
        return done

    def _accept(self, minor: bool) -> None:
        if self.asks_age and self.age is None:
            raise FieldProblem("请选择是否已满 14 周岁", "age")
        if self.asks_age:
            self._notices.accept(VOLUNTEER, "consent", minor, self.guardian)
        self._notices.accept(TRACK, self.role or "", minor, self.guardian)

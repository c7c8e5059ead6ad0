"""Sync: what is on the tablet, what the server holds, what waits and why, in words."""

from collections.abc import Callable

from mobile.device.ports import DeviceFailure, Scanner
from mobile.presenters.observable import Presenter
from mobile.store.media import SentKind
from mobile.store.store import Store
from mobile.sync.by_itself import ByItself
from mobile.sync.failures import NotReady
from mobile.sync.invitation import safe_address
from mobile.sync.report import SyncReport
from mobile.sync.session import NEW_ADDRESS, SyncSession
from mobile.sync.uploads import in_megabytes

Runner = Callable[[Callable[[], None]], None]


def run_here(work: Callable[[], None]) -> None:
    work()


class SyncPresenter(Presenter):
    """`enrolled`, `person_name`, `device_name`, `server_url`; `on_tablet`, `at_server`, `waiting_records`, `waiting_photos`,
    `photos_at_server`; `lines` (the state in words); `problems` (what hinders, in words), `warnings` (what to know of the last run,
    though it hindered nothing and stands in no line); `running`, `progress`; `report`
    (SyncReport of the last run, or None); `clock_text` (a wrong tablet clock in words, else empty); `refused`: the server no longer
    knows this tablet, with `refused_text` saying what to do; `wifi_text`: originals that wait for a network without a price, in words
    (empty where none do: then there is nothing to `send_originals_now`); `originals_wait`, `copies_wait`: whether these ever do;
    `by_itself`: whether it syncs without a hand, as often as `look` is called and something is due."""

    def __init__(
        self,
        store: Store,
        session: SyncSession,
        scanner: Scanner,
        by_itself: ByItself,
        runner: Runner = run_here,
        post: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        super().__init__(post)
        self._store = store
        self._session = session
        self._scanner = scanner
        self._runner = runner
        self.enrolled = False
        self.person_name = ""
        self.device_name = ""
        self.server_url = ""
        self.on_tablet = 0
        self.at_server = 0
        self.waiting_records = 0
        self.waiting_photos = 0
        self.photos_at_server = 0
        self.standing = store.outbox.standing()
        self.lines: tuple[str, ...] = ()
        self.problems: tuple[str, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.running = False
        self.progress = ""
        self.report: SyncReport | None = None
        self.clock_text = ""
        self.refused = False
        self.refused_text = ""
        self.wifi_text = ""
        self.originals_wait, self.copies_wait = True, False
        self._by_itself = by_itself
        self.by_itself = by_itself.is_on()

    def refresh(self) -> None:
        identity = self._store.identity.current()
        self.enrolled, self.person_name, self.device_name = (
            identity.enrolled,
            identity.person_name,
            identity.device_name,
        )
        self.server_url = self._store.identity.server_url()
        outbox, media = self._store.outbox, self._store.media
        self.standing = outbox.standing()
        self.on_tablet, self.at_server = self.standing.records, self.standing.held
        self.waiting_records, self.waiting_photos = self.standing.waiting, media.waiting_count()
        self.photos_at_server = media.held_count()
        self.wifi_text = self._session.wifi_words()
        self.originals_wait, self.copies_wait = media.wait_for_wifi(), media.wait_for_wifi("copy")
        self.by_itself = self._by_itself.is_on()
        self.lines = tuple(self._words())
        self.clock_text = self._store.identity.clock_words()
        told = (*self.lines, self.clock_text)
        self.warnings = tuple(words for words in (self.report.warnings if self.report else ()) if words not in told)
        moved = self._store.identity.moved()
        self.refused = self.enrolled and (moved or bool(self._store.identity.setting("credential_refused")))
        self.refused_text = NEW_ADDRESS if moved else self._refused_words() if self.refused else ""
        self.changed()

    def set_server(self, url: str) -> None:
        """The server's address; kept for the next start."""
        try:
            self._store.identity.set_server_url(safe_address(url) if url.strip() else "")
        except NotReady as failure:
            self.say(str(failure), "error")
            return
        self.refresh()

    def set_ca_bundle(self, path: str) -> None:
        """The file with the root certificate of a server that signs its own; empty: those that the system trusts."""
        self._store.identity.keep(ca_bundle=path.strip())
        self.refresh()

    def scan(self, name: str | None = None) -> str:
        """The text of a QR code for the code field; empty, with words, where none was read."""
        try:
            return self._scanner.scan(name)
        except DeviceFailure as failure:
            self.say(str(failure), "error")
            return ""

    def enrol(self, code: str, device_name: str = "") -> bool | None:
        """Enrols the tablet with a code, or with the text of a QR code, then fetches surveys and the species pack. In the
        background (a window) returns None at once and tells the outcome by `message`; else True or False."""
        return self._start(
            lambda: self._session.enrol(code.strip(), device_name.strip() or "平板"),
            "正在登记…",
            "登记成功",
            lambda: True,
        )

    def sync(self, originals_now: bool = False) -> bool | None:
        """Sends what waits, then photos, then fetches. Return as in `enrol`; True only if nothing waits any more. `originals_now`
        sends them whatever the network costs."""
        return self._start(
            lambda: self._session.run(self._tell, originals_now=originals_now),
            "正在同步…",
            "同步完成",
            self._nothing_waits,
        )

    def look(self) -> None:
        """To be called every few seconds while the app lives. Begins a sync that is due; says nothing on other screens when it is over:
        nobody asked for it, and a bad line is no news. This screen tells of it."""
        if not self.running and self._by_itself.is_due():
            self.running, self.progress = True, "正在自动同步…"
            self.changed()
            self._runner(lambda: self._met(lambda: self._session.run(self._tell, by_hand=False)))

    def sync_by_itself(self, on: bool) -> None:
        """Kept for the next start."""
        self._by_itself.turn(on)
        self.refresh()

    def let_wait(self, kind: SentKind, wait: bool) -> None:
        """Whether originals, or small copies, are sent only where that costs nothing; kept for the next start."""
        self._store.media.set_wait_for_wifi(wait, kind)
        self.refresh()

    def send_originals_now(self) -> bool | None:
        """A person would rather pay than wait."""
        return self.sync(originals_now=True)

    def _start(
        self, work: Callable[[], SyncReport], begun: str, done: str, finished: Callable[[], bool]
    ) -> bool | None:
        if self.running:
            return None
        self.running, self.progress = True, begun
        self.say("", "")
        outcome: list[bool] = []
        self._runner(lambda: outcome.append(self._work(work, done, finished)))
        return outcome[0] if outcome else None

    def _work(self, work: Callable[[], SyncReport], done: str, finished: Callable[[], bool]) -> bool:
        self._met(work)
        if self.problems:
            self.say(self.problems[0], "error")
        elif not finished():
            self.say(self.lines[-1], "warn")
        else:
            self.say(done, "ok")
        return not self.problems and finished()

    def _met(self, work: Callable[[], SyncReport]) -> None:
        failed = True
        try:
            self.report = work()
            failed = bool(self.report.problems)
        finally:
            self.running, self.progress = False, ""
            self._by_itself.over(failed)
        self.problems = tuple(self.report.problems)
        self.refresh()

    def _nothing_waits(self) -> bool:
        """At the province is what it can read; a photo of which it has custody."""
        return not (self.waiting_records or self.waiting_photos or self.standing.quarantined)

    def _tell(self, words: str) -> None:
        self.progress = words
        self.changed()

    def _refused_words(self) -> str:
        waits = (
            f"，其中 {self.waiting_records} 条记录、{self.waiting_photos} 张照片尚未送达"
            if self.waiting_records or self.waiting_photos
            else ""
        )
        return (
            f"服务器已注销这台平板的凭证，暂时不能同步。平板上的 {self.on_tablet} 条记录都还在{waits}，可以继续记录。\n"
            f"请向项目管理员索取新的登记码，由 {self.person_name} 本人在下面重新登记；登记后未送达的记录会自动补送。"
        )

    def _how_much(self) -> str:
        """Bytes of the originals, and when it is tried next without a hand."""
        left, soonest = self._store.media.bytes_left(), self._by_itself.next_try(self.standing.next_try)
        size = f"（照片还有 {in_megabytes(left)}）" if self.waiting_photos else ""
        return f"{size}；下次自动尝试 {soonest:%m月%d日 %H:%M}" if soonest and self.waiting_records else size

    def _unsettled(self) -> list[str]:
        at = self.standing
        lines = (
            [f"{at.quarantined} 条记录服务器未收下（原文在平板和服务器上都已留存，原因如下；处理后再同步即可）"]
            if at.quarantined
            else []
        )
        return [*lines, f"{at.conflicts} 条记录有不同版本，待人工处理（各版本都已保存）"] if at.conflicts else lines

    def _words(self) -> list[str]:
        lines = [
            f"平板上共 {self.on_tablet} 条记录，服务器已收到 {self.at_server} 条，照片已送达 {self.photos_at_server} 张"
        ]
        if self.waiting_records or self.waiting_photos:
            lines.append(f"还有 {self.waiting_records} 条记录、{self.waiting_photos} 张照片等待发送{self._how_much()}")
        lines += [*self._unsettled(), *filter(None, [self._store.pulled.words()])]
        lines += [f"{count} 条：{reason}" for reason, count in self._store.outbox.reasons()]
        lines += [f"{count} 张照片：{reason}" for reason, count in self._store.media.reasons()]
        return lines + [
            words for words in (self._store.twins.words(), self._store.copies.failure(), self.wifi_text) if words
        ]

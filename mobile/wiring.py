"""The composition root: from a data folder and a server address to a field app without a window."""

from collections.abc import Callable
from pathlib import Path

from mobile.capture.answer import AnswerCapture
from mobile.capture.camera import PhotoDesk
from mobile.capture.finding import FindingCapture
from mobile.capture.invasive import InvasiveCapture
from mobile.capture.patrol import PatrolCapture
from mobile.capture.recorder import Recorder
from mobile.capture.settlement import Settlement
from mobile.capture.sighting import SightingCapture
from mobile.capture.transect import TransectCapture
from mobile.device.ports import Device, Use
from mobile.presenters.carrying import CarryingPresenter
from mobile.presenters.conflict import ConflictPresenter
from mobile.presenters.home import HomePresenter
from mobile.presenters.invasive import InvasivePresenter
from mobile.presenters.my_records import MyRecordsPresenter
from mobile.presenters.notice import NoticePresenter
from mobile.presenters.patrol import FindingPresenter, PatrolPresenter
from mobile.presenters.photo import PhotoPresenter
from mobile.presenters.position import PositionPresenter
from mobile.presenters.record import RecordPresenter
from mobile.presenters.record_detail import RecordDetailPresenter
from mobile.presenters.species_picker import SpeciesPicker
from mobile.presenters.sync import Runner, SyncPresenter, run_here
from mobile.presenters.transect import TransectPresenter
from mobile.species.entry import Species
from mobile.species.likely import Guide
from mobile.store.store import Store
from mobile.sync.by_itself import ByItself
from mobile.sync.session import SyncSession
from mobile.vault import Vault
from shared.vocabulary import TARGET_GROUPS


class Field:
    """The whole app: one presenter per screen. Call `tick()` about once a second on the window's thread, `close()` at the end."""

    def __init__(
        self, store: Store, device: Device, runner: Runner, post: Callable[[Callable[[], None]], None] | None
    ) -> None:
        self.store = store
        self.device = device
        self.recorder = Recorder(store, device.clock, device.storage, Vault(store, device.sealing))
        self.session = SyncSession(store, device)
        desk = PhotoDesk(store, device, self.recorder.now)
        self.position = PositionPresenter(device.clock)
        self.guide = Guide(lambda: store.packs.path("taxa"), lambda: self.position.fix, device.clock)
        self.record = RecordPresenter(SightingCapture(self.recorder, store.drafts), desk, self.position, self._picker())
        self.photo = PhotoPresenter(self.record)
        finding = FindingPresenter(FindingCapture(self.recorder, store.drafts), desk, self.position)
        self.patrol = PatrolPresenter(PatrolCapture(self.recorder, store), desk, self.position, finding)
        birds = self._picker(lambda species: species.group_zh == TARGET_GROUPS["birds"])
        invaders = self._picker(lambda species: species.invasive)
        self.transect = TransectPresenter(TransectCapture(self.recorder, store), desk, self.position, birds)
        self.invasive = InvasivePresenter(InvasiveCapture(self.recorder, store.drafts), desk, self.position, invaders)
        self.my_records = MyRecordsPresenter(store)
        answer = AnswerCapture(self.recorder, store.drafts)
        settlement = Settlement(self.recorder)
        self.record_detail = RecordDetailPresenter(store, self.recorder, answer, self._picker(), settlement)
        self.conflict = ConflictPresenter(store, settlement)
        self.notice = NoticePresenter(self.recorder.notices)
        self.sync = SyncPresenter(store, self.session, device.scanner, ByItself(store, device), runner, post)
        self.carrying = CarryingPresenter(store, device, runner, post)
        self.home = HomePresenter(store, device.storage, self.position, self.patrol)
        self._in_front = True
        self._wanted: Use = ""

    @property
    def tracking(self) -> bool:
        """Whether a track is being recorded now: only in a patrol that is not paused, or in a transect."""
        return self.patrol.state == "running" or self.transect.state == "running"

    def start(self) -> None:
        """Takes up what was left running and shows the first state."""
        self.patrol.restore()
        self.transect.restore()
        self.notice.open()
        self.sync.refresh()
        self.home.refresh()

    def tick(self) -> None:
        """Carries new positions to whoever needs them. Where nobody does, none is asked for."""
        self._tell_location()
        fixes = self.device.location.poll() if self._wanted else []
        self.recorder.heard_gnss(fixes)
        self.position.receive(fixes)
        for walk in (self.patrol, self.transect):
            if fixes:
                walk.receive(fixes)
            else:
                walk.keep_time()

    def look(self) -> None:
        """Every few seconds, where a window is open: syncs without a hand, as long as nothing else is under way."""
        if not self.carrying.running:
            self.sync.look()

    def show(self, in_front: bool) -> None:
        """Whether the app can be seen: behind another one it asks for positions only for a track."""
        self._in_front = in_front
        self._tell_location()

    def _tell_location(self) -> None:
        wanted: Use = "track" if self.tracking else "screen" if self._in_front else ""
        if wanted != self._wanted:
            self._wanted = wanted
            self.device.location.want(wanted)

    def flush(self) -> None:
        """Writes what is still in memory; call before the system may end the app."""
        self.patrol.patrol.flush()
        self.transect.transect.flush()

    def close(self) -> None:
        self.flush()
        self.store.close()

    def _picker(self, fits: Callable[[Species], bool] = lambda _: True) -> SpeciesPicker:
        return SpeciesPicker(self.store.packs.species, self.store.outbox.recent_species, self.guide, fits)


def build(
    data_dir: Path,
    device: Device,
    server_url: str | None = None,
    runner: Runner = run_here,
    post: Callable[[Callable[[], None]], None] | None = None,
    ca_bundle: Path | None = None,
) -> Field:
    """A window passes a `runner` that works in a thread and a `post` that carries callbacks to its own."""
    store = Store(data_dir, device.keystore)
    store.traces.clear()
    store.copies.daily(device.clock.now())
    if server_url:
        store.identity.set_server_url(server_url)
    if ca_bundle:
        store.identity.keep(ca_bundle=str(ca_bundle.resolve()))
    field = Field(store, device, runner, post)
    field.start()
    return field

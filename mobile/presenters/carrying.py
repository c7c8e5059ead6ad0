"""Where there is no line to the province: by a station of the local network, or by a file on a stick, and the receipts that come back."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from mobile.device.ports import Device
from mobile.presenters.observable import Level, Presenter
from mobile.presenters.sync import Runner, run_here
from mobile.rescue.writing import RescueFailure, Tools, rescue
from mobile.store.store import Store
from mobile.sync.custody import ReceiptsRefused, Taken, take_file
from mobile.sync.failures import NotReady
from mobile.sync.station import StationVisit, station_address

RECEIPTS = "*.receipts.json"


class CarryingPresenter(Presenter):
    """`station_url` and `folder` (of the stick, as text) are kept for the next start; `running` while something goes on; `lines` say
    what was done last, in words."""

    def __init__(
        self,
        store: Store,
        device: Device,
        runner: Runner = run_here,
        post: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        super().__init__(post)
        self._store = store
        self._device = device
        self._runner = runner
        self.running = False
        self.lines: tuple[str, ...] = ()
        self.station_url = store.identity.setting("station_url") or ""
        self.folder = store.identity.setting("carrying_folder") or ""

    def set_station(self, url: str) -> None:
        try:
            self.station_url = station_address(url) if url.strip() else ""
        except NotReady as failure:
            self.say(str(failure), "error")
            return
        self._store.identity.keep(station_url=self.station_url)
        self.changed()

    def set_folder(self, folder: str) -> None:
        self.folder = folder.strip()
        self._store.identity.keep(carrying_folder=self.folder)
        self.changed()

    def visit_station(self) -> None:
        """Leaves what waits with the station and takes up what the province has signed since."""
        self._start(self._visit)

    def export(self) -> None:
        """Everything unsent as one sealed, signed file in the folder; nothing is marked as sent by that."""
        self._start(self._export)

    def take_receipts(self) -> None:
        """All files of receipts in the folder that are this tablet's."""
        self._start(self._take)

    def _start(self, work: Callable[[], Level]) -> None:
        if self.running:
            return
        self.running, self.lines = True, ()
        self.say("", "")
        self._runner(lambda: self._work(work))

    def _work(self, work: Callable[[], Level]) -> None:
        level: Level = "error"
        try:
            level = work()
        except (RescueFailure, ReceiptsRefused, NotReady) as failure:
            self.lines = (str(failure),)
        except (sqlite3.Error, OSError) as error:
            self.lines = (f"平板存储出错：{error}",)
        finally:
            self.running = False
        self.say(self.lines[0] if self.lines else "", level)

    def _visit(self) -> Level:
        if not self.station_url:
            raise NotReady("请先填写监测站的地址")
        report = StationVisit(self._store, self._device).run(self.station_url)
        self.lines = (*report.problems, *report.warnings)
        return "error" if report.problems else "ok"

    def _export(self) -> Level:
        tools = Tools(self._device.device_key, self._device.sealing, self._device.clock.now)
        done = rescue(self._store.database.path.parent, self._stick(), tools)
        self.lines = tuple(done.lines())
        return "warn" if done.unread else "ok"

    def _take(self) -> Level:
        taken, refused, folder = Taken(), [], self._stick()
        files = sorted(folder.glob(RECEIPTS))
        if not files:
            raise ReceiptsRefused(f"{folder} 中没有收据文件（{RECEIPTS}）")
        for file in files:
            try:
                found = take_file(self._store, self._device.signatures, self._device.clock.now(), file)
            except ReceiptsRefused as failure:
                refused.append(f"{file.name}：{failure}")
            else:
                taken.add(found)
        self.lines = (*taken.lines(), *refused)
        return "warn" if refused else "ok"

    def _stick(self) -> Path:
        if not self.folder:
            raise NotReady("请先填写 U 盘的文件夹")
        return Path(self.folder).expanduser()

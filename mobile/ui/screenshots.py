"""`python -m mobile.ui.screenshots OUT_DIR`: draws the screens of a simulated field day, landscape and portrait, as PNG."""

import logging
import os
import sys
import tempfile
from pathlib import Path

from mobile.sync.report import SyncReport

SIZES = {"landscape": (1280, 800), "portrait": (800, 1280)}
FRAMES = 10


def main(argv: list[str]) -> int:
    if len(argv) != 1:
        print("python -m mobile.ui.screenshots OUT_DIR", file=sys.stderr)
        return 2
    folder = Path(argv[0])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="xiangye-screens-") as scratch:
        _without_display(scratch)
        for path in _draw(folder, Path(scratch)):
            print(path)
    return 0


def _without_display(scratch: str) -> None:
    """SDL's offscreen driver renders by GL without an X server; all of this must be set before kivy is imported."""
    os.environ.update(
        {
            "SDL_VIDEODRIVER": "offscreen",
            "KIVY_NO_ARGS": "1",
            "KIVY_HOME": f"{scratch}/kivy",
            "KIVY_LOG_MODE": "PYTHON",
            "KIVY_CLIPBOARD": "dummy",
        }
    )
    Path(os.environ["KIVY_HOME"]).mkdir()
    logging.getLogger("kivy").setLevel(logging.ERROR)


def _draw(folder: Path, scratch: Path):
    from kivy.config import Config

    # The offscreen surface does not grow beyond its first size, so it begins as large as any picture.
    Config.set("graphics", "width", max(max(size) for size in SIZES.values()))
    Config.set("graphics", "height", max(max(size) for size in SIZES.values()))
    from kivy.base import EventLoop
    from kivy.core.window import Window

    from mobile.sync.failures import Unreachable
    from mobile.ui import fonts
    from mobile.ui.quiet import without_cutbuffer_noise
    from mobile.ui.sample import Tablet
    from mobile.ui.shell import Shell

    EventLoop.ensure_window()
    without_cutbuffer_noise()
    fonts.register()
    for name, size in SIZES.items():
        Window.size = size
        tablet = Tablet(scratch / name)
        tablet.record_a_morning()
        tablet.deliver_the_first(5, str(Unreachable("https://xiangye.example")))
        shell = Shell(tablet.field)
        Window.add_widget(shell)
        for screen, act in SCENES.items():
            act(tablet, shell)
            for _ in range(FRAMES):
                EventLoop.idle()
            path = folder / f"{screen}_{name}.png"
            Path(Window.screenshot(name=str(path))).replace(path)
            yield path
        Window.remove_widget(shell)
        tablet.field.close()


def _home(tablet, shell):
    shell.go("home")


def _record(tablet, shell):
    tablet.wait(420)
    tablet.stand()
    shell.go("record")
    record = tablet.field.record
    record.picker.type_letter("B")
    record.choose(next(species.key for species in record.picker.results if species.name_zh == "豹猫"))
    record.set_count(2)


def _saved(tablet, shell):
    shell.page.save()


def _likely(tablet, shell):
    """Nothing typed yet: recent species, and below what is common here in this month."""
    shell.back()
    shell.go("record")


def _look_alikes(tablet, shell):
    record = tablet.field.record
    for letter in "FSL":
        record.picker.type_letter(letter)
    record.choose(record.picker.results[0].key)


def _details(tablet, shell):
    shell.go("details")


def _marks(tablet, shell):
    """Protected and invasive species beside each other in one list."""
    shell.back()
    record = tablet.field.record
    record.picker.clear()
    record.choose_name("加拿大一枝黄花")
    record.picker.type_letter("H")


def _invasive(tablet, shell):
    tablet.field.record.discard()
    shell.back()
    shell.go("invasive")
    tablet.field.invasive.choose_species(tablet.field.invasive.picker.by_name("加拿大一枝黄花"))


def _my_records(tablet, shell):
    tablet.field.invasive.discard()
    shell.back()
    tablet.review_the_first()
    shell.go("my_records")


def _asked(tablet, shell):
    """A reviewer's question, with an answer begun."""
    shell.go("my_records")
    detail = tablet.field.record_detail
    asked = next(row for row in tablet.field.my_records.rows if row.state == "asked")
    shell.page.ask(asked)
    detail.set_answer("颈侧白色，尾羽长而有横斑；雄鸟一只，雌鸟一只，雌鸟在灌丛中只看到头部。")


def _answered(tablet, shell):
    tablet.wait(3600)
    tablet.field.record_detail.send()


def _asked_home(tablet, shell):
    """With a question that waits."""
    shell.go("home")


def _conflict_home(tablet, shell):
    """One of the records was changed on another tablet, too."""
    tablet.disputed = tablet.change_the_first_elsewhere()
    shell.go("home")


def _conflicts(tablet, shell):
    tablet.field.my_records.set_filter("all")
    shell.go("my_records")


def _disputed(tablet, shell):
    shell.page.ask(next(row for row in tablet.field.my_records.rows if row.record_id == tablet.disputed))


def _conflict(tablet, shell):
    tablet.field.conflict.open(tablet.disputed)
    shell.go("conflict")
    row = tablet.field.conflict.rows[0]
    tablet.field.conflict.choose(row.name, row.options[1].key)


def _settled(tablet, shell):
    for row in tablet.field.conflict.rows:
        tablet.field.conflict.choose(row.name, row.options[0].key)
    shell.page._save()


def _warned(tablet, shell):
    """What a sync has to tell, though it hindered nothing; and a store that was copied."""
    shell.go("home")
    shell.go("sync")
    report = tablet.field.sync.report = SyncReport()
    report.warn("调查“莽山巡护”已不再分配给您，新记录不再归入它：请在首页核对所选调查；已保存的记录不变")
    tablet.field.store.twins.compare(1, "0" * 64)
    tablet.field.sync.refresh()


def _relay(tablet, shell):
    """Further down the same screen: where there is no line to the province."""
    tablet.field.carrying.set_station("http://192.168.1.20:8390")
    shell.page.column.scroll_y = 0


def _sync(tablet, shell):
    shell.go("home")
    shell.go("sync")


def _refused(tablet, shell):
    """The server has revoked this tablet."""
    tablet.field.store.identity.keep(credential_refused="yes")
    tablet.field.sync.refresh()


def _enrol(tablet, shell):
    """A tablet that nobody has enrolled yet, with the text of a QR code."""
    identity = tablet.field.store.identity
    tablet.known = (identity.current().person_id, identity.current().person_name)
    identity.keep(credential_refused="", person_id="", person_name="")
    tablet.field.sync.refresh()
    shell.page.code.input.text = "xiangye:1?server=https%3A%2F%2Fxiangye.example&code=7K4M-9QXD"


def _notice(tablet, shell):
    """Before the first patrol: a volunteer under 14."""
    person_id, person_name = tablet.known
    tablet.field.store.identity.keep(person_id=person_id, person_name=person_name)
    tablet.field.sync.refresh()
    shell.back()
    shell.go("notice")
    notice = tablet.field.notice
    notice.choose_role("consent")
    notice.choose_age("minor")


def _interview(tablet, shell):
    shell.back()
    tablet.field.record.open()
    tablet.field.record.choose_name("大鲵")
    tablet.field.record.set_interview(True)
    shell.go("details")


def _patrol(tablet, shell):
    tablet.field.record.discard()
    shell.back()
    shell.go("patrol")
    patrol, finding = tablet.field.patrol, tablet.field.patrol.finding
    patrol.start("莽山大峡谷巡护线")
    tablet.walk((0.004, 0.001), (0.003, 0.003), (0.001, 0.004), (-0.002, 0.003), (-0.003, 0.002))
    tablet.wait(480)
    tablet.place = (tablet.place[0] - 0.003, tablet.place[1] - 0.0005)
    tablet.walk((-0.003, -0.002), (-0.002, -0.004), (0.001, -0.003))
    patrol.open_finding()
    finding.set_field("finding_type", "snare")
    finding.set_field("action_taken", "拆除 3 个，已拍照")
    finding.confirm()


def _transect(tablet, shell):
    tablet.field.patrol.end()
    shell.back()
    shell.go("transect")
    transect = tablet.field.transect
    targets = [transect.picker.by_name(name) for name in ("白颈长尾雉", "黄腹角雉", "白鹇")]
    transect.start("莽山鸟类样线 02", targets)
    for name, count in (("白鹇", 2), ("红嘴蓝鹊", 5), ("画眉", 3), ("白头鹎", 11), ("棕头鸦雀", 8), ("红嘴相思鸟", 4)):
        tablet.walk((0.0006, 0.0011), count=8, seconds=20)
        transect.add_species(transect.picker.by_name(name), count)


SCENES = {
    "home": _home,
    "record": _record,
    "saved": _saved,
    "likely": _likely,
    "look_alikes": _look_alikes,
    "details": _details,
    "marks": _marks,
    "invasive": _invasive,
    "my_records": _my_records,
    "asked_home": _asked_home,
    "asked": _asked,
    "answered": _answered,
    "conflict_home": _conflict_home,
    "conflicts": _conflicts,
    "disputed": _disputed,
    "conflict": _conflict,
    "settled": _settled,
    "sync": _sync,
    "warned": _warned,
    "relay": _relay,
    "refused": _refused,
    "enrol": _enrol,
    "notice": _notice,
    "interview": _interview,
    "patrol": _patrol,
    "transect": _transect,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

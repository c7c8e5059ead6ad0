"""Every screen, in every size, empty and filled: nothing cut off, outside, too small, too near or too pale."""

from collections.abc import Callable

import pytest

from mobile.sync.failures import CredentialRefused
from mobile.sync.report import SyncReport
from mobile.ui import texts
from tests.mobile.ui.driver import Driver
from tests.mobile.ui.lint import faults

SIZES = [(1280, 800), (800, 1280), (600, 960), (960, 600)]
SCREENS = [
    "home",
    "record",
    "details",
    "photo",
    "my_records",
    "record_detail",
    "answer_taxon",
    "conflict",
    "notice",
    "sync",
    "survey",
    "invasive",
    "invasive_species",
    "patrol",
    "transect",
    "transect_species",
]


def fill(driver: Driver) -> None:
    """Long names, a running patrol with a gap and a finding, a running transect, photos, drafts, a failed sync."""
    tablet, field = driver.tablet, driver.field
    tablet.record_a_morning()
    tablet.deliver_the_first(
        5,
        str(CredentialRefused()) * 2,
    )
    tablet.review_the_first()
    field.store.identity.keep(credential_refused="yes")
    field.sync.report = SyncReport(warnings=["调查“宜章县生物多样性本底调查”已不再分配给您，新记录不再归入它" * 2])
    field.sync.refresh()
    asked = next(row for row in field.my_records.rows if row.state == "asked")
    field.record_detail.open(asked.record_id)
    field.record_detail.set_answer("颈侧白色，尾羽长而有横斑。" * 6)
    field.record_detail.choose(field.record_detail.picker.by_name("莽山烙铁头蛇").key)
    field.conflict.open(tablet.change_the_first_elsewhere())
    field.patrol.start("莽山大峡谷巡护线")
    tablet.walk((0.003, 0.002))
    tablet.wait(900)
    tablet.place = (tablet.place[0] + 0.002, tablet.place[1])
    tablet.walk((0.001, 0.002))
    field.patrol.open_finding()
    field.patrol.finding.set_field("finding_type", "snare")
    field.patrol.finding.confirm()
    field.transect.start("莽山鸟类样线 02", [field.transect.picker.by_name("白颈长尾雉")])
    for name, count in (("莽山烙铁头蛇", 128), ("红嘴蓝鹊", 0), ("小䴙䴘", 12)):
        field.transect.add_species(field.transect.picker.by_name(name), count)
    field.record.open()
    field.record.choose_name("加拿大一枝黄花")
    field.record.set_count(1200)
    field.record.take_photo()
    field.record.set_interview(True)
    field.invasive.open()
    field.invasive.choose_species(field.invasive.picker.by_name("加拿大一枝黄花"))
    field.invasive.take_photo()


@pytest.mark.parametrize("state", ["empty", "filled"])
def test_every_screen_is_sound(driver: Driver, state: str) -> None:
    """Made at the first size, then turned and shrunk: making them again for each would take most of the time."""
    sizes = SIZES if state == "empty" else SIZES[::-1]
    driver.resize(*sizes[0])
    if state == "filled":
        fill(driver)
    found = {}
    for size in sizes:
        driver.resize(*size)
        found[size] = _faults_of_all(driver, size)
    assert found == {size: {} for size in SIZES}


def test_every_screen_is_sound_at_twice_the_density(driver: Driver) -> None:
    from kivy.metrics import Metrics

    from mobile.ui.shell import Shell

    Metrics.density = 2
    try:
        driver.resize(1200, 1920)
        driver.window.remove_widget(driver.shell)
        driver.shell = Shell(driver.field)
        driver.window.add_widget(driver.shell)
        fill(driver)
        assert _faults_of_all(driver, (1200, 1920), 2) == {}
    finally:
        Metrics.density = 1


def test_turning_the_tablet_keeps_what_was_chosen(driver: Driver) -> None:
    driver.shell.go("record")
    driver.field.record.picker.type_letter("d")
    driver.field.record.choose("andrias_davidianus")
    driver.field.record.set_count(4)
    driver.pump()
    pane = driver.page.pane
    keypad, found = pane.keypad.to_window(*pane.keypad.pos), pane.list.to_window(*pane.list.pos)
    assert keypad[0] < found[0]
    driver.resize(800, 1280)
    keypad, found = pane.keypad.to_window(*pane.keypad.pos), pane.list.to_window(*pane.list.pos)
    assert keypad[1] < found[1]
    assert pane.typed.text == "D"
    assert (driver.page.dock.chosen.text, driver.page.dock.stepper.number.text) == ("大鲵 国家二级", "4")
    assert faults(driver.shell, 800, 1280) == []


@pytest.mark.parametrize("size", SIZES[:3], ids=lambda size: f"{size[0]}x{size[1]}")
def test_words_over_the_page_are_sound(driver: Driver, size: tuple[int, int]) -> None:
    driver.resize(*size)
    driver.tablet.record_a_morning()
    driver.shell.go("my_records")
    driver.pump()
    driver.field.record.open()
    driver.field.record.choose_name("加拿大一枝黄花")
    driver.field.my_records.refresh()
    driver.page.ask(driver.field.my_records.rows[0])
    driver.pump(10)
    assert faults(driver.page.sheet, *size) == []
    driver.page.sheet.dismiss(animation=False)
    driver.pump()
    driver.shell.tell("平板存储空间不足（剩余 40 MB）：请先同步并腾出空间，已保存的记录不受影响", "error")
    driver.pump()
    assert faults(driver.shell.notice, *size) == []


@pytest.mark.parametrize("position", ["none", "poor", "stale"])
def test_the_state_of_the_position_fits_the_bar(driver: Driver, position: str) -> None:
    driver.resize(600, 960)
    states: dict[str, Callable[[], None]] = {
        "none": lambda: driver.field.position.receive([]),
        "poor": lambda: driver.tablet.stand(1850.0),
        "stale": lambda: driver.tablet.wait(7200),
    }
    driver.tablet.wait(600)
    states[position]()
    driver.field.tick()
    for screen in ("home", "record", "patrol"):
        driver.shell.go(screen)
        driver.pump()
        assert faults(driver.shell, 600, 960) == []
        assert driver.field.position.text in driver.shown_texts()


def _faults_of_all(driver: Driver, size: tuple[int, int], density: float = 1) -> dict[str, list[str]]:
    found = {}
    for screen in SCREENS:
        driver.shell.go("home")
        driver.shell.go(screen)
        driver.pump(8)
        wrong = faults(driver.shell, *size, density)
        if wrong:
            found[screen] = wrong
    return found


def test_every_screen_says_that_a_track_is_being_recorded(driver: Driver) -> None:
    driver.resize(*SIZES[0])
    sign = texts.TRACKING
    for screen in SCREENS:
        driver.shell.go("home")
        driver.shell.go(screen)
        driver.pump()
        assert sign not in driver.shown_texts(), screen
    driver.field.patrol.start("莽山")
    for size in SIZES:
        driver.resize(*size)
        for screen in SCREENS:
            driver.shell.go("home")
            driver.shell.go(screen)
            driver.pump()
            assert sign in driver.shown_texts(), (screen, size)
    driver.field.patrol.pause()
    driver.pump()
    assert sign not in driver.shown_texts(), "in a pause nothing is recorded"
    driver.field.patrol.resume()
    driver.pump()
    assert sign in driver.shown_texts()
    driver.field.patrol.end()
    driver.field.transect.start("样线")
    driver.pump()
    assert sign in driver.shown_texts()
    driver.field.transect.end()
    driver.pump()
    assert sign not in driver.shown_texts()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("role", ["duty", "consent"])
def test_the_notice_is_sound_for_everybody(unread: Driver, size: tuple[int, int], role: str) -> None:
    unread.resize(*size)
    unread.shell.go("notice")
    unread.field.notice.choose_role(role)
    unread.field.notice.choose_age("minor")
    unread.pump(8)
    assert faults(unread.shell, *size) == []
    unread.field.notice.set_guardian(True)
    unread.field.notice.accept()
    unread.shell.notice.hide()
    unread.pump(8)
    assert faults(unread.shell, *size) == []

"""A sealed record on the screens: words instead of a place, and a form to be filled in anew."""

from pathlib import Path

from mobile.ui import texts
from tests.mobile.station import make_pack
from tests.mobile.ui.driver import Driver
from tests.mobile.ui.lint import faults
from tests.mobile.ui.test_reviews import scroll_to
from tests.sealed.test_seal import PUBLIC


def test_a_sealed_record_is_shown_in_words_and_filled_in_anew(driver: Driver, tmp_path: Path) -> None:
    pack = make_pack(tmp_path / "pack", "2025-06-01.1")
    driver.field.store.packs.install("taxa", pack, driver.field.recorder.now())
    driver.field.store.identity.keep(seal_key=PUBLIC)
    driver.tap(driver.page.tiles["record"])
    for letter in "CSJ":
        driver.tap(driver.page.pane.keypad.letters[letter])
    driver.tap(max(driver.page.pane.list.children[0].children, key=lambda row: row.top))
    driver.tap(driver.page.dock.save_key)
    assert any("已密封：位置仅省级可读" in text for text in driver.shown_texts())
    driver.shell.go("my_records")
    driver.wait_for(lambda: len(driver.page.lines.children[0].children) == 1)
    driver.tap(driver.page.lines.children[0].children[0])
    page = driver.page
    assert page.name == "record_detail" and driver.field.record_detail.title == "敏感记录"
    assert texts.AMEND_HINT in driver.shown_texts() and not any("112.9" in text for text in driver.shown_texts())
    assert faults(driver.shell, 1280, 800) == []
    scroll_to(driver, page.amend_key)
    driver.tap(page.amend_key)
    assert driver.page.name == "record" and driver.field.record.amending
    assert any("重新填写密封记录" in text for text in driver.shown_texts())

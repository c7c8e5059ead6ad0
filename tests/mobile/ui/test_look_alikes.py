"""The likely list and the look-alikes, touched on the real window."""

from typing import Any

import pytest

from tests.mobile.ui.driver import Driver
from tests.mobile.ui.lint import faults

SIZES = [(1280, 800), (800, 1280), (600, 960), (960, 600)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_one_touch_switches_to_the_look_alike(driver: Driver, size: tuple[int, int]) -> None:
    driver.resize(*size)
    driver.tap(driver.page.tiles["record"])
    for letter in "FSL":
        driver.tap(driver.page.pane.keypad.letters[letter])
    assert not any("易混淆" in text for text in driver.shown_texts())
    driver.field.record.choose(driver.field.record.picker.results[0].key)
    driver.pump(8)
    assert any("易混淆" in text for text in driver.shown_texts())
    assert any("粉红色卵块" in text for text in driver.shown_texts())
    assert faults(driver.shell, *size) == []
    (row,) = driver.page.pane.look_alikes.rows
    driver.tap(row)
    driver.tap(driver.page.dock.save_key)
    assert driver.records("occurrence")[0]["taxon"]["name_zh"] == "中国圆田螺"
    assert not any("易混淆" in text for text in driver.shown_texts()), "nothing is chosen any more"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_details_and_plots_show_the_look_alike_too(driver: Driver, size: tuple[int, int]) -> None:
    driver.resize(*size)
    driver.field.record.open()
    driver.field.record.choose_name("福寿螺")
    driver.shell.go("record")
    driver.shell.go("details")
    driver.pump(8)
    assert faults(driver.shell, *size) == []
    driver.tap(driver.page.look_alikes.rows[0])
    assert driver.field.record.chosen_text == "中国圆田螺"
    driver.field.record.choose_unknown()
    driver.pump()
    assert not any("易混淆" in text for text in driver.shown_texts())
    driver.shell.go("invasive")
    driver.field.invasive.choose_species(driver.field.invasive.picker.by_name("加拿大一枝黄花"))
    driver.pump(8)
    assert any("花序窄" in text for text in driver.shown_texts())
    assert faults(driver.shell, *size) == []


def test_what_is_likely_here_stands_under_its_own_heading(driver: Driver) -> None:
    driver.tablet.record_a_morning()
    driver.tap(driver.page.tiles["record"])
    listing = driver.page.pane.list
    listing.scroll_y = 0
    driver.pump(10)
    assert "宜章县 6 月常见" in driver.shown_texts()
    assert faults(driver.shell, 1280, 800) == []
    driver.tap(row_of(listing, "赤麂"))
    assert driver.field.record.chosen_text == "赤麂"


def row_of(listing: Any, name: str) -> Any:
    rows = listing.children[0].children
    return next(row for row in rows if getattr(row, "species", None) is not None and row.species.name_zh == name)

"""One sighting, played by touches on the real window, from the home screen to the record in the outbox."""

from typing import Any

import pytest

from tests.mobile.ui.driver import Driver

MOST_TAPS = 6


@pytest.mark.parametrize("size", [(1280, 800), (800, 1280), (600, 960)])
def test_six_touches_make_a_record(driver: Driver, size: tuple[int, int]) -> None:
    driver.resize(*size)
    driver.tap(driver.page.tiles["record"])
    assert driver.page.name == "record"
    for letter in "CSJ":
        driver.tap(driver.page.pane.keypad.letters[letter])
    row = first_row(driver)
    assert (row.species.name_zh, row.species.scientific_name, row.species.mark) == (
        "穿山甲",
        "Manis pentadactyla",
        "国家一级",
    )
    driver.tap(row)
    driver.tap(driver.page.dock.save_key)
    assert driver.taps <= MOST_TAPS

    assert any(text.startswith("已保存：穿山甲") for text in driver.shown_texts())
    (body,) = driver.records("occurrence")
    assert body["taxon"]["scientific_name"] == "Manis pentadactyla"
    assert body["taxon"]["name_zh"] == "穿山甲"
    assert body["individual_count"] == 1
    assert body["occurrence_status"] == "present"
    place = body["place"]
    assert (place["longitude_e7"], place["latitude_e7"]) == (1129312000, 249543000)
    assert (place["source"], place["coordinate_uncertainty_in_meters"]) == ("gnss", "4")
    assert driver.field.store.outbox.waiting_count() == 1


def test_a_recent_species_takes_three_touches(driver: Driver) -> None:
    driver.tablet.record_a_morning()
    driver.tap(driver.page.tiles["record"])
    row = first_row(driver)
    assert row.species.name_zh == "白鹇"
    driver.tap(row)
    driver.tap(driver.page.dock.save_key)
    assert driver.taps == 3
    assert driver.records("occurrence")[0]["taxon"]["name_zh"] == "白鹇"


def test_count_photo_and_details_belong_to_the_record(driver: Driver) -> None:
    driver.tap(driver.page.tiles["record"])
    record, keypad = driver.page, driver.page.pane.keypad
    for letter in "XPT":
        driver.tap(keypad.letters[letter])
    driver.tap(first_row(driver))
    for _ in range(3):
        driver.tap(record.dock.stepper.plus)
    driver.tap(record.dock.stepper.minus)
    driver.tap(record.dock.photo_key)
    assert record.dock.photo_key.text == "照片 1"
    driver.tap(record.dock.details_key)
    driver.tap(driver.page.sex.chips["female"])
    driver.type(driver.page.remarks.input, "在芦苇边育雏")
    driver.shell.back()
    driver.pump()
    driver.tap(record.dock.save_key)

    (body,) = driver.records("occurrence")
    assert (body["taxon"]["name_zh"], body["individual_count"], body["sex"]) == ("小䴙䴘", 3, "female")
    assert body["occurrence_remarks"] == "在芦苇边育雏"
    assert body["evidence_class"] == "image"
    assert driver.field.store.media.waiting_count() == 1


def test_backspace_clear_and_a_second_choice(driver: Driver) -> None:
    driver.tap(driver.page.tiles["record"])
    keypad, picker = driver.page.pane.keypad, driver.field.record.picker
    driver.tap(keypad.letters["B"])
    driver.tap(keypad.letters["Z"])
    assert picker.query == "bz"
    driver.tap(keypad.erase_key)
    assert picker.query == "b"
    driver.tap(first_row(driver))
    first = driver.field.record.chosen_text
    driver.tap(keypad.clear_key)
    assert picker.query == ""
    for letter in "DN":
        driver.tap(keypad.letters[letter])
    driver.tap(first_row(driver))
    assert driver.field.record.chosen_text == "大鲵 国家二级" != first


def test_nothing_found_offers_an_unidentified_record(driver: Driver) -> None:
    driver.tap(driver.page.tiles["record"])
    for letter in "QWQ":
        driver.tap(driver.page.pane.keypad.letters[letter])
    assert any("没有匹配的物种" in text for text in driver.shown_texts())
    driver.tap(driver.page.pane.unknown_key)
    driver.tap(driver.page.dock.save_key)
    assert driver.records("occurrence")[0]["taxon"]["verbatim_name"] == "待鉴定"


def test_undo_withdraws_what_was_just_saved(driver: Driver) -> None:
    driver.tap(driver.page.tiles["record"])
    driver.tap(driver.page.pane.keypad.letters["B"])
    driver.tap(first_row(driver))
    driver.tap(driver.page.dock.save_key)
    driver.tap(driver.page.dock.undo_key)
    assert [kept.state for kept in driver.field.store.outbox.latest(("occurrence",), 5)] == ["withdrawn"]
    assert not any(text.startswith("已保存") for text in driver.shown_texts())


def test_save_does_nothing_before_a_species_is_chosen(driver: Driver) -> None:
    driver.tap(driver.page.tiles["record"])
    driver.tap(driver.page.dock.save_key)
    assert driver.records("occurrence") == []
    assert "先选物种，再保存" in driver.shown_texts()


def first_row(driver: Driver) -> Any:
    rows = driver.page.pane.list.children[0].children
    return max(rows, key=lambda row: row.top)

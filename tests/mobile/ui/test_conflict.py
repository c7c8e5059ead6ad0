"""A record that was changed in two places, settled by touches (P6)."""

from mobile.presenters.conflict import SAVED
from mobile.ui import texts
from tests.mobile.ui.driver import Driver
from tests.mobile.ui.lint import faults
from tests.mobile.ui.test_reviews import scroll_to

GLOVE_DP = 72


def test_a_conflict_is_found_looked_at_and_settled(driver: Driver) -> None:
    driver.resize(800, 1280)
    driver.tablet.record_a_morning()
    driver.tablet.deliver_the_first(5, "")
    record_id = driver.tablet.change_the_first_elsewhere()
    driver.pump()
    assert any("1 条记录两处修改不一致" in words for words in driver.shown_texts())
    driver.tap(driver.page.conflict_key)
    assert driver.page.name == "my_records" and driver.page.chips["conflict"].chosen
    driver.wait_for(lambda: len(driver.page.lines.children[0].children) == 1)
    driver.tap(driver.page.lines.children[0].children[0])
    assert faults(driver.shell, 800, 1280) == []
    assert driver.page.withdraw_card.parent is None, "withdrawing is a choice of the conflict"
    driver.tap(driver.page.settle_key)
    page, conflict = driver.page, driver.field.conflict
    assert page.name == "conflict" and faults(driver.shell, 800, 1280) == []
    assert all(side.height >= GLOVE_DP for side in page.sides.values())
    assert page.save_key.disabled and page.save_key.text == texts.CHOICES_LEFT.format(count=3)
    for row in conflict.rows:
        side = page.sides[row.name, row.options[1].key]
        scroll_to(driver, side)
        driver.tap(side)
        assert page.sides[row.name, row.options[1].key] is side, "nothing moves under a finger"
    assert not page.save_key.disabled and page.save_key.text == texts.SAVE_CHOICE
    driver.tap(page.save_key)
    assert driver.page.name == "record_detail" and SAVED in driver.shown_texts()
    assert "冲突已处理，待发送" in driver.shown_texts() and driver.page.settle_key.parent is None
    body = driver.records("occurrence")[0]
    driver.shell.go("home")
    driver.pump()
    assert driver.page.conflict_key.parent is None
    newest = driver.field.store.outbox.newest_version(record_id)
    assert newest is not None and newest.body == body
    assert (body["individual_count"], body["behavior"]) == (4, "带幼猴觅食，见人后上树")

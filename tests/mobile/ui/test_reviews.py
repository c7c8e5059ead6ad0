"""The reviewer's question, the notice, and a revoked tablet, played by touches."""

from pathlib import Path

import segno

from mobile.ui import texts
from tests.mobile.ui.driver import Driver
from tests.mobile.ui.lint import faults


def scroll_to(driver: Driver, widget: object) -> None:
    """A finger would push the column until the key is there."""
    column = driver.page.column
    if column.inner.height > column.height:  # Kivy scrolls a column that fits out of sight
        column.scroll_to(widget, animate=False)
    driver.pump()


def test_a_question_leads_from_home_to_a_saved_answer(driver: Driver) -> None:
    driver.tablet.record_a_morning()
    driver.tablet.deliver_the_first(5, "")
    driver.tablet.review_the_first()
    driver.pump()
    assert any("1 条记录待补充" in text for text in driver.shown_texts())
    driver.tap(driver.page.asked_key)
    assert driver.page.name == "my_records" and driver.field.my_records.filter == "asked"
    driver.wait_for(lambda: len(driver.page.lines.children[0].children) == 1)
    (line,) = driver.page.lines.children[0].children
    driver.tap(line)
    page, detail = driver.page, driver.field.record_detail
    assert page.name == "record_detail" and detail.question in driver.shown_texts()
    scroll_to(driver, page.answer)
    driver.type(page.answer.input, "尾羽长，有横斑")
    scroll_to(driver, page.rename_key)
    driver.tap(page.rename_key)
    for letter in "HFJZ":
        driver.tap(driver.page.pane.keypad.letters[letter])
    driver.wait_for(lambda: bool(driver.page.pane.list.children[0].children))
    rows = sorted(driver.page.pane.list.children[0].children, key=lambda row: -row.top)
    driver.tap(rows[0])
    assert driver.page is page and page.rename_key.text == "改定为 黄腹角雉"
    assert page.answer.input.text == "尾羽长，有横斑", "choosing a name loses no word"
    scroll_to(driver, page.send_key)
    driver.tap(page.send_key)
    (body,) = driver.records("identification_answer")
    assert (body["answer"], body["taxon"]["name_zh"]) == ("尾羽长，有横斑", "黄腹角雉")
    assert driver.page.question_card.parent is None and "已答复，待审核" in driver.shown_texts()
    driver.shell.go("home")
    driver.pump()
    assert driver.page.asked_key.parent is None


def test_a_name_may_be_taken_back(driver: Driver) -> None:
    driver.tablet.record_a_morning()
    driver.tablet.deliver_the_first(5, "")
    driver.tablet.review_the_first()
    driver.field.my_records.set_filter("asked")
    driver.shell.go("my_records")
    driver.page.ask(driver.field.my_records.rows[0])
    driver.field.record_detail.choose(driver.field.record_detail.picker.by_name("黄腹角雉").key)
    driver.pump()
    driver.tap(driver.page.keep_key)
    assert driver.page.rename_key.text == texts.RENAME and driver.page.keep_key.parent is None


def test_the_first_patrol_shows_the_notice_and_then_begins(unread: Driver) -> None:
    unread.tap(unread.page.tiles["patrol"])
    patrol = unread.page
    unread.type(patrol.idle.place.input, "莽山一号线")
    unread.tap(patrol.idle.start_key)
    page = unread.page
    assert page.name == "notice" and page.accept_key.disabled and unread.field.patrol.state == "idle"
    unread.tap(page.refuse_key)
    assert unread.page is patrol and unread.field.notice.needed
    unread.tap(patrol.idle.start_key)
    unread.tap(page.roles.chips["consent"])
    assert page.accept_key.disabled
    unread.tap(page.ages.chips["minor"])
    assert page.accept_key.disabled and page.guardian_card.parent is not None
    unread.tap(page.guardian)
    unread.tap(page.accept_key)
    assert unread.page is patrol and patrol.idle.place.input.text == "莽山一号线"
    unread.tap(patrol.idle.start_key)
    assert unread.field.patrol.state == "running"
    assert unread.field.patrol.form.values["notice"]["guardian"] is True


def test_a_transect_asks_too(unread: Driver) -> None:
    unread.tap(unread.page.tiles["transect"])
    unread.tap(unread.page.idle.start_key)
    assert unread.page.name == "notice"
    unread.tap(unread.page.roles.chips["employment"])
    unread.tap(unread.page.accept_key)
    unread.tap(unread.page.idle.start_key)
    assert unread.field.transect.state == "running"


def test_a_revoked_tablet_says_what_to_do_where_it_is_done(driver: Driver) -> None:
    driver.tablet.record_a_morning()
    driver.field.store.identity.keep(credential_refused="yes")
    driver.tap(driver.page.tiles["sync"])
    page = driver.page
    assert page.refused_card.parent and page.enrol_card.parent
    assert any("6\u00a0条记录都还在" in text for text in driver.shown_texts())
    assert page.device_name.input.text == "莽山 3 号平板"
    assert faults(driver.shell, 1280, 800) == []


def test_a_code_is_scanned_from_the_folder_of_images(driver: Driver, tmp_path: Path) -> None:
    invitation = "xiangye:1?server=http%3A%2F%2F127.0.0.1%3A9&code=7K4M-9QXD"
    segno.make(invitation).save(str(tmp_path / "photos" / "code.png"), scale=4)
    driver.field.store.identity.keep(person_id="", person_name="")
    driver.tap(driver.page.tiles["sync"])
    driver.tap(driver.page.scan_key)
    assert driver.page.code.input.text == invitation
    driver.tap(driver.page.enrol_key)
    driver.wait_for(lambda: not driver.field.sync.running)
    driver.pump(10)
    assert any("连接不上服务器 http://127.0.0.1:9" in text for text in driver.shown_texts())


def test_the_receiver_rests_while_the_app_is_behind(driver: Driver) -> None:
    from mobile.ui.app import XiangyeApp

    app = XiangyeApp(driver.field)
    app.shell = driver.shell
    location = driver.tablet.location
    driver.field.tick()
    assert location.use == "screen"
    assert app.on_pause() and location.use == ""
    driver.field.patrol.start("莽山")
    driver.field.tick()
    assert location.use == "track"
    driver.field.patrol.pause()
    driver.field.tick()
    assert location.use == ""
    app.on_resume()
    assert location.use == "screen"

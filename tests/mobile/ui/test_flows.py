"""The other forms, played by touches: patrol, transect, invasive plot, photo first, my records, sync."""

from typing import Any

from tests.mobile.ui.driver import Driver

LONG_ENOUGH_S = 1.6


def test_a_patrol_from_start_to_a_held_end(driver: Driver) -> None:
    driver.tap(driver.page.tiles["patrol"])
    page, patrol = driver.page, driver.field.patrol
    driver.type(page.idle.place.input, "莽山一号线")
    driver.tap(page.idle.start_key)
    assert patrol.state == "running"
    driver.tablet.walk((0.002, 0.001))
    driver.tap(page.pause_key)
    assert (patrol.state, page.pause_key.text) == ("paused", "继续")
    driver.tablet.wait(60)
    driver.tap(page.pause_key)
    driver.tablet.walk((0.001, 0.001))
    driver.tap(page.finding_key)
    assert driver.page.name == "finding"
    driver.tap(driver.page.types.chips["snare"])
    driver.type(driver.page.fields["action_taken"].input, "拆除三个")
    driver.tap(driver.page.save_key)
    assert driver.page.name == "patrol"
    assert "猎套　拆除三个" in driver.shown_texts()

    driver.tap(page.end_key)
    assert patrol.state == "running", "a chance touch must not end a patrol"
    driver.hold(page.end_key, LONG_ENOUGH_S)
    assert patrol.state == "idle"
    assert patrol.saved_ids  # the notice 已保存 leaves after some seconds, which a busy machine may take
    (body,) = driver.records("patrol")
    assert (body["location_name"], body["nil_report"], len(body["pauses"])) == ("莽山一号线", False, 1)
    (finding,) = driver.records("finding")
    assert (finding["finding_type"], finding["action_taken"]) == ("snare", "拆除三个")
    assert len(driver.records("track_segment")) == 2


def test_back_leads_home_while_the_patrol_goes_on(driver: Driver) -> None:
    driver.tap(driver.page.tiles["patrol"])
    driver.tap(driver.page.idle.start_key)
    driver.tap(driver.page.record_key)
    assert driver.page.name == "record"
    driver.shell.back()
    driver.shell.back()
    driver.pump()
    assert driver.page.name == "home"
    assert not driver.shell.back()
    assert any(text.startswith("巡护中") for text in driver.shown_texts())


def test_a_transect_counts_by_touch_and_writes_zeros(driver: Driver) -> None:
    driver.tap(driver.page.tiles["transect"])
    page = driver.page
    for initials in ("BJC", "HFJZ"):
        _add_bird(driver, initials, page.idle)
    assert [species.name_zh for species in page.targets.values()] == ["白颈长尾雉", "黄腹角雉"]
    driver.tap(page.idle.start_key)
    _add_bird(driver, "HZLQ", page.active)
    tiles = {tile._name.text: tile for tile in page.tiles.values()}
    for _ in range(3):
        driver.tap(tiles["红嘴蓝鹊"].plus)
    driver.tap(tiles["红嘴蓝鹊"].minus)
    driver.tap(tiles["白颈长尾雉"].plus)
    driver.hold(page.end_key, LONG_ENOUGH_S)

    counts = {
        body["taxon"]["name_zh"]: (body["occurrence_status"], body["individual_count"])
        for body in driver.records("occurrence")
    }
    assert counts == {"红嘴蓝鹊": ("present", 3), "白颈长尾雉": ("present", 1), "黄腹角雉": ("absent", 0)}
    (event,) = driver.records("event")
    assert event["sampling_protocol"] == "bird_transect"


def test_an_invasive_plot_with_numbers_and_damage(driver: Driver) -> None:
    driver.tap(driver.page.tiles["invasive"])
    page = driver.page
    assert page.save_key.disabled
    driver.tap(page.species_key)
    for letter in "JND":
        driver.tap(driver.page.pane.keypad.letters[letter])
    driver.tap(_rows(driver)[0])
    assert (driver.page.name, page.species_key.text) == ("invasive", "加拿大一枝黄花")
    driver.type(page.numbers["occurrence_area_m2"].input, "120.5")
    driver.type(page.numbers["cover_pct"].input, "45")
    driver.tap(page.damage.chips["moderate"])
    driver.tap(page.save_key)

    (body,) = driver.records("occurrence")
    values = {m["code"]: m["value"] for m in body["measurements"]}
    assert values == {"occurrence_area_m2": "120.5", "cover_pct": "45", "damage_grade": "moderate"}
    assert page.numbers["cover_pct"].input.text == "", "the next plot begins empty"


def test_a_number_that_is_none_is_refused_in_words(driver: Driver) -> None:
    driver.tap(driver.page.tiles["invasive"])
    page = driver.page
    driver.type(page.numbers["cover_pct"].input, "145")
    page.leave()
    driver.pump()
    assert "应在 0 到 100 之间" in driver.shown_texts()


def test_photo_first_then_saved_as_unidentified(driver: Driver) -> None:
    driver.tap(driver.page.tiles["photo"])
    page = driver.page
    assert page.unknown_key.disabled
    driver.tap(page.take_key)
    driver.tap(page.take_key)
    assert len(driver.field.photo.photos) == 2
    driver.tap(page.unknown_key)
    (body,) = driver.records("occurrence")
    assert (body["taxon"]["verbatim_name"], body["evidence_class"]) == ("待鉴定", "image")
    assert len(driver.records("media")) == 2
    assert page.unknown_key.disabled


def test_my_records_say_where_each_stands_and_withdraw(driver: Driver) -> None:
    driver.tablet.record_a_morning()
    driver.tap(driver.page.tiles["my_records"])
    page = driver.page
    assert driver.shown_texts().count("待发送") == 6
    newest = max(page.lines.children[0].children, key=lambda line: line.top)
    driver.tap(newest)
    assert "按住撤回" in driver.shown_texts()
    assert driver.page.name == "record_detail"
    driver.hold(driver.page.withdraw_key, LONG_ENOUGH_S)
    assert "已撤回" in driver.shown_texts()
    assert driver.page.withdraw_card.parent is None
    driver.tap(driver.shell.notice)
    assert driver.shell.notice.opacity == 0
    driver.shell.back()
    driver.pump()
    assert driver.field.my_records.rows[0].state == "withdrawn"
    _scroll_to(driver, page.chips["withdrawn"])
    driver.tap(page.chips["withdrawn"])
    assert [row.title for row in driver.field.my_records.rows] == ["白鹇 × 3"]


def test_a_form_that_was_only_looked_at_is_no_draft(driver: Driver) -> None:
    for screen in ("record", "invasive", "my_records"):
        driver.shell.go("home")
        driver.shell.go(screen)
    assert driver.field.my_records.rows == ()
    driver.field.record.choose_name("大鲵")
    driver.field.my_records.refresh()
    assert [(row.title, row.state) for row in driver.field.my_records.rows] == [("大鲵", "draft")]


def test_sync_without_a_server_says_so_and_keeps_everything(driver: Driver) -> None:
    driver.tablet.record_a_morning()
    driver.field.sync.set_server("http://127.0.0.1:9")
    driver.tap(driver.page.tiles["sync"])
    assert driver.page.figures["平板上"]._number.text == "6"
    driver.tap(driver.page.sync_key)
    driver.wait_for(lambda: not driver.field.sync.running)
    driver.pump(10)
    assert driver.field.sync.problems
    assert "\n".join(driver.field.sync.problems) in driver.shown_texts()
    assert driver.page.figures["等待发送"]._number.text == "6"
    assert driver.page.figures["服务器已收到"]._number.text == "0"


def test_each_kind_of_photo_may_wait_for_a_network_without_a_price(driver: Driver) -> None:
    driver.tap(driver.page.tiles["sync"])
    media, keys = driver.field.store.media, driver.page.over_keys
    assert [keys[kind].text for kind in ("original", "copy")] == ["原片：只用无线网络发送", "小样：任何网络都发送"]
    for kind in ("original", "copy"):
        _scroll_to(driver, keys[kind])
        driver.tap(keys[kind])
    assert (media.wait_for_wifi(), media.wait_for_wifi("copy")) == (False, True)
    assert [keys[kind].text for kind in ("original", "copy")] == ["原片：任何网络都发送", "小样：只用无线网络发送"]


def test_another_survey_is_chosen_by_touch(driver: Driver) -> None:
    driver.tap(driver.page.cells["survey"])
    lines = driver.page.column.inner.children
    driver.tap(next(line for line in lines if line.style == "plain"))
    assert driver.page.name == "home"
    assert driver.field.home.survey_title in driver.shown_texts()
    assert sum(survey.chosen for survey in driver.field.home.surveys) == 1


def test_a_tablet_that_is_not_enrolled_says_so(driver: Driver) -> None:
    driver.field.store.identity.keep(person_id="", person_name="")
    driver.field.home.refresh()
    driver.pump()
    driver.tap(driver.page.enrol_key)
    page = driver.page
    assert page.name == "sync"
    assert page.sync_key.disabled
    assert "登记这台平板" in driver.shown_texts()


def _scroll_to(driver: Driver, chip: Any) -> None:
    """The chips may reach beyond the window; they scroll sideways."""
    from kivy.uix.scrollview import ScrollView

    parent = chip.parent
    while not isinstance(parent, ScrollView):
        parent = parent.parent
    parent.scroll_to(chip, animate=False)
    driver.pump()


def _add_bird(driver: Driver, initials: str, form: Any) -> None:
    key = driver.page.add_key if form is driver.page.active else driver.page.add_target_key
    driver.tap(key)
    for letter in initials:
        driver.tap(driver.page.pane.keypad.letters[letter])
    driver.tap(_rows(driver)[0])


def _rows(driver: Driver) -> list[Any]:
    return sorted(driver.page.pane.list.children[0].children, key=lambda row: -row.top)

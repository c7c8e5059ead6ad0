"""What is offered before anything is typed, what comes first when something is, and what the chosen one is taken for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile.device.ports import Fix
from mobile.species.entry import Species
from mobile.species.likely import Expected, Guide
from mobile.ui.sample import LIKELY_IN_JUNE, MANGSHAN, NINE, Tablet
from shared.clock import CHINA
from shared.coordinates import to_e7


@pytest.fixture
def tablet(tmp_path: Path) -> Iterator[Tablet]:
    opened = Tablet(tmp_path / "tablet")
    yield opened
    opened.field.close()


def shown(tablet: Tablet) -> list[tuple[str, list[str]]]:
    picker = tablet.field.record.picker
    return [(part.title, [one.name_zh for one in part.species]) for part in picker.sections]


def names(tablet: Tablet) -> list[str]:
    return [one.name_zh for one in tablet.field.record.picker.results]


def test_before_anything_is_typed_what_is_likely_here_in_this_month(tablet: Tablet) -> None:
    tablet.field.record.open()
    assert shown(tablet) == [("宜章县 6 月常见", [name for name, _ in LIKELY_IN_JUNE])]
    assert names(tablet) == [name for name, _ in LIKELY_IN_JUNE]


def test_recent_species_come_before_the_likely_ones_and_only_once(tablet: Tablet) -> None:
    tablet.record_a_morning()
    record = tablet.field.record
    record.open()
    (recent, here), (likely, common) = shown(tablet)
    assert (recent, likely) == ("最近记录", "宜章县 6 月常见")
    assert here[0] == "白鹇" and "白鹇" not in common and common[0] == "灰胸竹鸡"
    assert names(tablet) == here + common
    assert record.choose(record.picker.results[len(here)].key) and record.chosen_text == "灰胸竹鸡"


def test_what_is_likely_here_and_recent_comes_first_in_the_search(tablet: Tablet) -> None:
    record = tablet.field.record
    record.open()
    record.picker.type_letter("B")
    assert names(tablet)[:2] == ["白头鹎", "白鹇"], "by likelihood, though longer than 白鹤"
    record.choose_name("白鹤")
    record.confirm()
    record.open()
    record.picker.type_letter("B")
    assert names(tablet)[:2] == ["白鹤", "白头鹎"]


def test_another_month_and_another_county_know_nothing_of_june(tablet: Tablet) -> None:
    record = tablet.field.record
    tablet.clock.set(datetime(2025, 7, 1, 0, 30, tzinfo=CHINA))
    tablet.stand()
    record.open()
    assert shown(tablet) == [], "it is July in China, though still June in Greenwich"
    tablet.clock.set(datetime(2025, 5, 31, 16, 30, tzinfo=UTC))
    record.picker.reset()
    assert shown(tablet)[0][0] == "宜章县 6 月常见", "the first of June has begun in China"
    tablet.clock.set(NINE)
    tablet.place = (113.1, 29.3)
    tablet.stand()
    record.picker.reset()
    assert shown(tablet) == []


def test_without_a_position_the_last_county_counts(tablet: Tablet) -> None:
    tablet.wait(7200)
    tablet.field.tick()
    assert tablet.field.position.fix is None
    tablet.field.record.open()
    assert shown(tablet) == [], "never asked while the position was known"
    tablet.stand()
    tablet.field.record.picker.reset()
    tablet.wait(7200)
    tablet.field.tick()
    tablet.field.record.picker.reset()
    assert shown(tablet)[0][0] == "宜章县 6 月常见"


def test_the_likely_list_and_look_alikes_never_stop_anybody(tmp_path: Path, tablet: Tablet) -> None:
    here = Fix(to_e7(MANGSHAN[1]), to_e7(MANGSHAN[0]), 5, NINE)
    snail = Species("pomacea_canaliculata", "Pomacea canaliculata", "福寿螺")
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"not a pack")
    for pack in (None, broken, tmp_path / "gone.sqlite3"):
        guide = Guide(lambda pack=pack: pack, lambda: here, tablet.clock)
        assert guide.expected() == Expected() and guide.look_alikes(snail) == ()
    installed = tablet.field.store.packs.path("taxa")
    assert Guide(lambda: installed, lambda: None, tablet.clock).expected() == Expected()
    assert tablet.field.guide.look_alikes(Species(None, "", "待鉴定")) == ()
    assert tablet.field.guide.look_alikes(None) == ()


def test_what_the_chosen_species_is_taken_for_and_one_touch_to_switch(tablet: Tablet) -> None:
    record = tablet.field.record
    record.open()
    assert record.look_alikes == ()
    record.choose_name("福寿螺")
    (other,) = record.look_alikes
    assert other.species.name_zh == "中国圆田螺" and "粉红色卵块" in other.difference
    assert record.choose(other.species.key)
    assert record.chosen_text == "中国圆田螺"
    assert [one.species.mark for one in record.look_alikes] == ["外来入侵"], "and back again"
    record.set_count(4)
    assert record.confirm() and record.look_alikes == ()
    body = tablet.field.store.outbox.latest(("occurrence",), 1)[0].body
    assert (body["taxon"]["name_zh"], body["individual_count"]) == ("中国圆田螺", 4)


def test_an_invasive_plot_warns_of_the_native_look_alike(tablet: Tablet) -> None:
    plot = tablet.field.invasive
    plot.open()
    assert plot.look_alikes == ()
    plot.choose_species(plot.picker.by_name("加拿大一枝黄花"))
    assert [one.species.name_zh for one in plot.look_alikes] == ["一枝黄花"]
    plot.choose_species(plot.picker.by_name("不在名录的草"))
    assert plot.look_alikes == ()


def test_a_chosen_species_found_with_a_slip(tablet: Tablet) -> None:
    record = tablet.field.record
    record.open()
    for letter in "FUSOULUO":
        record.picker.type_letter(letter)
    assert names(tablet) == ["福寿螺"]


def test_each_form_offers_what_belongs_on_it_and_finds_everything(tablet: Tablet) -> None:
    tablet.record_a_morning()
    record = tablet.field.record
    record.open()
    record.choose_name("福寿螺")
    record.confirm()
    tablet.field.invasive.open()
    assert [one.name_zh for one in tablet.field.invasive.picker.results] == ["福寿螺"]
    tablet.field.transect.open()
    offered = tablet.field.transect.picker.results
    assert {one.group_zh for one in offered} == {"鸟类"} and len(offered) > 5
    tablet.field.transect.picker.search("穿山甲")
    assert [one.name_zh for one in tablet.field.transect.picker.results] == ["穿山甲"]


def test_a_spoilt_pack_that_comes_again_the_same_tells_all_it_knows(tablet: Tablet) -> None:
    installed = tablet.field.store.packs.path("taxa")
    assert installed is not None
    whole, clock = installed.read_bytes(), tablet.clock
    here = Fix(to_e7(MANGSHAN[1]), to_e7(MANGSHAN[0]), 5, NINE)
    pack = installed.with_name("again.sqlite3")
    guide = Guide(lambda: pack, lambda: here, clock)
    chosen = tablet.field.store.packs.species().exact("白鹇")
    pack.write_bytes(b"spoilt")
    assert guide.expected() == Expected() and guide.look_alikes(chosen) == ()
    pack.write_bytes(whole)
    assert guide.expected().county_name == "宜章县"

"""The eye that looks at the screens does see what is wrong: each fault is planted and must be found."""

import pytest

from tests.mobile.ui.driver import Driver
from tests.mobile.ui.lint import faults


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ("small", "too small to touch"),
        ("near", "too near"),
        ("outside", "outside across"),
        ("long", "shortened"),
        ("pale", "pale"),
        ("over", "over each other"),
    ],
)
def test_a_planted_fault_is_found(driver: Driver, planted: str, words: str) -> None:
    from kivy.uix.floatlayout import FloatLayout

    from mobile.ui.kit.keys import Key
    from mobile.ui.kit.paint import Panel
    from mobile.ui.kit.words import OneLine

    def key(x: float, side: float = 60) -> Key:
        return Key("是", size_hint=(None, None), size=(side, side), pos=(x, 300))

    def line(text: str, x: float = 200, colour: str = "#000000") -> OneLine:
        return OneLine(text, colour=colour, size_hint=(None, None), width=120, height=40, pos=(x, 300))

    parts = {
        "small": [key(100, 30)],
        "near": [key(100), key(164)],
        "outside": [key(-30)],
        "long": [line("很长很长很长很长很长的一行")],
        "pale": [line("淡", colour="#999999")],
        "over": [line("上"), line("下", 260)],
    }
    ground = FloatLayout()
    for part in parts[planted]:
        ground.add_widget(part)
    root = Panel(fill="#ffffff")
    root.add_widget(ground)
    driver.window.add_widget(root)
    driver.pump()
    try:
        assert any(fault.startswith(words) for fault in faults(root, 1280, 800)), faults(root, 1280, 800)
    finally:
        driver.window.remove_widget(root)

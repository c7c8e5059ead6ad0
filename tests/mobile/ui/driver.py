"""Touches the real window as a finger would, and looks at what it shows. Kivy is imported only when a window is there."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from mobile.ui.sample import Tablet

FRAMES = 6


def draw_photos(folder: Path, count: int = 2) -> Path:
    folder.mkdir()
    for number in range(count):
        picture = Image.new("RGB", (320, 240), (40 + 90 * number, 120, 60))
        ImageDraw.Draw(picture).ellipse((80, 60, 240, 180), fill=(230, 220, 120))
        picture.save(folder / f"leaf_{number}.jpg")
    return folder


class Driver:
    def __init__(self, window: Any, folder: Path, noticed: bool = True) -> None:
        from mobile.ui.app import on_window_thread
        from mobile.ui.shell import Shell

        self.window = window
        self.tablet = Tablet(folder / "tablet", draw_photos(folder / "photos"), on_window_thread, noticed)
        self.field = self.tablet.field
        self.shell = Shell(self.field)
        self.taps = 0
        window.add_widget(self.shell)
        self.pump()

    @property
    def page(self) -> Any:
        return self.shell.page

    def resize(self, width: int, height: int) -> None:
        self.window.size = (width, height)
        self.pump(10)

    def pump(self, frames: int = FRAMES) -> None:
        from kivy.base import EventLoop

        for _ in range(frames):
            EventLoop.idle()

    def tap(self, widget: Any) -> None:
        touch = self.press(widget)
        touch.touch_up()
        self.taps += 1
        self.pump()

    def press(self, widget: Any) -> Any:
        from kivy.tests.common import UnitTestTouch

        touch = UnitTestTouch(*widget.to_window(*widget.center))
        touch.touch_down()
        self.pump()
        return touch

    def hold(self, widget: Any, seconds: float) -> None:
        touch = self.press(widget)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.pump(1)
        touch.touch_up()
        self.pump()

    def type(self, field: Any, text: str) -> None:
        """Into a text field that is touched first."""
        self.tap(field)
        assert field.focus
        self.window.dispatch("on_textinput", text)
        self.pump()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "nothing happened"
            self.pump(1)

    def shown_texts(self) -> list[str]:
        """What can be read on the window now."""
        from kivy.uix.label import Label

        return [
            widget.text
            for root in self.window.children
            for widget in seen(root)
            if isinstance(widget, Label) and widget.text
        ]

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Bodies of the records in the outbox, newest first."""
        return [kept.body for kept in self.field.store.outbox.latest((kind,), 100)]

    def close(self) -> None:
        from kivy.uix.modalview import ModalView
        from kivy.uix.recycleview import views

        for widget in list(self.window.children):
            if isinstance(widget, ModalView):
                widget.dismiss(animation=False)
        self.window.remove_widget(self.shell)
        self.pump()
        views._cached_views.clear()  # lines made at one density are not to be shown at another
        self.field.close()


def seen(widget: Any) -> Iterator[Any]:
    """The widget and all below it that are drawn."""
    if widget.opacity == 0:
        return
    yield widget
    for child in widget.children:
        yield from seen(child)

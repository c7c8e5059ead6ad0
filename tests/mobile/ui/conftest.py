"""A real window without a display. Kivy has one window per process, so under xdist all of these tests share one worker."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mobile.ui.driver import Driver

HERE = Path(__file__).parent
LARGEST = 1920


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("window"))


@pytest.fixture(scope="session")
def window() -> Iterator[object]:
    """Kivy reads its surroundings once, when it is first imported: hence not before this."""
    home = tempfile.mkdtemp(prefix="xiangye-kivy-")
    os.environ.update(
        {
            "SDL_VIDEODRIVER": "offscreen",
            "KIVY_NO_ARGS": "1",
            "KIVY_HOME": home,
            "KIVY_LOG_MODE": "PYTHON",
            "KIVY_CLIPBOARD": "dummy",
        }
    )
    logging.getLogger("kivy").setLevel(logging.ERROR)
    from kivy.config import Config

    # The offscreen surface does not grow beyond its first size.
    Config.set("graphics", "width", LARGEST)
    Config.set("graphics", "height", LARGEST)
    Config.set("graphics", "maxfps", 0)  # frames are drawn when a test asks for them
    Config.set("graphics", "multisamples", 0)
    from kivy.base import EventLoop
    from kivy.core.window import Window

    from mobile.ui import fonts
    from mobile.ui.quiet import without_cutbuffer_noise

    without_cutbuffer_noise()
    EventLoop.ensure_window()
    fonts.register()
    yield Window
    Window.close()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def driver(window: object, tmp_path: Path) -> Iterator[Driver]:
    """A morning's tablet in a landscape window of 1280 × 800."""
    opened = Driver(window, tmp_path)
    opened.resize(1280, 800)
    yield opened
    opened.close()


@pytest.fixture
def unread(window: object, tmp_path: Path) -> Iterator[Driver]:
    """A tablet whose person has not yet read the notice of tracks."""
    opened = Driver(window, tmp_path, noticed=False)
    opened.resize(1280, 800)
    yield opened
    opened.close()

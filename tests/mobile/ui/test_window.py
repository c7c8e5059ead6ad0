"""The app as `xiangye field` opens it, and the pictures of the guide."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from mobile.ui.screenshots import SCENES

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "mobile" / "pictures"
MOST_BYTES = 200_000
OPEN_AND_CLOSE = """
import sys
from pathlib import Path
from kivy.clock import Clock
from mobile.device.desktop import desktop_device
from mobile.ui.app import XiangyeApp, open_window
from mobile.wiring import build

data = Path(sys.argv[1])

def make(runner, post):
    field = build(data, desktop_device(data), None, runner, post)
    close = field.close
    field.close = lambda: (close(), print("closed"))
    return field

Clock.schedule_once(lambda _: print("screen", XiangyeApp.get_running_app().shell.page.name), 1)
Clock.schedule_once(lambda _: XiangyeApp.get_running_app().stop(), 1.5)
sys.exit(open_window(make))
"""


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "kivy").mkdir()
    surroundings = {
        **os.environ,
        "SDL_VIDEODRIVER": "offscreen",
        "KIVY_NO_ARGS": "1",
        "KIVY_HOME": str(tmp_path / "kivy"),
        "KIVY_LOG_MODE": "PYTHON",
        "KIVY_CLIPBOARD": "dummy",
        "PYTHONUTF8": "1",
    }
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_window_opens_on_an_empty_tablet_and_closes_its_store(tmp_path: Path) -> None:
    done = run(tmp_path, "-c", OPEN_AND_CLOSE, str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["screen", "home", "closed"]
    assert "Traceback" not in done.stderr


def test_pictures_of_every_screen_are_drawn(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", "mobile.ui.screenshots", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    drawn = sorted((tmp_path / "out").iterdir())
    assert len(drawn) == 2 * len(SCENES)
    for path in drawn:
        _check(path)


@pytest.mark.parametrize(
    "name", ["home_landscape", "home_portrait", "record_landscape", "record_portrait", "sync_portrait"]
)
def test_the_guide_has_its_pictures(name: str) -> None:
    _check(PICTURES / f"{name}.png")


def _check(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    with Image.open(path) as picture:
        assert picture.size == ((1280, 800) if path.stem.endswith("landscape") else (800, 1280))
        rows = picture.convert("RGB")
        top, bottom = rows.getpixel((picture.width // 2, 4)), rows.getpixel((2, picture.height - 2))
    assert top == (0x0B, 0x3D, 0x24), "the bar is at the top"
    assert bottom != (0, 0, 0), "drawn down to the bottom"

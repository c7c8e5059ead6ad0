"""The two fonts hold every character that lists, places and texts can show, 𧈢 included, which no Noto font has."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from tests.house.tree import ROOT, files

SCRIPT = ROOT / ".make" / "fonts.py"
WEIGHTS = ("Regular", "Bold")
pytestmark = [pytest.mark.thorough, pytest.mark.xdist_group("fonts")]


def subset(out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), str(out)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fonts")
    done = subset(out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("weight", WEIGHTS)
def test_every_character_of_the_lists_is_there(fonts: Path, weight: str) -> None:
    drawn = TTFont(fonts / f"XiangyeSans-{weight}.otf").getBestCmap()
    texts = [path for path in files(ROOT / "species_lists") if path.suffix in (".csv", ".json")]
    assert len(texts) > 10
    for path in texts:
        missing = {character for character in path.read_text(encoding="utf-8") if character.isprintable()} - {
            chr(code) for code in drawn
        }
        assert not missing, f"{path.name}: {missing}"


@pytest.mark.parametrize("weight", WEIGHTS)
def test_rare_characters_and_all_of_gb2312_are_drawn(fonts: Path, weight: str) -> None:
    font = TTFont(fonts / f"XiangyeSans-{weight}.otf")
    glyphs, drawn = font.getGlyphSet(), font.getBestCmap()
    gb2312 = {
        bytes((high, low)).decode("gb2312")
        for high in range(0xB0, 0xF8)
        for low in range(0xA1, 0xFF)
        if (high, low) < (0xD7, 0xFA) or high > 0xD7
    }
    assert len(gb2312) == 6763
    for character in {*"𩷶𬶋鵟䴙䴘䴓䗛𧈢湘野麂鼋鱤", *gb2312}:
        pen = BoundsPen(glyphs)
        glyphs[drawn[ord(character)]].draw(pen)
        assert pen.bounds is not None, f"{character} U+{ord(character):04X} is empty"


def test_the_composed_character_looks_like_its_parts(fonts: Path) -> None:
    """𧈢 = the left half of 虾 beside the right half of 叭, and neither of the two by itself."""
    font = ImageFont.truetype(fonts / "XiangyeSans-Regular.otf", 200)

    def ink(character: str) -> Image.Image:
        drawn = Image.new("L", (200, 260), 255)
        ImageDraw.Draw(drawn).text((0, 0), character, font=font, fill=0)
        return drawn

    composed, left, right = ink("𧈢"), ink("虾"), ink("叭")
    assert composed.crop((0, 0, 70, 260)).tobytes() == left.crop((0, 0, 70, 260)).tobytes()
    assert composed.tobytes() not in (left.tobytes(), right.tobytes())
    assert composed.crop((110, 0, 200, 260)).getextrema()[0] == 0


def test_the_same_inputs_are_not_subset_again_and_give_the_same_bytes(fonts: Path, tmp_path: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in fonts.iterdir()}
    assert subset(fonts).stdout == ""
    assert {path.name: path.stat().st_mtime_ns for path in fonts.iterdir()} == before
    assert subset(tmp_path).returncode == 0
    for weight in WEIGHTS:
        name = f"XiangyeSans-{weight}.otf"
        assert (tmp_path / name).read_bytes() == (fonts / name).read_bytes()


def test_the_licence_and_names_go_along(fonts: Path) -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in (fonts / "OFL.txt").read_text(encoding="utf-8")
    names = TTFont(fonts / "XiangyeSans-Bold.otf")["name"]
    assert names.getDebugName(1) == "Xiangye Sans"
    assert "Adobe" in names.getDebugName(0)
    assert "Open Font License" in names.getDebugName(13)
    assert all((fonts / f"XiangyeSans-{weight}.otf").stat().st_size < 2_500_000 for weight in WEIGHTS)


def test_a_character_that_no_font_has_is_an_error_that_names_it(tmp_path: Path) -> None:
    for folder in ("server", "mobile", "shared", "species_lists"):
        (tmp_path / folder).mkdir()
    (tmp_path / "species_lists" / "planted.csv").write_text(f"name\n{chr(0x3134A)}\n", encoding="utf-8")
    (tmp_path / ".make").mkdir()
    for name in ("fonts.py", "composed_glyphs.py", "OFL.txt"):
        (tmp_path / ".make" / name).write_bytes((ROOT / ".make" / name).read_bytes())
    done = subprocess.run(
        [sys.executable, str(tmp_path / ".make" / "fonts.py"), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "U+3134A" in done.stderr
    assert "planted.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_made_says_from_what(fonts: Path) -> None:
    said = json.loads((fonts / "inputs.json").read_text(encoding="utf-8"))
    assert said["characters"] > 7000
    assert len(said["inputs"]) == 64

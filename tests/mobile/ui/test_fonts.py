"""The characters of the screens, and the rare ones of animals' names, are in the font and are drawn."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from mobile.ui import sample, texts

RARE = "𬶋鵟䴙䴘鲮鹇麂"


@pytest.fixture(scope="module")
def faces(window: object) -> tuple[Path, Path]:
    from mobile.ui import fonts

    regular, bold = fonts.font_paths()
    return Path(regular), Path(bold)


def test_both_faces_are_simplified_chinese_and_hold_every_character(faces: tuple[Path, Path]) -> None:
    words = [value for name, value in vars(texts).items() if name.isupper()]
    words += [part for row in sample.SPECIES for part in row if isinstance(part, str)]
    wanted = {ord(character) for character in "".join(words) + RARE if character != "\n"}
    for path in faces:
        face = TTFont(path)
        assert wanted <= set(face.getBestCmap()), path
        assert "JP" not in (face["name"].getDebugName(1) or "")


@pytest.mark.parametrize("character", list(RARE))
@pytest.mark.parametrize("bold", [False, True])
def test_a_rare_character_is_drawn_and_not_as_a_box(window: object, character: str, bold: bool) -> None:
    assert _pixels(character, bold) != _pixels("\U000f0000", bold)
    assert any(_pixels(character, bold))


def test_debian_collections_give_their_chinese_face(
    window: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mobile.ui import fonts

    monkeypatch.setenv("XIANGYE_VAR", str(tmp_path))
    monkeypatch.setattr(fonts, "ASSETS", tmp_path)
    for path in fonts.font_paths():
        assert path.parent == tmp_path / "fonts"
        assert TTFont(path)["name"].getDebugName(1) == "Noto Sans CJK SC"


def test_a_computer_without_chinese_fonts_is_told_where_they_were_looked_for(
    window: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mobile.ui import fonts

    monkeypatch.setenv("XIANGYE_VAR", str(tmp_path))
    monkeypatch.setattr(fonts, "ASSETS", tmp_path)
    monkeypatch.setattr(fonts, "DEBIAN", tmp_path)
    with pytest.raises(fonts.NoChineseFont, match="没有找到中文字体"):
        fonts.font_paths()


def _pixels(character: str, bold: bool) -> bytes:
    from kivy.core.text import Label

    label = Label(text=character, font_size=40, bold=bold)
    label.refresh()
    return bytes(label.texture.pixels)

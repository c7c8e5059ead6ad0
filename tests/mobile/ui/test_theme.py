"""Contrast of the theme, by the formula of WCAG 2.2."""

import pytest

from mobile.ui import theme


@pytest.mark.parametrize(("ink", "ground"), theme.TEXT_PAIRS)
def test_text_stands_out_seven_to_one(ink: str, ground: str) -> None:
    assert theme.contrast(ink, ground) >= 7


@pytest.mark.parametrize("style", theme.STYLES)
def test_keys_can_be_read(style: str) -> None:
    fill, ink, _ = theme.STYLES[style]
    assert theme.contrast(ink, fill) >= 7


@pytest.mark.parametrize("mark", theme.MARKS)
def test_marks_can_be_read_and_keep_their_colour(mark: str) -> None:
    """Protected species are red, invasive ones orange, and no two marks look the same."""
    fill, ink, edge = theme.MARKS[mark]
    assert theme.contrast(ink, fill) >= 7
    red, green, blue = (int(edge[n : n + 2], 16) for n in (1, 3, 5))
    assert red > 2 * blue and (green > 0.5 * red) == (mark == "外来入侵")
    assert len(set(theme.MARKS.values())) == len(theme.MARKS)


def test_contrast_agrees_with_the_published_extremes() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)

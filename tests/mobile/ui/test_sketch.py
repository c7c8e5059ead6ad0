"""A track fitted into a box."""

import pytest

from mobile.ui.sketch import fit, scale_bar


def test_a_track_fills_its_box_and_keeps_its_shape() -> None:
    north_south = [(112.9, 24.90), (112.9, 24.91)]
    (line,), scale = fit([north_south], 400, 300)
    assert line == pytest.approx([200, 0, 200, 300], abs=1e-6)
    assert scale == pytest.approx(300 / 1113.2, rel=1e-6)


def test_east_is_shortened_by_latitude() -> None:
    (line,), scale = fit([[(112.90, 60.0), (112.91, 60.0)]], 400, 300)
    assert (line[2] - line[0]) / scale == pytest.approx(556.6, rel=1e-3)


def test_standing_still_shows_a_hundred_metres() -> None:
    (line,), scale = fit([[(112.9, 24.9)]], 400, 300)
    assert (line, scale) == ([200, 150], 3.0)
    assert fit([], 400, 300) == ([], 0.0)


def test_a_day_of_points_is_thinned_but_keeps_its_ends() -> None:
    walk = [(112.9 + n * 1e-5, 24.9) for n in range(20_000)]
    (line,), _ = fit([walk], 400, 300)
    assert len(line) < 3000
    assert (line[0], line[-2]) == (pytest.approx(0, abs=1e-6), pytest.approx(400))


@pytest.mark.parametrize(("scale", "words"), [(1.0, "100 米"), (0.1, "1 公里"), (0.004, "20 公里"), (100.0, "10 米")])
def test_the_scale_is_round_and_fits(scale: float, words: str) -> None:
    length, text = scale_bar(scale, 140)
    assert text == words
    assert length <= 140 or words == "10 米"

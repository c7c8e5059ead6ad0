"""`xiangye places`: what a person types, well and badly."""

import json

import pytest

from server.cli import run
from server.settings import Settings


@pytest.fixture
def database(shared_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", shared_settings.database_url or "")


@pytest.fixture
def empty_database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIANGYE_DATABASE_URL", settings.database_url or "")


def _json(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    assert run("places", [*argv, "--json"]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.usefixtures("database")
def test_locate_answers_as_others_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    answer = _json(capsys, "locate", "112.95", "24.95")
    assert list(answer) == [
        "county_code",
        "county_name",
        "prefecture_name",
        "in_scope",
        "uncertain",
        "distance_to_border_m",
        "areas",
        "grid_cell",
        "boundary_version",
        "zones",
        "elevation_m",
        "land_cover",
        "layer_versions",
    ]
    assert answer["distance_to_border_m"] == pytest.approx(2868, abs=30)
    assert (answer["county_code"], answer["county_name"], answer["prefecture_name"]) == ("431022", "宜章县", "郴州市")
    assert (answer["in_scope"], answer["uncertain"], answer["areas"], answer["grid_cell"]) == (
        True,
        False,
        [],
        "XY10-E0580N0264",
    )


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("109.567", "26.748"), "522627"),
        (("113.110", "29.428"), "421088"),
        (("0", "0"), None),
        (("-112.95", "-24.95"), None),
    ],
)
def test_a_point_out_of_scope_is_an_answer_and_no_error(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, str], code: str | None
) -> None:
    answer = _json(capsys, "locate", *argv)
    assert (answer["county_code"], answer["in_scope"]) == (code, False)


@pytest.mark.usefixtures("database")
def test_locate_speaks_to_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("places", ["locate", "113.110", "29.428"]) == 0
    words = capsys.readouterr().out
    assert "荆州市 监利市（421088），不在本省" in words
    assert "不确定：距县界" in words
    assert "非国家网格编码" in words
    assert run("places", ["locate", "0", "0"]) == 0
    assert "不在任何县级行政区内" in capsys.readouterr().out


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("24.95", "112.95"), "可能写反了"),
        (("112.95", "91"), "超出范围"),
        (("1129500", "249500"), "超出范围"),
        (("nan", "24.95"), "超出范围"),
        (("112°57′", "24.95"), "不是数字"),
        (("112,95", "24.95"), "不是数字"),
        (("", "24.95"), "不是数字"),
        (("112.95",), "LAT"),
        (("112.95", "24.95", "300"), "300"),
    ],
)
def test_a_mistyped_point_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], words: str
) -> None:
    assert run("places", ["locate", *argv, "--json"]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""


@pytest.mark.usefixtures("empty_database")
def test_locate_before_load_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("places", ["locate", "112.95", "24.95"]) == 1
    assert "xiangye places load" in capsys.readouterr().err


@pytest.mark.usefixtures("empty_database")
def test_load_from_nothing_and_again(capsys: pytest.CaptureFixture[str]) -> None:
    first = _json(capsys, "load")
    assert (first["counties"], first["aliases"], first["changed"]) == (2891, 148, True)
    assert first["registers"] == {"protected_area": 26, "priority_area": 3, "river_section": 17}
    assert _json(capsys, "load") == {**first, "changed": False, "registers": {}}
    assert run("places", ["load"]) == 0
    assert "早已载入" in capsys.readouterr().out

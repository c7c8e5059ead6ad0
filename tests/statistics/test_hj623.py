from dataclasses import replace

import pytest

from server.statistics.hj623 import Counts, evaluate, grade_of, load_parameters

PARAMETERS = load_parameters()
WORKED = Counts(
    animals=400,
    plants=2000,
    formations=60,
    endemic_animals=80,
    endemic_plants=600,
    threatened_animals=50,
    threatened_plants=60,
    invasive=80,
    animal_groups=frozenset(PARAMETERS.animal_groups),
)


def test_worked_case_by_indicator() -> None:
    result = evaluate(WORKED, PARAMETERS)
    by_code = {value.indicator.code: value for value in result.values}
    normalised = {"R_V": 62.9921, "R_P": 54.6150, "D_E": 48.3871, "E_D": 47.2034, "R_T": 30.2559, "E_I": 23.1321}
    assert {code: v.normalised for code, v in by_code.items()} == pytest.approx(normalised, abs=5e-5)
    raw = {"E_D": 0.1449146, "R_T": 0.0475623, "E_I": 0.0333333}
    assert {code: by_code[code].raw for code in raw} == pytest.approx(raw, abs=5e-8)
    assert by_code["E_I"].weighted == pytest.approx(0.1 * (100 - 23.1321), abs=5e-6)
    assert result.index == pytest.approx(53.3519, abs=5e-5)
    assert (result.grade, result.warnings, result.reason) == ("中", (), None)


def test_index_is_the_sum_of_its_parts() -> None:
    result = evaluate(WORKED, PARAMETERS)
    assert result.index == pytest.approx(sum(v.weighted or 0 for v in result.values))


@pytest.mark.parametrize(
    ("index", "grade"),
    [(60, "高"), (59.999, "中"), (30, "中"), (29.999, "一般"), (20, "一般"), (19.999, "低"), (0, "低"), (-3, "低")],
)
def test_a_boundary_belongs_to_the_higher_grade(index: float, grade: str) -> None:
    assert grade_of(index, PARAMETERS) == grade


def test_missing_fish_and_butterflies_are_warned_of() -> None:
    result = evaluate(replace(WORKED, animal_groups=frozenset({"哺乳类", "鸟类", "爬行类", "两栖类"})), PARAMETERS)
    assert len(result.warnings) == 1
    assert "鱼类、蝶类" in result.warnings[0]


def test_a_value_over_its_maximum_is_kept_and_warned_of() -> None:
    result = evaluate(replace(WORKED, animals=700), PARAMETERS)
    assert result.values[0].normalised == pytest.approx(700 * 100 / 635)
    assert "超过参考最大值 635" in result.warnings[0]


def test_without_formations_there_is_no_index_but_a_reason() -> None:
    result = evaluate(replace(WORKED, formations=None), PARAMETERS)
    assert (result.index, result.grade) == (None, None)
    assert result.reason == "缺少指标：生态系统类型多样性"
    assert result.values[0].normalised is not None


def test_parameters_carry_source_and_status() -> None:
    assert PARAMETERS.status == "R"
    assert PARAMETERS.source and PARAMETERS.status_zh
    assert sum(i.weight for i in PARAMETERS.indicators) == 1

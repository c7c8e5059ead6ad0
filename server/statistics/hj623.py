"""The county index BI of HJ 623-2011. The constants are data (hj623_2011.json): their source and status travel with every result."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

PARAMETER_FILE = Path(__file__).with_name("hj623_2011.json")


@dataclass(frozen=True)
class Indicator:
    code: str
    name_zh: str
    maximum: Decimal
    weight: Decimal
    inverse: bool
    unit_zh: str


@dataclass(frozen=True)
class Parameters:
    id: str
    standard: str
    status: str
    status_zh: str
    source: str
    reference_animals: Decimal
    reference_plants: Decimal
    animal_groups: tuple[str, ...]
    subspecies_rule_zh: str
    indicators: tuple[Indicator, ...]
    grades: tuple[tuple[Decimal, str], ...]


@dataclass(frozen=True)
class Counts:
    """Recorded wild taxa of a county. `formations` None: vegetation was not surveyed. `animal_groups`: which of the six were surveyed."""

    animals: int
    plants: int
    formations: int | None
    endemic_animals: int
    endemic_plants: int
    threatened_animals: int
    threatened_plants: int
    invasive: int
    animal_groups: frozenset[str]


@dataclass(frozen=True)
class IndicatorValue:
    indicator: Indicator
    raw: float | None
    normalised: float | None
    weighted: float | None


@dataclass(frozen=True)
class Result:
    """`index` and `grade` are None exactly where `reason` says why."""

    parameters: Parameters
    values: tuple[IndicatorValue, ...]
    index: float | None
    grade: str | None
    reason: str | None
    warnings: tuple[str, ...]


def load_parameters(path: Path = PARAMETER_FILE) -> Parameters:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    indicators = tuple(
        Indicator(i["code"], i["name_zh"], Decimal(i["maximum"]), Decimal(i["weight"]), i["inverse"], i["unit_zh"])
        for i in data["indicators"]
    )
    if sum(i.weight for i in indicators) != 1:
        raise ValueError(f"{path.name}: 各指标权重之和不是 1 (the weights do not add up to 1)")
    grades = sorted(((Decimal(g["from"]), str(g["name_zh"])) for g in data["grades"]), reverse=True)
    return Parameters(
        data["id"],
        data["standard"],
        data["status"],
        data["status_zh"],
        data["source"],
        Decimal(data["reference_animals"]),
        Decimal(data["reference_plants"]),
        tuple(data["animal_groups"]),
        data["subspecies_rule_zh"],
        indicators,
        tuple(grades),
    )


def evaluate(counts: Counts, parameters: Parameters) -> Result:
    raw = raw_indicators(counts, parameters)
    values = tuple(_value(indicator, raw[indicator.code]) for indicator in parameters.indicators)
    warnings = _group_warnings(counts, parameters) + _maximum_warnings(values)
    missing = [value.indicator.name_zh for value in values if value.raw is None]
    if missing:
        return Result(parameters, values, None, None, f"缺少指标：{'、'.join(missing)}", warnings)
    # Weighted values are binary fractions: 60 must not fall to 59.999999999999993 and lose its grade.
    index = round(sum(value.weighted for value in values if value.weighted is not None), 9)
    return Result(parameters, values, index, grade_of(index, parameters), None, warnings)


def raw_indicators(counts: Counts, parameters: Parameters) -> Mapping[str, float | None]:
    animals, plants = float(parameters.reference_animals), float(parameters.reference_plants)
    native = counts.animals + counts.plants
    return {
        "R_V": float(counts.animals),
        "R_P": float(counts.plants),
        "D_E": None if counts.formations is None else float(counts.formations),
        "E_D": (counts.endemic_animals / animals + counts.endemic_plants / plants) / 2,
        "R_T": (counts.threatened_animals / animals + counts.threatened_plants / plants) / 2,
        "E_I": counts.invasive / native if native else None,
    }


def grade_of(index: float, parameters: Parameters) -> str:
    """A value on a boundary belongs to the higher grade."""
    return next((name for low, name in parameters.grades if index >= float(low)), parameters.grades[-1][1])


def _value(indicator: Indicator, raw: float | None) -> IndicatorValue:
    if raw is None:
        return IndicatorValue(indicator, None, None, None)
    normalised = raw * 100 / float(indicator.maximum)
    counted = 100 - normalised if indicator.inverse else normalised
    return IndicatorValue(indicator, raw, normalised, float(indicator.weight) * counted)


def _group_warnings(counts: Counts, parameters: Parameters) -> tuple[str, ...]:
    missing = [group for group in parameters.animal_groups if group not in counts.animal_groups]
    if not missing:
        return ()
    return (
        f"未调查或没有记录的动物类群：{'、'.join(missing)}；野生动物丰富度因此偏低，结果不可与调查了全部六类的县域比较",
    )


def _maximum_warnings(values: tuple[IndicatorValue, ...]) -> tuple[str, ...]:
    return tuple(
        f"{value.indicator.name_zh}（{value.indicator.code}）超过参考最大值 {value.indicator.maximum}，归一化值大于 100，未截断"
        for value in values
        if value.normalised is not None and value.normalised > 100
    )

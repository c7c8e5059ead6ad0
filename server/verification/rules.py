"""What a rule says of a record; pure. Words name the rule's own limits and never a place, a distance or another record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from server.sensitivity.checked import Checked
from server.sensitivity.track_measures import TrackMeasures
from server.taxa.rules import GROUP_RANKS, ResolvedTaxon

FLAG, NOTE = "flag", "note"
"""A flagged record counts in no report until a reviewer has confirmed it; a note only tells the reviewer."""
SEVERITIES: Mapping[str, str] = {FLAG: "存疑：审核前不计入报告", NOTE: "提示：照常计入报告"}


@dataclass(frozen=True)
class Rule:
    """One version of a rule. `scientific_name`, `group_zh`, `county_codes` say what it is about; without them it is about all."""

    rule_id: str
    version: int
    kind: str
    severity: str
    title_zh: str
    reason_zh: str
    scientific_name: str | None = None
    group_zh: str | None = None
    county_codes: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A record as rules see it. `first_in_county`: no other record of the taxon in the shown county came before it."""

    checked: Checked
    taxon: ResolvedTaxon | None = None
    protection_class: str | None = None
    lookalikes: int = 0
    first_in_county: bool = False

    @property
    def present(self) -> bool:
        return self.checked.kind == "occurrence" and self.checked.body.get("occurrence_status") == "present"

    @cached_property
    def names(self) -> frozenset[str]:
        """Of its taxon, of the species that it belongs to and of the groups that it lies in."""
        if self.taxon is None:
            return frozenset()
        binomial = " ".join(self.taxon.scientific_name.split()[:2])
        higher = (self.taxon.place_at(rank) for rank in GROUP_RANKS)
        return frozenset((self.taxon.scientific_name, binomial, *(name for name in higher if name)))

    @property
    def named(self) -> Mapping[str, Any]:
        """The taxon as the observer gave it."""
        return self.checked.body.get("taxon") or {}


def judge(rule: Rule, case: Case) -> str | None:
    """What the rule holds against the record, in words; None where it holds nothing or is not about it."""
    return KINDS[rule.kind].judge(rule, case) if is_about(rule, case) else None


def is_about(rule: Rule, case: Case) -> bool:
    if case.checked.kind not in KINDS[rule.kind].records:
        return False
    if rule.county_codes and case.checked.county_code not in rule.county_codes:
        return False
    if rule.scientific_name is None and rule.group_zh is None:
        return True
    taxon = case.taxon
    if taxon is None or (rule.group_zh is not None and taxon.group_zh != rule.group_zh):
        return False
    return rule.scientific_name is None or rule.scientific_name in case.names


def _range(rule: Rule, case: Case) -> str | None:
    code, told = case.checked.county_code, rule.parameters
    if not case.present or code is None:
        return None
    known = code in told.get("county_codes", ()) or f"{code[:4]}00" in told.get("prefecture_codes", ())
    return None if known else "超出规则所列的已知分布范围"


def _county_first(_: Rule, case: Case) -> str | None:
    return "在本县首次记录该物种" if case.present and case.first_in_county else None


def _altitude(rule: Rule, case: Case) -> str | None:
    altitude, low, high = case.checked.altitude_m, rule.parameters.get("min_m"), rule.parameters.get("max_m")
    if altitude is None or not case.present:
        return None
    if low is not None and altitude < low:
        return f"海拔低于已知下限 {low} 米"
    return f"海拔高于已知上限 {high} 米" if high is not None and altitude > high else None


def _season(rule: Rule, case: Case) -> str | None:
    months = rule.parameters["months"]
    if case.checked.month is None or not case.present or case.checked.month in months:
        return None
    return f"不在通常出现的月份（{'、'.join(map(str, months))}月）"


def _count_limit(rule: Rule, case: Case) -> str | None:
    most, body = rule.parameters["max"], case.checked.body
    counts = [body.get(name) or 0 for name in ("individual_count", "count_max")]
    return f"一次记录的数量超过 {most}" if max(counts) > most else None


def _duplicate(rule: Rule, case: Case) -> str | None:
    minutes, metres = rule.parameters["minutes"], rule.parameters["metres"]
    if any(apart <= minutes and distance <= metres for apart, distance in case.checked.alike):
        return f"与同一平板 {minutes} 分钟内的另一条记录内容相同，疑为重复"
    return None


def _track_position(rule: Rule, case: Case) -> str | None:
    distance, most = case.checked.track_distance_m, rule.parameters["max_m"]
    return f"记录位置离当时的巡护轨迹超过 {most} 米" if distance is not None and distance > most else None


def _photo_match(rule: Rule, case: Case) -> str | None:
    photos, told = case.checked.photos, rule.parameters
    found = []
    if photos.distance_m is not None and photos.distance_m > told["max_m"]:
        found.append(f"照片自带的位置与记录位置相差超过 {told['max_m']} 米")
    if photos.older_min is not None and photos.older_min > told["older_min"]:
        found.append(f"照片拍摄时间比记录早 {told['older_min']} 分钟以上")
    if photos.newer_min is not None and photos.newer_min > told["newer_min"]:
        found.append(f"照片拍摄时间比记录晚 {told['newer_min']} 分钟以上")
    return "；".join(found) or None


def _mock_position(_: Rule, case: Case) -> str | None:
    return "位置来自模拟定位（外接卫星接收机也会如此，请核实）" if case.checked.mock else None


def _difficulty(rule: Rule, case: Case) -> str | None:
    named, told = case.named, rule.parameters
    if not case.present or named.get("method") in told["sure_methods"]:
        return None
    if case.checked.body.get("evidence_class") in told["sure_evidence"]:
        return None
    if named.get("qualifier"):
        return "定名带有存疑标记，需要专家鉴定"
    if told["lookalikes"] and case.lookalikes and not case.checked.photos.count:
        return "有易混物种，又没有照片，凭目击难以认定"
    if case.taxon is not None and case.taxon.group_zh in told["groups"]:
        return "该类群凭目击难以鉴定到种，需要标本、显微或分子证据"
    return None


def _photo_required(rule: Rule, case: Case) -> str | None:
    told = rule.parameters
    if not case.present or case.checked.photos.count or case.checked.body.get("evidence_class") in told["or_evidence"]:
        return None
    if case.protection_class in told["protection"]:
        return f"国家{'一' if case.protection_class == 'I' else '二'}级重点保护物种，应附照片或标本"
    if told["county_first"] and case.first_in_county:
        return "本县首次记录，应附照片或标本"
    return None


_FORGERIES: tuple[tuple[str, Callable[[TrackMeasures, Mapping[str, Any]], bool]], ...] = (
    (
        "各点精度完全相同",
        lambda m, p: (
            m.same_accuracy_share >= p["same_accuracy_share"]
            and m.points >= p["least_points"]
            and m.minutes >= p["least_minutes"]
        ),
    ),
    ("轨迹过直", lambda m, p: m.straight_m >= p["straight_m"] and m.straight_min >= p["straight_min"]),
    ("各点间隔过于均匀", lambda m, p: m.even_share >= p["even_share"]),
    ("行进速度不可能", lambda m, p: m.fastest_m_s > p["fastest_m_s"]),
    ("位置突然跳开", lambda m, p: m.jump_m_s > p["jump_m_s"] or m.sudden_m_s > p["sudden_m_s"]),
    ("与以前的轨迹重合", lambda m, p: m.replayed_share >= p["replayed_share"]),
)


def _track_forged(rule: Rule, case: Case) -> str | None:
    told = rule.parameters
    found = [words for words, holds in _FORGERIES if any(holds(one, told) for one in case.checked.tracks)]
    return f"巡护轨迹可疑：{'、'.join(found)}" if found else None


@dataclass(frozen=True)
class Kind:
    """`parameters`: name → what it has to be; a name that ends in ? may be left out."""

    title_zh: str
    judge: Callable[[Rule, Case], str | None]
    parameters: Mapping[str, str]
    records: frozenset[str] = frozenset({"occurrence"})


KINDS: Mapping[str, Kind] = {
    "range": Kind("分布范围", _range, {"county_codes?": "texts", "prefecture_codes?": "texts"}),
    "county_first": Kind("县级新记录", _county_first, {}),
    "altitude": Kind("海拔", _altitude, {"min_m?": "number", "max_m?": "number"}),
    "season": Kind("季节", _season, {"months": "months"}),
    "count_limit": Kind("数量上限", _count_limit, {"max": "number"}),
    "duplicate": Kind("重复", _duplicate, {"minutes": "number", "metres": "number"}),
    "track_position": Kind("位置与轨迹", _track_position, {"max_m": "number"}),
    "photo_match": Kind("照片与记录", _photo_match, {"max_m": "number", "older_min": "number", "newer_min": "number"}),
    "mock_position": Kind("模拟定位", _mock_position, {}, frozenset({"occurrence", "patrol"})),
    "difficulty": Kind(
        "鉴定难度",
        _difficulty,
        {"groups": "texts", "lookalikes": "yes_no", "sure_methods": "texts", "sure_evidence": "texts"},
    ),
    "photo_required": Kind(
        "必附照片", _photo_required, {"protection": "texts", "county_first": "yes_no", "or_evidence": "texts"}
    ),
    "track_forged": Kind(
        "轨迹真伪",
        _track_forged,
        dict.fromkeys(
            (
                "same_accuracy_share",
                "least_points",
                "least_minutes",
                "straight_m",
                "straight_min",
                "even_share",
                "fastest_m_s",
                "jump_m_s",
                "sudden_m_s",
                "replayed_share",
            ),
            "number",
        ),
        frozenset({"occurrence", "patrol"}),
    ),
}
_SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "number": (lambda value: isinstance(value, int | float) and not isinstance(value, bool), "应为数字"),
    "texts": (lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value), "应为文字的列表"),
    "yes_no": (lambda value: isinstance(value, bool), "应为 true 或 false"),
    "months": (
        lambda value: (
            isinstance(value, list) and bool(value) and all(type(one) is int and 1 <= one <= 12 for one in value)
        ),
        "应为 1–12 的月份列表",
    ),
}


def faults_of(kind: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the parameters of a rule of this kind, by name."""
    wanted = {name.removesuffix("?"): (shape, not name.endswith("?")) for name, shape in KINDS[kind].parameters.items()}
    faults = {name: "这类规则没有这个参数" for name in parameters if name not in wanted}
    for name, (shape, needed) in wanted.items():
        fits, words = _SHAPES[shape]
        if name not in parameters:
            faults |= {name: "缺少这个参数"} if needed else {}
        elif not fits(parameters[name]):
            faults[name] = words
    if not faults and wanted and not parameters:
        faults[next(iter(wanted))] = "至少要给出一个参数"
    return faults

"""Which column of a file is which: by the names agencies use, or as the user says."""

import difflib
import math
from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz, process

from server.places.refusal import LayerRefused

KNOWN: Mapping[str, tuple[str, ...]] = {
    "code": tuple(
        "code code_zh 代码 编码 编号 保护地代码 保护区代码 优先区代码 网格编号 网格编码 网格代码 格网编号 河段代码 地点编号".split()
    ),
    "name": tuple(
        "name_zh name namezh name_cn mc 名称 名字 保护地名称 保护区名称 优先区名称 河段名称 河名 地点名称 地名".split()
    ),
    "county's code": tuple(
        "code gb gb2260 adcode xzqdm xzdm pac qhdm dm ad_code county_code 代码 编码 行政区划代码 行政区代码 区划代码 县代码 县级代码 区县代码".split()
    ),
    "county's name": tuple(
        "name_zh name xzqmc xzmc mc name_cn namezh county county_name 名称 行政区名称 行政区划名称 县名 县名称 县级名称 区县名称 区县".split()
    ),
    "zone's code": tuple("zone_code 分区代码 分区编号".split()),
    "parent": tuple(
        "parent_code parent parent_name 上级代码 保护地 保护区 自然保护地 保护地代码 保护地名称 保护区代码 保护区名称 所属保护地 所属保护区".split()
    ),
    "zone": tuple(
        "zone category zone_zh 功能区 分区 功能分区 管控分区 管控区 gnfq gnq fqmc 分区名称 分区类型 名称 name_zh name mc".split()
    ),
    "level": tuple("level 级别 jb".split()),
    "category": tuple("category 类型 类别 lx".split()),
    "county_codes": tuple("county_codes 县代码 所在县代码".split()),
    "area_ha": tuple("area_ha 面积公顷 面积_公顷 面积ha mj_ha".split()),
    "status": tuple("status 核实情况".split()),
    "note": tuple("note 备注 bz".split()),
    "prefecture_name": tuple("prefecture_name prefecture_zh prefecture 市名 地市 所属市 市州 shimc".split()),
}
_WORDS: Mapping[str, str] = {
    "code": "代码",
    "name": "名称",
    "county's code": "代码",
    "county's name": "名称",
    "parent": "所属保护地",
    "zone": "功能分区",
}


def find(columns: Sequence[str], what: str) -> str | None:
    """The first column by one of the known names, in any case."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in KNOWN[what] if name in by_name), None)


def chosen(file: str, columns: Sequence[str], what: str, asked: str | None) -> str | None:
    """As the user says, else by name."""
    if asked is None:
        return find(columns, what)
    if asked in columns:
        return asked
    raise LayerRefused(file, f"没有名为 {asked} 的列；{_existing(columns, [asked])}")


def required(file: str, columns: Sequence[str], what: str, asked: str | None, option: str | None) -> str:
    found = chosen(file, columns, what, asked)
    if found is not None:
        return found
    how = f"，请用 {option} 指明" if option else f"，请把它命名为 {KNOWN[what][0]}"
    raise LayerRefused(file, f"找不到{_WORDS[what]}列；{_existing(columns, KNOWN[what])}{how}")


def nearest(wanted: str, names: Sequence[str]) -> list[str]:
    return [name for name, _, _ in process.extract(wanted, names, scorer=fuzz.ratio, limit=3, score_cutoff=50)]


def number(text: str) -> float | None:
    """A quantity above zero; None for a blank. ValueError for what is neither."""
    if not text:
        return None
    value = float(text.replace(",", ""))
    if not (math.isfinite(value) and value > 0):
        raise ValueError(text)
    return value


def _existing(columns: Sequence[str], wanted: Sequence[str]) -> str:
    lower = {column.lower(): column for column in columns}
    close = [
        lower[hit] for name in wanted for hit in difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.6)
    ]
    listed = "、".join(columns) or "没有任何列"
    return f"现有的列：{listed}" + (f"；最接近的是 {'、'.join(dict.fromkeys(close[:3]))}" if close else "")

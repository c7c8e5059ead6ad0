"""What each kind of list holds: its columns, which of them must be filled, its categories, what makes a row unique. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.taxa.columns import CODES_OF_RED_LISTS
from server.taxa.rules import RED_LIST_CATEGORIES

BASE = tuple(
    "no entry_kind rank scientific_name authorship name_zh other_names_zh kingdom phylum class order family".split()
)
TAIL = tuple("list_group category population note status".split())
OPTIONAL = tuple(
    "section excludes managed_by red_list endemic condition reason coarsest_name review_on region_code former_names threshold"
    " responsible_unit months county_codes tree_no age_years locality assessed_year criteria population_zh".split()
)
_IDENTITY = ("no", "scientific_name", "name_zh")
_CLASSIFIED = ("class", "order", "family", "list_group")
_DESCRIBED_TAXON = ("authorship", "other_names_zh", "kingdom", *_CLASSIFIED)
_GROUPED = ("entry_kind", *_DESCRIBED_TAXON, "excludes")


@dataclass(frozen=True)
class Kind:
    """`own`: all columns of a list that is not made of entries. `required`: columns that must be there and filled.

    `offered`: further columns of the template. `category`: form of the column of that name, blank where the kind has none.
    `described`: fields of the descriptor that must be filled beyond those of every list.
    """

    title_zh: str
    own: tuple[str, ...] = ()
    required: tuple[str, ...] = _IDENTITY
    offered: tuple[str, ...] = ()
    category: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    category_hint: str = ""
    category_titles: tuple[str, ...] = ()
    unique: tuple[str, ...] = ("scientific_name", "entry_kind", "condition", "population", "region_code")
    described: tuple[str, ...] = ()
    above_species_is_group: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column a list of this kind may have, in the order rows are kept."""
        return self.own or (*BASE, *OPTIONAL, *TAIL)

    @property
    def always(self) -> tuple[str, ...]:
        """The columns every row of this kind has, blank where the file had none."""
        return self.own or (*BASE, *TAIL)


_LEGAL = ("announcement", "in_force_on", "legal_basis")
_GRADES = {"1": "一级 Ⅰ级 Ⅰ I", "2": "二级 Ⅱ级 Ⅱ II", "3": "三级 Ⅲ级 Ⅲ III", "famous": "名木"}


def _turned(codes: Mapping[str, str]) -> dict[str, str]:
    return {word: code for code, words in codes.items() for word in words.split()}


KINDS: Mapping[str, Kind] = {  # in the order of loading: readings first, then what names taxa, then what speaks of them
    "pinyin": Kind(
        "拼音更正表",
        own=("no", "text", "pinyin", "note", "status"),
        required=("no", "text", "pinyin"),
        unique=("text",),
    ),
    "protected": Kind(
        "重点保护物种名录",
        required=(*_IDENTITY, "category"),
        offered=(
            *_GROUPED,
            "population",
            "managed_by",
            "region_code",
            "former_names",
        ),
        category_titles=("保护级别",),
        category="I|II|provincial",
        words=_turned(
            {
                "I": "一级 国家一级 Ⅰ Ⅰ级 I级 1 1级 国家Ⅰ级",
                "II": "二级 国家二级 Ⅱ Ⅱ级 II级 2 2级 国家Ⅱ级",
                "provincial": "省级 省重点 地方 地方重点 省",
            }
        ),
        category_hint="一级、二级、省级（地方重点）",
        described=_LEGAL,
        above_species_is_group=True,
    ),
    "valued": Kind(
        "有重要生态、科学、社会价值的陆生野生动物名录（三有）",
        offered=(
            *_GROUPED,
            "population",
            "former_names",
        ),
        described=_LEGAL,
        above_species_is_group=True,
    ),
    "cites": Kind(
        "濒危野生动植物种国际贸易公约（CITES）附录",
        required=(*_IDENTITY, "category"),
        offered=(*_GROUPED, "former_names"),
        category_titles=("附录",),
        category="I|II|III",
        words=_turned({"I": "附录I 附录Ⅰ Ⅰ", "II": "附录II 附录Ⅱ Ⅱ", "III": "附录III 附录Ⅲ Ⅲ"}),
        category_hint="附录Ⅰ、附录Ⅱ、附录Ⅲ",
        described=("legal_basis",),
        above_species_is_group=True,
    ),
    "invasive": Kind(
        "外来入侵物种名录",
        required=(*_IDENTITY, "category"),
        offered=(*_DESCRIBED_TAXON, "former_names"),
        category_titles=("名录类别",),
        category=r"key_managed|provincial|\d{1,2}",
        words=_turned(
            {
                "key_managed": "重点管理",
                "provincial": "省级",
                "1": "第一批",
                "2": "第二批",
                "3": "第三批",
                "4": "第四批",
            }
        ),
        category_hint="重点管理、省级，或批次（第一批…）",
        above_species_is_group=True,
    ),
    "checklist": Kind(
        "物种名录",
        offered=(
            "rank",
            "authorship",
            "other_names_zh",
            "kingdom",
            "phylum",
            *_CLASSIFIED,
            "endemic",
            "months",
            "county_codes",
            "former_names",
        ),
    ),
    "red_list": Kind(
        "红色名录",
        required=(*_IDENTITY, "category"),
        offered=(
            *_DESCRIBED_TAXON,
            "assessed_year",
            "criteria",
            "population_zh",
            "endemic",
            "former_names",
        ),
        category_titles=("评估等级",),
        category=CODES_OF_RED_LISTS,
        words=_turned(
            {
                **RED_LIST_CATEGORIES,
                "EX": "绝灭 灭绝",
                "EW": "野外绝灭 野外灭绝",
                "RE": "区域绝灭 区域灭绝 地区绝灭",
            }
        ),
        category_hint="极危 CR、濒危 EN、易危 VU、近危 NT、无危 LC、数据缺乏 DD 等",
        unique=("scientific_name", "assessed_year", "population_zh"),
        described=("red_list_scope", "red_list_title_zh"),
    ),
    "endemic": Kind("特有种名录", offered=(*_DESCRIBED_TAXON, "region_code", "former_names")),
    "flagship": Kind("旗舰物种名录", offered=("authorship", "kingdom", *_CLASSIFIED, "region_code", "reason")),
    "tiny_population": Kind(
        "极小种群野生植物名录",
        offered=(*_DESCRIBED_TAXON, "region_code", "reason", "former_names"),
    ),
    "indicator": Kind(
        "生态环境质量指示物种清单",
        required=(*_IDENTITY, "reason", "threshold", "responsible_unit"),
        offered=("authorship", "kingdom", *_CLASSIFIED, "region_code", "months"),
    ),
    "ancient_tree": Kind(
        "古树名木名录",
        required=(*_IDENTITY, "tree_no", "category"),
        offered=("age_years", "region_code", "locality", "family", "reason"),
        category_titles=("古树等级", "古树级别"),
        category="[123]|famous",
        words=_turned(_GRADES),
        category_hint="一级（500 年以上）、二级（300—499 年）、三级（100—299 年）、名木",
        unique=("tree_no",),
    ),
    "names": Kind(
        "异名与别名",
        own=("no", "scientific_name", "name", "language", "kind", "region", "reason", "note", "status"),
        required=("no", "scientific_name", "name", "language", "kind"),
        unique=("name", "language"),
    ),
    "sensitivity": Kind(
        "敏感物种级别",
        required=(*_IDENTITY, "category", "reason", "review_on"),
        offered=(
            "entry_kind",
            "rank",
            "kingdom",
            *_CLASSIFIED,
            "population",
            "condition",
            "months",
            "county_codes",
            "coarsest_name",
        ),
        category_titles=("敏感级别",),
        category="[1-4]",
        words=_turned({"1": "一级 1级", "2": "二级 2级", "3": "三级 3级", "4": "四级 4级"}),
        category_hint="1 不公开，2 公开到 0.1°，3 公开到 0.01°，4 公开到 0.001°",
        unique=("scientific_name", "entry_kind", "condition", "population", "region_code", "months", "county_codes"),
        above_species_is_group=True,
    ),
    "traits": Kind(
        "物种性状",
        own=("no", "scientific_name", "name_zh", "trait", "value", "note", "status"),
        required=(*_IDENTITY, "trait", "value"),
        unique=("scientific_name", "trait", "value"),
    ),
    "lookalikes": Kind(
        "易混种对照",
        own=("no", "scientific_name", "other_scientific_name", "difference_zh", "status"),
        required=("no", "scientific_name", "other_scientific_name", "difference_zh"),
        unique=("scientific_name", "other_scientific_name"),
    ),
    "identifiers": Kind(
        "外部编号",
        own=("no", "scientific_name", "authority", "identifier", "matched_name", "match", "reason", "status"),
        required=("no", "scientific_name", "authority", "match"),
        unique=("scientific_name", "authority"),
    ),
}


def category_word(kind_code: str, category: str) -> str:
    """As a person calls it; a category whose code is the word itself stays."""
    words = KINDS[kind_code].words if kind_code in KINDS else {}
    return next((word for word, code in words.items() if code == category), category)

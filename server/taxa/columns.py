"""The columns a list may have: Chinese heading, form of a cell, the words people write for a code. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SCIENTIFIC = r"×?[A-Z][a-zë-]+( (sect\. [A-Z][a-z]+|×?[a-zë-]+( (var\.|subsp\.|f\.|f\. sp\.) [a-zë-]+| [a-zë-]+)?))?"
CODES_OF_RED_LISTS = "EX|EW|RE|CR|EN|VU|NT|LC|DD"
_LATIN_GROUP = "[A-Z][a-z-]+"


@dataclass(frozen=True)
class Column:
    """`form` is matched by cells that are not blank; whether a cell may be blank is for the kind of list to say.

    `words`: what people write → what is kept. `many`: several values, kept with `;` between. `day`: a calendar day.
    """

    zh: str
    form: str = ".+"
    hint: str = ""
    example: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    many: bool = False
    day: bool = False


def _words(**codes: str) -> dict[str, str]:
    """code="words between spaces", turned round."""
    return {word: code for code, words in codes.items() for word in words.split()}


COLUMNS: Mapping[str, Column] = {
    "no": Column("序号", r"[1-9]\d{0,8}", "从 1 起的整数，不重复", "1", also=("编号", "号")),
    "entry_kind": Column(
        "条目类型",
        "taxon|group",
        "种（一个分类单元）或类群（属、科、目内所有种）；留空则按学名判断，学名写作“Cuora spp.”即为类群",
        "种",
        _words(taxon="种 物种 单种", group="类群 类群规则 所有种"),
    ),
    "rank": Column(
        "分类阶元",
        "class|order|family|genus|section|species|subspecies|variety|form|forma_specialis",
        "留空则按学名判断",
        "种",
        {
            "纲": "class",
            "目": "order",
            "科": "family",
            "属": "genus",
            "组": "section",
            "种": "species",
            "亚种": "subspecies",
            "变种": "variety",
            "变型": "form",
            "专化型": "forma_specialis",
            "保护级别": "protection_class",  # in rules of sensitivity alone: every taxon of that class
        },
    ),
    "scientific_name": Column(
        "学名",
        SCIENTIFIC,
        "拉丁学名，不含命名人；属的所有种写作“Cuora spp.”",
        "Andrias davidianus",
        also=("拉丁名", "拉丁学名", "拉丁文名", "种拉丁名", "物种学名"),
    ),
    "authorship": Column("命名人", hint="学名的命名人和年份", example="(Blanchard, 1871)", also=("定名人", "命名者")),
    "name_zh": Column(
        "中文名", hint="正式中文名，只写一个", example="大鲵", also=("中文名称", "物种名称", "中名", "种名", "物种")
    ),
    "other_names_zh": Column(
        "别名", hint="其他中文名，用“；”隔开", example="娃娃鱼", also=("俗名", "其他中文名"), many=True
    ),
    "kingdom": Column(
        "界",
        _LATIN_GROUP,
        "动物界、植物界、真菌界等，或拉丁名",
        "动物界",
        {
            "动物界": "Animalia",
            "动物": "Animalia",
            "植物界": "Plantae",
            "植物": "Plantae",
            "真菌界": "Fungi",
            "真菌": "Fungi",
            "色藻界": "Chromista",
            "原生动物界": "Protozoa",
            "细菌界": "Bacteria",
        },
    ),
    "phylum": Column("门", _LATIN_GROUP, "拉丁名", "Chordata"),
    "class": Column("纲", _LATIN_GROUP, "中文名或拉丁名", "两栖纲", also=("纲名",)),
    "order": Column("目", _LATIN_GROUP, "中文名或拉丁名", "有尾目", also=("目名",)),
    "family": Column("科", _LATIN_GROUP, "中文名或拉丁名", "隐鳃鲵科", also=("科名",)),
    "section": Column("组", r"[A-Z][a-z]+( sect\. [A-Z][a-z]+)?", "属下的组（拉丁名），仅在类群规则按组划定时需要"),
    "excludes": Column(
        "除外种", hint="类群规则不包括的种（中文名），用“；”隔开", example="兔耳兰", also=("不含", "除外"), many=True
    ),
    "managed_by": Column(
        "主管部门",
        "forestry|agriculture",
        "林草 或 农业农村",
        "农业农村",
        _words(
            forestry="林草 林业 林业主管部门 林业和草原主管部门 林业局",
            agriculture="农业农村 农业 渔业 渔业主管部门 农业农村主管部门 *",
        ),
    ),
    "red_list": Column("红色名录等级", CODES_OF_RED_LISTS, "CR、EN、VU 等", "VU"),
    "endemic": Column(
        "中国特有", "1", "特有种写“是”，其余留空", "是", _words(**{"1": "是 特有 特有种 √ TRUE 有"}), also=("特有",)
    ),
    "condition": Column(
        "情形",
        "nest|roost|unidentified",
        "繁殖地、集群地、未定种；一般留空",
        "繁殖地",
        _words(nest="繁殖地 巢 巢区 营巢地", roost="集群地 夜栖地 越冬地", unidentified="未定种"),
    ),
    "reason": Column(
        "理由", hint="列入或定级的理由", example="分布区极小，盗捕价值高", also=("依据", "列入理由", "原因")
    ),
    "coarsest_name": Column(
        "公开地名至多到",
        "county|prefecture|province",
        "县、市州、省",
        "县",
        _words(county="县 县级 县区", prefecture="市 市州 地市", province="省"),
    ),
    "review_on": Column("复核日期", r"\d{4}-\d\d-\d\d", "到期须重新审定，如 2028-01-01", "2028-01-01", day=True),
    "region_code": Column(
        "适用地区",
        r"\d\d(\d\d){0,2}",
        "只在某地适用时填行政区划代码（GB/T 2260，如 43、4305、430529）；全域适用则留空",
        "430529",
        also=("地区代码", "行政区划代码"),
    ),
    "former_names": Column(
        "上一版名称",
        hint="在上一版名录里用的中文名或学名，用“；”隔开；拆分、合并由此可见",
        also=("原名", "曾用名"),
        many=True,
    ),
    "threshold": Column("阈值", hint="达到或低于何值时须报告，写明单位", example="连续两年未见", also=("预警阈值",)),
    "responsible_unit": Column("责任单位", example="县林业局", also=("负责单位",)),
    "months": Column("月份", r"([1-9]|1[0-2])(;([1-9]|1[0-2]))*", "可见月份，如 4；5；6 或 4-6", "4-6", many=True),
    "county_codes": Column(
        "分布县代码", r"\d{6}(;\d{6})*", "六位代码，用“；”隔开", "430529；431121", also=("分布县",), many=True
    ),
    "tree_no": Column(
        "古树编号", r"[0-9A-Za-z-]{1,40}", "挂牌编号，不重复", "43052900012", also=("挂牌号", "古树名木编号")
    ),
    "age_years": Column("树龄", r"[1-9]\d{0,3}", "年，整数", "520", also=("树龄（年）", "估测树龄")),
    "locality": Column("地点", hint="乡镇、村、小地名", example="儒林镇白云村", also=("位置", "生长地点")),
    "assessed_year": Column("评估年份", r"(19[6-9]|20\d)\d", "四位年份", "2012", also=("年份",)),
    "criteria": Column("评估标准", hint="如 A2c", example="A3b+4b", also=("评估依据",)),
    "population_zh": Column("评估种群", hint="只评估某一种群时填写", example="长江江豚", also=("种群名",)),
    "list_group": Column("类群", hint="名录里的分组标题", example="两栖纲", also=("类别", "分组")),
    "category": Column("级别", also=("保护级别", "等级", "级别/类别")),
    "population": Column(
        "种群限定",
        "wild|landlocked",
        "仅限野外种群 或 仅限陆封种群；不限则留空",
        "仅限野外种群",
        _words(wild="仅限野外种群 野外种群 野外 仅限野生种群", landlocked="仅限陆封种群 陆封种群"),
    ),
    "note": Column("备注", also=("说明",)),
    "status": Column(
        "核对状态",
        "verified|unverified",
        "已与公告原文核对填“已核对”，其余填“未核对”；留空视为未核对",
        "已核对",
        _words(verified="已核对 已核 是", unverified="未核对 未核 否 待核对"),
        also=("状态",),
    ),
    "trait": Column(
        "性状",
        "residency|fauna|genus_areal_type|ecological_type|life_form",
        "居留型、区系、属分布区类型、生态型、生活型",
        "居留型",
        _words(
            residency="居留型",
            fauna="区系 分布型 区系/分布型 区系从属",
            genus_areal_type="属分布区类型 分布区类型",
            ecological_type="生态型 生态类型 生态类群",
            life_form="生活型",
        ),
    ),
    "value": Column("取值", hint="居留型：留鸟、夏候鸟、冬候鸟、旅鸟、迷鸟", example="留鸟", also=("值",)),
    "other_scientific_name": Column("易混种学名", SCIENTIFIC, "与之易混的种的拉丁学名", "Solidago decurrens"),
    "difference_zh": Column(
        "区别", hint="野外凭眼睛如何区分", example="花序分枝弯拱、头状花序偏于一侧", also=("区别要点",)
    ),
    "authority": Column("来源库", "[a-z][a-z0-9_]*", "小写英文代号，如 inaturalist、gbif、col", "gbif"),
    "identifier": Column("外部编号", r"\S{1,80}", "该库里的编号；未解决则留空", "2431950"),
    "matched_name": Column("对应名称", hint="该库里的学名", example="Andrias davidianus"),
    "match": Column(
        "对应方式",
        "exact|synonym|spelling|rank|homonym|open",
        "一致、异名、拼写、阶元、同名异物、未解决",
        "一致",
        _words(exact="一致", synonym="异名", spelling="拼写", rank="阶元", homonym="同名异物", open="未解决"),
    ),
    "name": Column("另一名称", hint="异名、别名或误写", example="娃娃鱼", also=("名称",)),
    "language": Column("语言", "la|zh|en", "中文、拉丁、英文", "中文", _words(la="拉丁 拉丁文", zh="中文", en="英文")),
    "kind": Column(
        "名称类型",
        "synonym|vernacular|misspelling",
        "异名、别名、误写",
        "别名",
        _words(synonym="异名", vernacular="别名 俗名", misspelling="误写 误拼"),
    ),
    "region": Column("使用地区", example="湖南"),
    "text": Column("汉字", hint="词或单字", example="重楼"),
    "pinyin": Column("拼音", "[a-z]+( [a-z]+)*", "小写、不标声调，音节间一个空格", "chong lou"),
}

"""What free words tell: a position in any of the ways people write one, the name of a place, or a guarded taxon; pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

WITHHELD_ZH = "（内容涉及敏感物种，不公开）"

_HAN_NUMBER = "[〇零一二三四五六七八九十百两]{1,7}"
_DEGREES = r"\d{1,3}(?:\.\d+)?"
_POSITIONS = (
    # 北纬 / N / lat with a number, in figures or in words; 25.12N
    rf"(?:北纬|南纬|东经|西经|纬度|经度|坐标|定位)\D{{0,6}}(?:{_DEGREES}|{_HAN_NUMBER}[度°点])",
    rf"\b(?:lat|lon|lng|long|latitude|longitude|geo)\b\W{{0,4}}-?{_DEGREES}",
    rf"\b[NE]\W{{0,2}}{_DEGREES}\W*(?:[°度]|\d|\.)|{_DEGREES}\W{{0,2}}[NE]\b",
    # degrees and minutes, 25°07′23″, 25度7分, 二十五度七分, 25-07-23 beside 112-55-43
    r"\d{1,3}\s*[°º\u02da度]\s*\d{1,2}",
    rf"{_HAN_NUMBER}度{_HAN_NUMBER}分",
    r"\b\d{2,3}[-:]\d{1,2}[-:]\d{1,2}(?:\.\d+)?\W+\d{2,3}[-:]\d{1,2}[-:]\d{1,2}",
    # decimal degrees of China, or any pair of decimals as fine as a position
    r"(?<![\d.])(?:1[89]|[2-4]\d|5[0-4])\.\d{3,}",
    r"(?<![\d.])(?:7[3-9]|[89]\d|1[0-2]\d|13[0-5])\.\d{3,}",
    r"(?<![\d.])(?:1[89]|[2-4]\d|5[0-4])\.\d{1,2}\D{1,5}(?:7[3-9]|[89]\d|1[0-2]\d|13[0-5])\.\d{1,2}(?!\d)",
    r"(?<![\d.])(?:7[3-9]|[89]\d|1[0-2]\d|13[0-5])\.\d{1,2}\D{1,5}(?:1[89]|[2-4]\d|5[0-4])\.\d{1,2}(?!\d)",
    # 25点1234 as people say it
    rf"{_DEGREES}点\d{{2,}}|{_HAN_NUMBER}点{_HAN_NUMBER}.{{0,6}}{_HAN_NUMBER}点{_HAN_NUMBER}",
    # whole numbers of 1e-7, 1e-6 or 1e-5 degree
    r"(?<!\d)(?:1[89]|[2-4]\d|5[0-4])\d{5,7}(?!\d)\D{1,8}(?:7[3-9]|[89]\d|1[0-2]\d|13[0-5])\d{5,7}(?!\d)",
    r"(?<!\d)(?:7[3-9]|[89]\d|1[0-2]\d|13[0-5])\d{5,7}(?!\d)\D{1,8}(?:1[89]|[2-4]\d|5[0-4])\d{5,7}(?!\d)",
    r"(?<!\d)(?:2[4-9]|30|10[89]|11[0-5])\d{7}(?!\d)",
    # metres of a Gauss-Krüger or UTM grid
    r"(?<!\d)[23]\d{6}(?:\.\d+)?(?!\d)\D{1,10}(?:[1-4]\d)?\d{6}(?:\.\d+)?(?!\d)",
    r"(?<!\d)(?:[1-4]\d)?\d{6}(?:\.\d+)?(?!\d)\D{1,10}[23]\d{6}(?:\.\d+)?(?!\d)",
    r"\b(?:49|50)[QRS]\s?[A-Z]{2}\s?\d{2,10}",
    # plus codes, geohashes, three words, links to maps
    r"\b[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,3}\b",
    r"\bw[kst](?=[0-9a-z]*\d)[0-9b-hjkmnp-z]{4,10}\b",
    r"/{3}\w+[.。]\w+[.。]\w+|what3words|三词地址",
    r"(?:amap|map\.baidu|map\.qq|maps?\.google|openstreetmap|uri\.amap|j\.map)\S*|\bgeo:-?\d",
    # a numbered stone, pole or stake, a kilometre of a road
    r"[GSXYK]\d{2,3}(?:国道|省道|县道|乡道|线)?\D{0,3}K?\d{1,4}\s*(?:\+\s*\d{1,3}|公里|千米|km)",
    r"\bK\d{1,4}\s*\+\s*\d{1,3}|\d+\s*号?(?:界碑|界桩|桩|林班|小班|电线杆|电杆|样桩|相机位|机位|点位)",
    r"(?:界碑|界桩|里程碑|林班|小班|电杆|相机位|机位|点位)\W{0,2}[A-Z]{0,3}-?\d+",
)
_POSITION = re.compile("|".join(_POSITIONS), re.IGNORECASE)
_ENDING = (
    "自治县|保护区|保护站|管护站|管理站|检查站|监测站|瞭望塔|护林站|林场|农场|茶场|水库|水电站|电站|公园|景区|风景区|国道|省道|县道|"
    "村民小组|村委会|村部|社区|街道|瀑布|溶洞|峡谷|垭口|山庄|寺庙|庙|寺|庵|祠|亭|塔|桥|坝|渡口|码头|"
    "[省市州县区镇乡村组屯寨院坊堡圩墟]|[坪冲坳垭岭山峰顶尖岗坡坎崖岩峡沟谷溪河江湖塘井泉湾洲滩洞坑槽垌垄塬界坨嘴咀埂丘坟石]"
)
_NAMED = re.compile(rf"[\u3400-\u9fff\U00020000-\U000323af]{{1,8}}?(?:{_ENDING})")
_COMMON = re.compile(
    "下山|上山|爬山|登山|满山|一座山|在山|这座|河边|江边|湖边|溪边|山坡|山沟|山谷|山顶|山脊|水沟|路边|树洞|洞穴|岩洞|土坡|水塘|水坑|"
    "村民|小组|本组|一组|二组|分组|同组|每组|全组|国家一级|地区|山区|林区|景区|样区|湿地区|各区|核心区|社区|水溪|小溪|小河|河滩|沙洲|"
    "泥滩|江湖|池塘|鱼塘|城市|县城|城镇|乡村|农村|全县|本县|全省|我省|本省|我县|山羊|山雀|山鸡|竹洞|自挖洞"
)
"""What ends like a name and is none: taken out before a name is looked for."""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def tells_position(text: str) -> bool:
    """A place by numbers, in whatever system."""
    return bool(_POSITION.search(_plain(text)))


def without_position(name: str | None) -> str | None:
    """The part of a name before the position that somebody wrote behind it; None where nothing is left."""
    if not name or not tells_position(name):
        return name
    return re.split(r"[(（,，;；:：@在]|[NEne]?\d|北纬|东经|坐标", name, maxsplit=1)[0].strip() or None


def tells_place(text: str, names: Iterable[str] = ()) -> bool:
    """A place by numbers or by name: one of `names`, or what is built like the name of one."""
    plain = _plain(text)
    return (
        bool(_POSITION.search(plain)) or any(n in plain for n in names) or bool(_NAMED.search(_COMMON.sub("，", plain)))
    )


_ALONE = "(?:^|[^\u3400-\u9fff]|[见有只头条窝群野大小老的到遇是像疑])"
_GOES_ON = "(?:$|[^\u3400-\u9fff]|的?(?:粪|足|脚|爪|毛|皮|窝|洞|穴|巢|叫|尸|卧|幼|崽)|[一二两三四五六七八九十几\\d])"
_IN_GENERAL = re.compile(
    "国家[一二ⅠⅡ12]级|[一二][级類类](?:重点)?保护|重点保护|保护动物|保护植物|国宝|珍稀|濒危|极危|敏感物种|红色名录|"
    "盗猎|偷猎|盗采|盗挖|猎套|兽夹|套子"
)


_AT_NEST = re.compile(r"巢|孵|育雏|繁殖(?!羽)|雏|夜栖|夜宿|宿地|越冬[地群]|冬眠|洞栖|倒挂|nest|roost", re.IGNORECASE)


class GuardedNames:
    """The names under which people speak of guarded taxa."""

    def __init__(self, names: Iterable[str], places: Iterable[str] = (), at_nests: Iterable[str] = ()) -> None:
        """`places`: names of counties, areas and locations; `at_nests`: of taxa that are guarded where they nest or roost."""
        folded = {_folded(name) for name in names}
        short = "".join(sorted(name for name in folded if len(name) == 1))
        self._short = re.compile(f"{_ALONE}[{short}]{_GOES_ON}") if short else None
        self._names = _by_beginning(folded)
        self._at_nests = _by_beginning(map(_folded, at_nests))
        self._places = frozenset(place for place in places if len(place) > 1)

    def spoken_of(self, text: str | None) -> bool:
        """Whether the words say that something guarded was there: its name, or that it is precious, beside a place."""
        if not text:
            return False
        folded = _folded(text)
        if _any_in(self._names, folded) or (self._short and self._short.search(folded)):
            return True
        if _AT_NEST.search(folded) and _any_in(self._at_nests, folded):
            return True
        return bool(_IN_GENERAL.search(folded)) and tells_place(text, self._places)

    def tells_place(self, text: str | None) -> bool:
        return bool(text) and tells_place(text or "", self._places)


def _by_beginning(names: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name in names:
        if len(name) > 1:
            found.setdefault(name[:2], set()).add(name)
    return found


def _any_in(names: Mapping[str, set[str]], folded: str) -> bool:
    return any(
        folded.startswith(name, at) for at in range(len(folded) - 1) for name in names.get(folded[at : at + 2], ())
    )


def _folded(text: str) -> str:
    """Without the blanks and points that people put between the characters of a name."""
    return re.sub(r"[\s·•．・'\"“”‘’《》〈〉*_\-]+", "", _plain(text)).casefold()

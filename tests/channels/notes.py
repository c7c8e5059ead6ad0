"""Synthetic field notes, seeded: ones that tell where something guarded is, and ordinary ones."""

import random
from collections.abc import Callable, Iterator, Sequence

GUARDED = (
    "穿山甲", "大鲵", "娃娃鱼", "白颈长尾雉", "莽山烙铁头蛇", "林麝", "小灵猫", "红豆杉", "铁皮石斛", "兜兰", "银杉", "金雕", "白鹇", "中华秋沙鸭",
    "Manis pentadactyla", "Andrias davidianus", "豹猫", "水鹿", "云豹", "长江江豚",
)  # fmt: skip
COMMON = (
    "麻雀",
    "白头鹎",
    "珠颈斑鸠",
    "泽陆蛙",
    "马尾松",
    "盐肤木",
    "喜旱莲子草",
    "乌鸫",
    "大山雀",
    "杉木",
    "中华蟾蜍",
    "棕头鸦雀",
)
PLACES = (
    "泽子坪", "黄家垄", "桐木冲", "大坳", "猴子石", "将军寨", "七里半村", "莽山", "宜章县", "郴州市", "烂泥坑", "老鸦岩", "龙潭水库",
    "十二公里检查站",
    "白石渡镇", "钟家湾", "杨梅岭", "石壁沟", "响水桥", "三叉溪",
)  # fmt: skip
_HAN = "〇一二三四五六七八九"


def _han(number: int) -> str:
    tens, ones = divmod(number % 100, 10)
    words = ("一百" if number >= 100 else "") + (
        ("" if tens == 1 and number < 100 else _HAN[tens]) + "十" if tens else ""
    )
    return words + (_HAN[ones] if ones else "")


def _dms(value: float) -> tuple[int, int, float]:
    degrees = int(value)
    minutes = int((value - degrees) * 60)
    return degrees, minutes, ((value - degrees) * 60 - minutes) * 60


def _ways(lat: float, lon: float, some: random.Random) -> Sequence[str]:
    (a, b, c), (d, e, f) = _dms(lat), _dms(lon)
    gcj = lat + 0.0031, lon + 0.0052
    full_width = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
    return (
        f"{lat:.5f}, {lon:.5f}",
        f"{lon:.6f},{lat:.6f}",
        f"坐标（{lat:.4f}，{lon:.4f}）",
        f"N{lat:.4f} E{lon:.4f}",
        f"{lat:.3f}N {lon:.3f}E",
        f"北纬{lat:.2f}度，东经{lon:.2f}度",
        f"北纬{a}度{b}分{c:.0f}秒、东经{d}度{e}分{f:.0f}秒",
        f"{a}°{b}′{c:.1f}″N，{d}°{e}′{f:.1f}″E",
        f"{a}°{b + c / 60:.3f}' {d}°{e + f / 60:.3f}'",
        f"北纬{_han(a)}度{_han(b) or '〇'}分，东经{_han(d)}度{_han(e) or '〇'}分",
        f"{a}-{b:02d}-{c:02.0f}，{d}-{e:02d}-{f:02.0f}",
        f"高德 {gcj[1]:.6f},{gcj[0]:.6f}",
        f"gcj02: {gcj[0]:.5f} {gcj[1]:.5f}",
        f"{lat:.5f}，{lon:.5f}".translate(full_width),
        f"{round(lat * 1e7)} {round(lon * 1e7)}",
        f"X={2_760_000 + some.randrange(9999)}，Y=38{some.randrange(400_000, 500_000)}",
        f"https://uri.amap.com/marker?position={gcj[1]:.5f},{gcj[0]:.5f}",
        f"///{some.choice(['山川', '竹林', '清泉'])}.{some.choice(['月亮', '石头'])}.{some.choice(['飞鸟', '白云'])}",
        f"ws{some.choice('bcdefg')}8q{some.randrange(9)}k",
        f"7PVC{some.choice('2345')}X2F+{some.choice('2345')}V",
        f"K{some.randrange(10, 99)}+{some.randrange(100, 900)} 处",
        f"{some.randrange(1, 40)}号界碑旁",
        f"{some.randrange(1, 40)}林班{some.randrange(1, 20)}小班",
    )


_SAYING = (
    "在{p}见到{t}洞，{w}",
    "{t} 1只，{w}，{p}附近",
    "{w} {t}粪便",
    "{p}：{t}，老乡说常来",
    "{t}：{w}",
    "今早于{p}拍到{t}",
)


def telling(count: int, seed: int = 11) -> Iterator[str]:
    """Each names something guarded and where: in numbers, by name, or both."""
    some = random.Random(seed)
    for _ in range(count):
        lat, lon = some.uniform(24.7, 30.0), some.uniform(108.9, 114.2)
        way = some.choice(_ways(lat, lon, some))
        yield some.choice(_SAYING).format(p=some.choice(PLACES), t=some.choice(GUARDED), w=way)


def positions(count: int, seed: int = 12) -> Iterator[str]:
    """A position or the name of a place among words, and nothing guarded by name."""
    some = random.Random(seed)
    for _ in range(count):
        lat, lon = some.uniform(24.7, 30.0), some.uniform(108.9, 114.2)
        where = some.choice([*_ways(lat, lon, some), *(f"在{place}" for place in PLACES)])
        yield some.choice(("旁边{w}发现洞口", "{w}，有新鲜粪便", "同上，{w}", "痕迹见于 {w} 一带")).format(w=where)


_ORDINARY: Sequence[Callable[[random.Random], str]] = (
    lambda r: f"见{r.choice(COMMON)} {r.randrange(1, 40)} 只，觅食",
    lambda r: f"天气{r.choice(['晴', '阴', '小雨'])}，气温 {r.uniform(3, 34):.1f} ℃，能见度好",
    lambda r: f"{r.choice(COMMON)}，胸径 {r.uniform(5, 40):.1f} 厘米，高 {r.randrange(3, 20)} 米",
    lambda r: f"样线长 {r.uniform(1, 4):.2f} 公里，用时 {r.randrange(40, 180)} 分钟，未见异常",
    lambda r: f"听到{r.choice(COMMON)}鸣叫，距离约 {r.randrange(5, 200)} 米",
    lambda r: f"路边灌丛，{r.choice(COMMON)}成片，盖度 {r.randrange(5, 90)}%",
    lambda r: f"相机电量 {r.randrange(10, 100)}%，更换电池，照片 {r.randrange(1, 900)} 张",
    lambda r: f"{r.choice(COMMON)}雄 {r.randrange(1, 9)} 雌 {r.randrange(1, 9)}，亚成体 {r.randrange(1, 5)}",
    lambda r: "河边有人钓鱼，已劝离",
    lambda r: f"向村民了解，近年{r.choice(COMMON)}增多",
    lambda r: f"开始时间 {r.randrange(6, 11)}:{r.randrange(60):02d}，结束 {r.randrange(11, 18)}:{r.randrange(60):02d}",
    lambda r: f"电话 138{r.randrange(10**7, 10**8)}，联系人已记",
)


def ordinary(count: int, seed: int = 13) -> Iterator[str]:
    some = random.Random(seed)
    for _ in range(count):
        yield some.choice(_ORDINARY)(some)

"""A species pack in the server's form, of seven species."""

from collections.abc import Callable
from pathlib import Path

from shared.taxon_pack import write

TAXA = (
    ("t1", "Manis pentadactyla", "穿山甲", "哺乳类", "鳞甲科", "I", 0, 1, "chuan shan jia", "csj"),
    ("t2", "Egretta garzetta", "白鹭", "鸟类", "鹭科", "None", 0, None, "bai lu", "bl"),
    ("t3", "Ardea cinerea", "苍鹭", "鸟类", "鹭科", None, 0, None, "cang lu", "cl"),
    (
        "t4",
        "Alternanthera philoxeroides",
        "空心莲子草",
        "维管束植物",
        "苋科",
        None,
        1,
        None,
        "kong xin lian zi cao",
        "kxlzc",
    ),
    ("t5", "Abbottina rivularis", "棒花鱼", "鱼类", "鲤科", None, 0, None, "bang hua yu", "bhy"),
    ("t6", "Microphysogobio tafangensis", "蛇𬶋", "鱼类", "鲤科", None, 0, None, "she ju", "sj"),
    ("t7", "Ciconia boyciana", "东方白鹳", "鸟类", "鹳科", "I", 0, 2, "dong fang bai guan", "dfbg"),
)


def make_pack(path: Path, version: str = "2025-05-01.1", sign: Callable[[bytes], str] = lambda _: "") -> bytes:
    """A species pack in the server's form."""
    names = [
        ("t4", "喜旱莲子草", "zh", "vernacular", "xi han lian zi cao"),
        ("t1", "Manis aurita", "la", "synonym", ""),
    ]
    for taxon_id, latin, chinese, *_, pinyin, _initials in TAXA:
        names += [(taxon_id, latin, "la", "accepted", ""), (taxon_id, chinese, "zh", "accepted", pinyin)]
    rows = {
        "taxon": [
            (int(t[0][1:]), t[0], "species", "", t[4], t[3], t[5] if t[5] != "None" else None, 0, t[6], t[7])
            for t in TAXA
        ],
        "name": [(int(taxon_id[1:]), *rest) for taxon_id, *rest in names],
    }
    path.unlink(missing_ok=True)
    write(path, rows, version, sign=sign)
    return path.read_bytes()

"""A tablet with a field day on it, for pictures and for looking at the screens: simulated records, real names. No kivy here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from mobile.device.desktop import desktop_device
from mobile.device.desktop_clock import ScriptedClock
from mobile.device.desktop_location import ScriptedLocation
from mobile.device.ports import Fix
from mobile.store.delivery import Receipt
from mobile.store.store import Store
from mobile.wiring import Field, build
from shared.clock import CHINA
from shared.coordinates import to_e7
from shared.ids import uuid7
from shared.notices import TRACK
from shared.taxon_pack import Row, cell_of, write

NINE = datetime(2025, 6, 1, 9, 0, tzinfo=CHINA)
HOLDER = "hunan"
FREE_BYTES = 46_200_000_000
MANGSHAN = (112.9312, 24.9543)
PACK_VERSION = "2025-05-01.1"
# Chinese name, pinyin, Latin name, group, family, protection class, invasive
SPECIES = (
    ("穿山甲", "chuan shan jia", "Manis pentadactyla", "哺乳类", "鲮鲤科", "I", 0),
    ("藏酋猴", "zang qiu hou", "Macaca thibetana", "哺乳类", "猴科", "II", 0),
    ("豹猫", "bao mao", "Prionailurus bengalensis", "哺乳类", "猫科", "II", 0),
    ("林麝", "lin she", "Moschus berezovskii", "哺乳类", "麝科", "I", 0),
    ("赤麂", "chi ji", "Muntiacus vaginalis", "哺乳类", "鹿科", "", 0),
    ("长江江豚", "chang jiang jiang tun", "Neophocaena asiaeorientalis", "哺乳类", "鼠海豚科", "I", 0),
    ("白鹇", "bai xian", "Lophura nycthemera", "鸟类", "雉科", "II", 0),
    ("白鹤", "bai he", "Leucogeranus leucogeranus", "鸟类", "鹤科", "I", 0),
    ("白颈长尾雉", "bai jing chang wei zhi", "Syrmaticus ellioti", "鸟类", "雉科", "I", 0),
    ("黄腹角雉", "huang fu jiao zhi", "Tragopan caboti", "鸟类", "雉科", "I", 0),
    ("红腹锦鸡", "hong fu jin ji", "Chrysolophus pictus", "鸟类", "雉科", "II", 0),
    ("灰胸竹鸡", "hui xiong zhu ji", "Bambusicola thoracicus", "鸟类", "雉科", "", 0),
    ("中华秋沙鸭", "zhong hua qiu sha ya", "Mergus squamatus", "鸟类", "鸭科", "I", 0),
    ("小䴙䴘", "xiao pi ti", "Tachybaptus ruficollis", "鸟类", "䴙䴘科", "", 0),
    ("黑颈䴙䴘", "hei jing pi ti", "Podiceps nigricollis", "鸟类", "䴙䴘科", "II", 0),
    ("普通鵟", "pu tong kuang", "Buteo japonicus", "鸟类", "鹰科", "II", 0),
    ("白鹭", "bai lu", "Egretta garzetta", "鸟类", "鹭科", "", 0),
    ("白头鹎", "bai tou bei", "Pycnonotus sinensis", "鸟类", "鹎科", "", 0),
    ("白腰文鸟", "bai yao wen niao", "Lonchura striata", "鸟类", "梅花雀科", "", 0),
    ("画眉", "hua mei", "Garrulax canorus", "鸟类", "噪鹛科", "II", 0),
    ("红嘴相思鸟", "hong zui xiang si niao", "Leiothrix lutea", "鸟类", "噪鹛科", "II", 0),
    ("红嘴蓝鹊", "hong zui lan que", "Urocissa erythroryncha", "鸟类", "鸦科", "", 0),
    ("棕头鸦雀", "zong tou ya que", "Sinosuthora webbiana", "鸟类", "莺鹛科", "", 0),
    ("莽山烙铁头蛇", "mang shan lao tie tou she", "Protobothrops mangshanensis", "爬行类", "蝰科", "I", 0),
    ("大鲵", "da ni", "Andrias davidianus", "两栖类", "隐鳃鲵科", "II", 0),
    ("棒花𬶋", "bang hua ju", "Gobio rivuloides", "鱼类", "鲤科", "", 0),
    ("南方红豆杉", "nan fang hong dou shan", "Taxus wallichiana var. mairei", "维管束植物", "红豆杉科", "I", 0),
    ("伯乐树", "bo le shu", "Bretschneidera sinensis", "维管束植物", "叠珠树科", "II", 0),
    ("加拿大一枝黄花", "jia na da yi zhi huang hua", "Solidago canadensis", "维管束植物", "菊科", "", 1),
    ("喜旱莲子草", "xi han lian zi cao", "Alternanthera philoxeroides", "维管束植物", "苋科", "", 1),
    ("福寿螺", "fu shou luo", "Pomacea canaliculata", "其他无脊椎动物", "瓶螺科", "", 1),
    ("中国圆田螺", "zhong guo yuan tian luo", "Cipangopaludina chinensis", "其他无脊椎动物", "田螺科", "", 0),
    ("一枝黄花", "yi zhi huang hua", "Solidago decurrens", "维管束植物", "菊科", "", 0),
)
LOOK_ALIKES = (
    ("福寿螺", "中国圆田螺", "田螺螺塔高，缝合线浅，从不产卵块；福寿螺螺塔矮，缝合线深，产粉红色卵块。"),
    (
        "加拿大一枝黄花",
        "一枝黄花",
        "一枝黄花高不足 1 米，花序窄；加拿大一枝黄花高 1.5–3 米，圆锥花序开展，头状花序偏在分枝一侧。",
    ),
)
COUNTY = ("431022", "宜章县")
LIKELY_IN_JUNE = (
    ("灰胸竹鸡", 41),
    ("红嘴蓝鹊", 36),
    ("白头鹎", 33),
    ("画眉", 20),
    ("白鹇", 18),
    ("棕头鸦雀", 12),
    ("赤麂", 5),
)
REVIEWS = (
    {
        "state": "asked",
        "message": "白颈长尾雉与白鹇雌鸟易混淆：请补充尾羽和颈部的颜色，最好附上照片；当时有几只雌鸟？",
        "taxon": None,
    },
    {"state": "confirmed", "message": "", "taxon": None},
    {
        "state": "reidentified",
        "message": "照片中翼下深色，应为白鹇亚成体",
        "taxon": {"scientific_name": "Lophura nycthemera", "name_zh": "白鹇"},
    },
    {"state": "rejected", "message": "位置在水库中央，与物种习性不符，请核对定位", "taxon": None},
    {"state": "escalated", "message": "本县新记录，已转市级专家", "taxon": None},
)
SIGHTINGS = (("白颈长尾雉", 2), ("藏酋猴", 11), ("普通鵟", 1), ("小䴙䴘", 4), ("南方红豆杉", 3), ("白鹇", 3))


def species_pack(path: Path) -> bytes:
    """A small pack in the form that the server makes."""
    taxa: list[Row] = []
    names: list[Row] = []
    for number, (chinese, pinyin, latin, group, family, protection, invasive) in enumerate(SPECIES):
        taxon_id = latin.replace(" ", "_").lower()
        taxa.append((number, taxon_id, "species", None, family, group, protection or None, 0, invasive, None))
        names += [(number, latin, "la", "accepted", ""), (number, chinese, "zh", "accepted", pinyin)]
    numbers = {chinese: number for number, (chinese, *_) in enumerate(SPECIES)}
    row, column = cell_of(to_e7(MANGSHAN[1]), to_e7(MANGSHAN[0]))
    rows: dict[str, list[Row]] = {
        "taxon": taxa,
        "name": names,
        "lookalike": [
            (numbers[pair[turn]], numbers[pair[1 - turn]], words) for *pair, words in LOOK_ALIKES for turn in (0, 1)
        ],
        "county": [COUNTY],
        "cell": [(row + up, column + right, COUNTY[0]) for up in (-1, 0, 1) for right in (-1, 0, 1)],
        "likely": [(COUNTY[0], NINE.month, numbers[name], weight) for name, weight in LIKELY_IN_JUNE],
    }
    path.unlink(missing_ok=True)
    write(path, rows, PACK_VERSION)
    return path.read_bytes()


class RoomyStorage:
    """Always as much room, so that pictures do not change with the computer that draws them."""

    def free_bytes(self) -> int:
        return FREE_BYTES


class Tablet:
    """An enrolled tablet in `folder`, at `NINE` in the Mangshan; `walk` and `wait` move it on."""

    def __init__(
        self,
        folder: Path,
        photos: Path | None = None,
        post: Callable[[Callable[[], None]], None] | None = None,
        noticed: bool = True,
    ) -> None:
        self.clock, self.location = ScriptedClock(), ScriptedLocation()
        self.clock.set(NINE)
        device = replace(
            desktop_device(folder, photos=photos, clock=self.clock, location=self.location), storage=RoomyStorage()
        )
        folder.mkdir(parents=True, exist_ok=True)
        store = Store(folder, device.keystore)
        store.identity.enrol(
            "simulated",
            device_id=str(uuid7()),
            device_name="莽山 3 号平板",
            person_id=str(uuid7()),
            person_name="李晓莽",
            server_url="https://xiangye.example",
            holder=HOLDER,
            server_epoch="1",
        )
        store.surveys.replace(
            [
                {
                    "survey_id": str(uuid7()),
                    "title": "宜章县生物多样性本底调查",
                    "kind": "county_baseline",
                    "dataset_id": None,
                },
                {"survey_id": str(uuid7()), "title": "莽山巡护", "kind": "patrol_programme", "dataset_id": None},
            ]
        )
        store.packs.install("taxa", species_pack(folder / "pack.sqlite3"), NINE)
        store.close()
        self.field: Field = build(folder, device, post=post)
        if noticed:
            self.field.recorder.notices.accept(TRACK, "duty")
            self.field.notice.open()
        self.place = MANGSHAN
        self.stand()

    def stand(self, accuracy_m: float = 4.0) -> None:
        longitude, latitude = self.place
        self.location.put(Fix(to_e7(latitude), to_e7(longitude), accuracy_m, self.clock.now(), 1180.0))
        self.field.tick()

    def wait(self, seconds: float) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))

    def walk(self, *steps: tuple[float, float], count: int = 20, seconds: float = 10) -> None:
        """Each step (degrees east, degrees north) is walked in `count` fixes."""
        for east, north in steps:
            for _ in range(count):
                self.place = (self.place[0] + east / count, self.place[1] + north / count)
                self.wait(seconds)
                self.stand()

    def record_a_morning(self) -> None:
        """Half a dozen sightings, through the presenter that the screen has."""
        record = self.field.record
        for name, count in SIGHTINGS:
            self.wait(540)
            self.place = (self.place[0] + 0.0017, self.place[1] + 0.0011)
            self.stand()
            record.open()
            record.choose_name(name)
            record.set_count(count)
            record.confirm()

    def deliver_the_first(self, count: int, reason: str) -> None:
        """The server has answered for the first `count` records; the others were refused for `reason`."""
        deliveries, now = self.field.store.deliveries, self.clock.now()
        offered = deliveries.read(deliveries.due(now, ignore_pause=True), 1_000_000)
        deliveries.posting(offered)
        deliveries.answered(
            [Receipt(o.record_id, o.digest, "accepted", HOLDER, "1", "") for o in offered[:count]], HOLDER, now
        )
        deliveries.failed(offered[count:], reason, now)
        self.field.sync.refresh()

    def change_the_first_elsewhere(self) -> str:
        """Of one that arrived another tablet has made a version that does not go with this one's; returns its id."""
        kept = reversed(self.field.store.outbox.latest(("occurrence",), 100))
        record = next(one for one in kept if one.state in ("held", "confirmed"))
        other, now = "0" * 64, self.clock.now()
        body, place = record.body, record.body["place"]
        theirs = {
            "individual_count": 4,
            "behavior": "带幼猴觅食，见人后上树",
            "place": {**place, "latitude_e7": place["latitude_e7"] + 4_200, "source": "map"},
        }
        change = {
            "record_id": record.record_id,
            "kind": record.kind,
            "state": "conflict",
            "change_no": 50,
            "conflict": {
                "heads": [record.digest, other],
                "versions": [
                    {"digest": record.digest, "author_name": "李晓莽", "saved_at": record.saved_at, "deleted": False},
                    {"digest": other, "author_name": "王溆浦", "saved_at": now.isoformat(), "deleted": False},
                ],
                "fields": {
                    name: [{"digest": record.digest, "value": body[name]}, {"digest": other, "value": value}]
                    for name, value in theirs.items()
                },
                "body": body,
            },
        }
        self.field.store.pulled.take([change], 50)
        self.field.my_records.refresh()
        self.field.home.refresh()
        return record.record_id

    def review_the_first(self) -> None:
        """A reviewer has looked at what arrived: one of each answer that there is."""
        records = [one for one in reversed(self.field.store.outbox.latest(("occurrence",), 100)) if one.state == "held"]
        changes = [
            {
                "record_id": record.record_id,
                "kind": "occurrence",
                "state": "current",
                "change_no": number,
                "review": {
                    **review,
                    "decision_id": str(uuid7()),
                    "decided_at": (self.clock.now() + timedelta(minutes=number)).isoformat(),
                    "decided_by": "县级审核员",
                },
            }
            for number, (record, review) in enumerate(zip(records, REVIEWS, strict=False), 1)
        ]
        self.field.store.pulled.take(changes, len(changes))
        self.field.my_records.refresh()
        self.field.home.refresh()

"""Whether this store is the only one of its device: a copy that was put back, or put on a second tablet, gives numbers twice.

Records of twins are all kept, since a record is known by its id and digest and by no number; what a twin costs is that nobody can tell
by the numbers whether something is missing. So it is named, goes on above all known numbers, and gets an id of its own (parting.py),
once nothing waits that bears the old one.
"""

from mobile.device.ports import Keystore
from mobile.store.database import Database
from mobile.store.identity import Identities

_MARK, _FLOOR, TWIN, PARTED, _NEEDS_CODE = "seq_mark", "seq_floor", "twin", "twin_parted", "twin_needs_code"
RESTORED = "平板数据是从较早的备份恢复的（编号 {own}，曾用到 {known}）"
OLDER_ID = "平板数据是从较早的备份恢复的：平板在那以后已换用新的编号"
COPIED = "另一台平板也在用这台平板的编号（编号 {known} 的记录与服务器上的不同）：数据可能被复制过"
AHEAD = "服务器已收到本平板编号 {known} 的记录，而平板上只到 {own}：数据可能从备份恢复，或被复制到了另一台平板"
BY_ITSELF = "；没有记录被覆盖，未送达的照常发送。全部送达后，平板会在同步时自动换用新的编号，不需要登记码"
BY_CODE = "；没有记录被覆盖，未送达的照常发送。请在全部送达后，向管理员索取新的登记码重新登记，平板将得到新的编号"
HAS_PARTED = "平板数据可能被复制或恢复过，没有记录被覆盖：全部送达后，平板已自动换用新的编号，尾号 {tail}"


FARTHEST = 1_000_000
"""No twin is further ahead. To go on above any number at all would soon leave none to be given."""


class Twins:
    def __init__(self, database: Database, identity: Identities, keystore: Keystore) -> None:
        self._database = database
        self._identity = identity
        self._keystore = keystore

    def begin(self) -> None:
        """At the start: the keystore, which no copy of the store brings along, remembers how far this device has counted, and
        under which id."""
        (bearer, mark), own, device = self._mark(), self._highest(), self._identity.setting("device_id")
        if device and bearer == device and own < mark:
            self._note(RESTORED.format(own=own, known=mark), mark)
        elif device and bearer not in ("", device, *self._identity.given_up()):
            self._note(OLDER_ID, mark)

    def counted(self) -> None:
        """After a sync, or under another id; of one id the mark only rises."""
        own, device = self._highest(), self._identity.device_id()
        bearer, mark = self._mark()
        if own > mark or (bearer and bearer != device):
            self._keystore.put(_MARK, f"{device}:{own}")

    def compare(self, known: int, digest: str) -> None:
        """With the highest number that the server has of this device, and the version that bears it."""
        own = self._highest()
        rows = self._database.rows("select digest from record where seq = ?", (known,))
        if known > own and not self._is_passed(known):
            self._note(AHEAD.format(own=own, known=known), known if known - own <= FARTHEST else own)
        elif rows and rows[0]["digest"] != digest:
            self._note(COPIED.format(known=known), known)

    def found(self) -> bool:
        """Whether an id of its own is still to come."""
        return bool(self._identity.setting(TWIN))

    def words(self) -> str:
        """What was found and what comes of it; that it came; empty where this store is the only one, as far as it can know."""
        found = self._identity.setting(TWIN)
        if not found:
            return self.parted_words()
        return found + (BY_CODE if self._identity.setting(_NEEDS_CODE) else BY_ITSELF)

    def parted_words(self) -> str:
        return self._identity.setting(PARTED) or ""

    def needs_code(self, is_so: bool = True) -> None:
        """The server gives no id without one, or did again."""
        if is_so != bool(self._identity.setting(_NEEDS_CODE)):
            self._identity.keep(**{_NEEDS_CODE: "yes" if is_so else ""})

    def was_told(self, words: str) -> None:
        """These have stood on the screen; those of one more id, taken since, have not."""
        if words == self.parted_words():
            self._identity.keep(**{PARTED: ""})

    def _is_passed(self, known: int) -> bool:
        """It was told before, and nothing was recorded since."""
        return int(self._identity.setting(_FLOOR) or 0) >= known

    def _note(self, words: str, known: int) -> None:
        floor = max(known, int(self._identity.setting(_FLOOR) or 0))
        self._identity.keep(**{TWIN: words, PARTED: "", _FLOOR: str(floor)})

    def _highest(self) -> int:
        return self._database.count("select coalesce(max(seq), 0) from record")

    def _mark(self) -> tuple[str, int]:
        device, _, number = (self._keystore.get(_MARK) or "").partition(":")
        return (device, int(number)) if number.isdecimal() else ("", 0)

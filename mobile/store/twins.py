"""Whether this store is the only one of its device: a copy that was put back, or put on a second tablet, gives numbers twice.

Records of twins are all kept, since a record is known by its id and digest and by no number; what a twin costs is that nobody can tell
by the numbers whether something is missing. So it is named, goes on above all known numbers, and gets an id of its own at the next
enrolment, once nothing waits that bears the old one.
"""

from mobile.device.ports import Keystore
from mobile.store.database import Database
from mobile.store.identity import Identities

_MARK, _FLOOR, _TWIN = "seq_mark", "seq_floor", "twin"
RESTORED = "平板数据是从较早的备份恢复的（编号 {own}，曾用到 {known}）"
COPIED = "另一台平板也在用这台平板的编号（编号 {known} 的记录与服务器上的不同）：数据可能被复制过"
AHEAD = "服务器已收到本平板编号 {known} 的记录，而平板上只到 {own}：数据可能从备份恢复，或被复制到了另一台平板"
WHAT_TO_DO = "；没有记录被覆盖，未送达的照常发送。请在全部送达后，向管理员索取新的登记码重新登记，平板将得到新的编号"


class Twins:
    def __init__(self, database: Database, identity: Identities, keystore: Keystore) -> None:
        self._database = database
        self._identity = identity
        self._keystore = keystore

    def begin(self) -> None:
        """At the start: the keystore, which no copy of the store brings along, remembers how far this device has counted."""
        mark, own = self._mark(), self._highest()
        if own < mark:
            self._found(RESTORED.format(own=own, known=mark), mark)

    def counted(self) -> None:
        """After a sync; the mark only rises."""
        own = self._highest()
        if own > self._mark():
            self._keystore.put(_MARK, f"{self._identity.device_id()}:{own}")

    def compare(self, known: int, digest: str) -> None:
        """With the highest number that the server has of this device, and the version that bears it."""
        own = self._highest()
        rows = self._database.rows("select digest from record where seq = ?", (known,))
        if known > own and not self._is_passed(known):
            self._found(AHEAD.format(own=own, known=known), known)
        elif rows and rows[0]["digest"] != digest:
            self._found(COPIED.format(known=known), known)

    def words(self) -> str:
        """What was found, and what to do; empty where this store is the only one, as far as it can know."""
        found = self._identity.setting(_TWIN)
        return found + WHAT_TO_DO if found else ""

    def parted(self) -> None:
        """The device has another id from now on. Numbers go on above the old ones: each is given once in a store."""
        self._identity.keep(**{_TWIN: ""})

    def _is_passed(self, known: int) -> bool:
        """It was told before, and nothing was recorded since."""
        return int(self._identity.setting(_FLOOR) or 0) >= known

    def _found(self, words: str, known: int) -> None:
        floor = max(known, int(self._identity.setting(_FLOOR) or 0))
        self._identity.keep(**{_TWIN: words, _FLOOR: str(floor)})

    def _highest(self) -> int:
        return self._database.count("select coalesce(max(seq), 0) from record")

    def _mark(self) -> int:
        """Of this device's id only: another one counts anew."""
        device, _, number = (self._keystore.get(_MARK) or "").partition(":")
        return int(number) if number.isdecimal() and device == self._identity.setting("device_id") else 0

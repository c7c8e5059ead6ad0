"""A store that has a twin takes another device id: the numbers of both then count for themselves. Numbers go on above the old ones:
each is given once in a store.

Each step may be the last one before a kill. Until the one transaction is written, the store goes on under its old id and credential.
"""

from mobile.store.database import Database
from mobile.store.delivery import Deliveries
from mobile.store.identity import Identities
from mobile.store.media import MediaStore
from mobile.store.twins import HAS_PARTED, PARTED, TWIN
from shared.failpoints import fail
from shared.ids import uuid7

_COMING, _TAIL = "device_id_to_come", 8


class Parting:
    def __init__(self, database: Database, identity: Identities, deliveries: Deliveries, media: MediaStore) -> None:
        self._database = database
        self._identity = identity
        self._deliveries = deliveries
        self._media = media

    def waits(self) -> bool:
        """Whether something that bears the old id is still to be sent, and can be; a small copy waits only where its original does."""
        return bool(self._deliveries.sendable_count() or self._media.sendable_count())

    def id_to_come(self) -> str:
        """Drawn once and kept: whoever asks again after a lost answer asks for the same one."""
        known = self._identity.setting(_COMING)
        if not known:
            known = str(uuid7())
            self._identity.keep(**{_COMING: known})
        fail("fork_to_ask")
        return known

    def another_id(self) -> str:
        """For an enrolment: each code asks for one of its own. It is noted beforehand, so that nothing of it stays behind a kill."""
        drawn = str(uuid7())
        self.give_up(drawn)
        return drawn

    def give_up(self, coming: str) -> None:
        """Somebody bears it: a copy made of this store after it was drawn, or nobody, as a kill came before it could be taken."""
        given_up = " ".join([*self._identity.given_up(), coming])
        self._identity.keep(**{_COMING: "", "given_up": given_up})

    def parted(self) -> dict[str, str]:
        """Settings of a store that bears another id from now on."""
        return {_COMING: "", TWIN: "", PARTED: ""}

    def take(self, device_id: str, credential: str) -> bool:
        """False where something was saved meanwhile, which bears the old id and is sent first."""
        put_in_force = self._identity.lay_down(credential, device_id)
        with self._database.transaction() as connection:
            if self.waits():
                return False
            words = HAS_PARTED.format(tail=device_id[-_TAIL:])
            self._identity.write(connection, put_in_force | self.parted() | {PARTED: words})
            fail("fork_written")
        return True

"""Who uses this tablet, and which server it reports to."""

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from mobile.device.ports import Keystore
from mobile.store.database import Database
from shared.checks import CLOCK_TOLERANCE
from shared.failpoints import fail
from shared.ids import uuid7

SLIGHTLY_OFF = timedelta(minutes=5)
FIRST_NAME = "credential"
"""Of the first credential of a store; each later one lies under a name of its own, with the device id in it."""


@dataclass(frozen=True)
class Identity:
    device_id: str
    device_name: str
    person_id: str
    person_name: str
    holder: str
    server_epoch: str

    @property
    def enrolled(self) -> bool:
        return bool(self.person_id)


class Identities:
    """Settings of this tablet. The credential itself lies in the device's keystore, not in the database."""

    def __init__(self, database: Database, keystore: Keystore) -> None:
        self._database = database
        self._keystore = keystore

    def current(self) -> Identity:
        names = ("device_id", "device_name", "person_id", "person_name", "holder", "server_epoch")
        found = {row["name"]: row["value"] for row in self._database.rows("select name, value from setting")}
        return Identity(**{name: found.get(name, "") for name in names})

    def device_id(self) -> str:
        """Made once, on the first enrolment."""
        known = self.setting("device_id")
        if known is None:
            known = str(uuid7())
            self.keep(device_id=known)
        return known

    def credential(self) -> str | None:
        """For the server that gave it; none where the tablet was since told of another."""
        return None if self.moved() else self._keystore.get(self._credential_name())

    def moved(self) -> bool:
        """Whether the address is another than the one that the credential came from."""
        given_by = self.setting("credential_for")
        return bool(given_by and self.server_url()) and _place(given_by or "") != _place(self.server_url())

    def enrol(self, credential: str, device_id: str = "", **settings: str) -> None:
        """From the server whose address is set: the credential goes nowhere else."""
        put_in_force = self.lay_down(credential, device_id or self.device_id())
        self.keep(credential_for=self.server_url(), **put_in_force, **settings)

    def lay_down(self, credential: str, device_id: str) -> dict[str, str]:
        """Into the keystore, beside the one in force, until the caller has written, in one transaction, the settings that are returned
        and who it is given to: a credential never speaks for another id or person than the one it was given to."""
        name, before = self._free_name(device_id), self.setting("device_id")
        self._keystore.put(name, credential)
        fail("credential_without_row")
        put_in_force = {"device_id": device_id, "credential_name": name}
        if before in (None, device_id):
            return put_in_force
        return put_in_force | {"given_up": " ".join([*self.given_up(), before or ""])}

    def given_up(self) -> list[str]:
        """Device ids that this store bore before, or only asked for."""
        return (self.setting("given_up") or "").split()

    def forget_given_up(self) -> None:
        """At the start: credentials that are not in force. What cannot be removed now is at the next start."""
        ids = (self.setting("device_id") or "", *self.given_up())
        known = {FIRST_NAME, *(name for one in ids for name in _names_for(one))}
        with contextlib.suppress(OSError):
            for name in known - {self._credential_name()}:
                if self._keystore.get(name) is not None:
                    fail("credential_to_remove")
                    self._keystore.remove(name)

    def _credential_name(self) -> str:
        return self.setting("credential_name") or FIRST_NAME

    def _free_name(self, device_id: str) -> str:
        if not self.setting("person_id"):
            return FIRST_NAME
        return next(name for name in _names_for(device_id) if name != self._credential_name())

    def server_url(self) -> str:
        return self.setting("server_url") or ""

    def set_server_url(self, url: str) -> None:
        self.keep(server_url=url.strip().rstrip("/"))

    def setting(self, name: str) -> str | None:
        rows = self._database.rows("select value from setting where name = ?", (name,))
        return rows[0]["value"] if rows else None

    def keep(self, **settings: str) -> None:
        with self._database.transaction() as connection:
            self.write(connection, settings)

    def write(self, connection: sqlite3.Connection, settings: Mapping[str, str]) -> None:
        """In the caller's transaction."""
        connection.executemany("insert or replace into setting values (?, ?)", settings.items())

    def keep_clock_offset(self, offset: timedelta) -> None:
        """Server time minus tablet time: kept beside the records, which are never re-dated."""
        self.keep(clock_offset_ms=str(int(offset / timedelta(milliseconds=1))))

    def clock_offset(self) -> timedelta:
        return timedelta(milliseconds=int(self.setting("clock_offset_ms") or 0))

    def clock_words(self) -> str:
        offset = self.clock_offset()
        if abs(offset) < SLIGHTLY_OFF:
            return ""
        direction = "慢" if offset > timedelta() else "快"
        amount = (
            f"{abs(offset).days} 天"
            if abs(offset) >= CLOCK_TOLERANCE
            else f"{abs(offset).total_seconds() / 60:.0f} 分钟"
        )
        return f"平板时钟比服务器{direction} {amount}：请校准系统时间；已保存记录的时间保持原样，不会改动"


def _place(address: str) -> str:
    """What goes to this very machine does not leave it, whichever port a server takes there today."""
    host = urlsplit(address).hostname or ""
    return host if host == "127.0.0.1" else address


def _names_for(device_id: str) -> tuple[str, str]:
    """Two, so that the next one is never written over the one in force."""
    return f"{FIRST_NAME}.{device_id}", f"{FIRST_NAME}.{device_id}.again"

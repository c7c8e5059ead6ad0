"""Whose what is kept is. A tablet that changed hands still keeps what the person before recorded: it waits for them, and is sent under nobody
else's credential, where the province could only put it aside."""

import contextlib
import json

from mobile.store.database import Database
from mobile.store.identity import Identities

OTHERS = "另一位使用者"
"""So begins the reason why it waits."""
SENDABLE = f"last_reason not like '{OTHERS}%'"


def bearer_of(canonical: bytes) -> tuple[str, str]:
    """Author and device; empty where they cannot be read."""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        record = json.loads(canonical)
        header = record.get("header", record)
        return str(header["author"]), str(header["device"])
    return "", ""


class Owners:
    def __init__(self, database: Database, identity: Identities) -> None:
        self._database = database
        self._identity = identity

    def words_for(self, canonical: bytes) -> str:
        """Why this waits for somebody else; empty where it is of the person who uses the tablet now."""
        (author, _), person = bearer_of(canonical), self._identity.current().person_id
        if not author or not person or author == person:
            return ""
        name = self._identity.setting(_name(author))
        return f"{OTHERS}{f'（{name}）' if name else ''}的记录和照片：等其本人在这台平板上重新登记后发送，内容原样保存"

    def words_for_media(self, media_id: str) -> str:
        """The same of a photo, by its record."""
        rows = self._database.rows("select canonical from record where record_id = ? order by seq limit 1", (media_id,))
        return self.words_for(rows[0]["canonical"]) if rows and isinstance(rows[0]["canonical"], bytes) else ""

    def highest_held(self) -> int:
        """Number of the newest record of this device and person that the province confirmed; 0 where the newest ones are others'."""
        own = self._identity.current()
        rows = self._database.rows(
            "select r.seq, r.canonical from record r join outbox o using (record_id, digest) "
            "where o.state in ('held', 'conflict') order by r.seq desc limit 20"
        )
        bearers = ((row["seq"], bearer_of(bytes(row["canonical"]))) for row in rows)
        return next((seq for seq, bearer in bearers if bearer == (own.person_id, own.device_id)), 0)

    def settings(self, person_id: str, name: str) -> dict[str, str]:
        """So that whoever uses the tablet later is told whose records wait."""
        return {_name(person_id): name} if person_id and name else {}

    def try_again(self) -> None:
        """Somebody enrolled: what waited for them may go."""
        with self._database.transaction() as connection:
            for table in ("outbox", "media_file", "review_copy"):
                connection.execute(
                    f"update {table} set last_reason = '', next_try_at = null where not ({SENDABLE}) and state = 'waiting'"
                )


def _name(person_id: str) -> str:
    return f"name_of {person_id}"

"""One record that two tablets have changed, told as the province tells it."""

import json
from typing import Any

from mobile.capture.recorder import Part
from mobile.store.conflicts import Conflict
from mobile.store.delivery import Receipt
from shared.canonical import digest
from shared.merge import Merged, Version, merge
from tests.mobile.tablets import Tablet


class Shared:
    """One record, of which this tablet and another have each made a version; told as the province tells it."""

    def __init__(self, held: Tablet) -> None:
        self.held, self.number = held, 0
        self.id = held.sighting(count=1)
        (first,) = self.own()
        self.deliver()
        self.others: dict[str, dict[str, Any]] = {}
        self.first = digest(first)
        self.body: dict[str, Any] = first["body"]

    def own(self) -> list[dict[str, Any]]:
        rows = self.held.app.store.database.rows("select canonical from record where record_id = ?", (self.id,))
        return [json.loads(row["canonical"]) for row in rows]

    def edit(self, **values: Any) -> str:
        body = {**self.body, **values}
        (saved,) = self.held.app.recorder.commit([Part("occurrence", "edit/1", body, self.id, self.first)])
        self.deliver()
        return saved.digest

    def other(self, base: str = "", settles: tuple[str, ...] = (), **values: Any) -> str:
        """From another tablet; None drops a field, no values at all delete the record."""
        (first, *_) = self.own()
        body: dict[str, Any] = {n: v for n, v in {**self.body, **values}.items() if v is not None or n not in values}
        told = {**first, "base_digest": base or self.first, "seq": 70 + len(self.others), "body": body}
        told |= {"merged_digests": list(settles)} if settles else {}
        if not values:
            body = {"target_id": self.id, "target_kind": "occurrence", "reason": "重复"}
            told |= {"kind": "tombstone", "body": body}
        self.others[digest(told)] = told
        return digest(told)

    def deliver(self) -> None:
        deliveries, now = self.held.app.store.deliveries, self.held.clock.now()
        offered = deliveries.read(deliveries.due(now, ignore_pause=True), 1_000_000)
        deliveries.answered(
            [Receipt(o.record_id, o.digest, "accepted", "hunan", "e1", "") for o in offered], "hunan", now
        )

    def versions(self) -> dict[str, dict[str, Any]]:
        return {**{digest(one): one for one in self.own()}, **self.others}

    def merged(self) -> Merged:
        return merge(
            Version(mark, one["base_digest"], one["kind"], one["body"], tuple(one.get("merged_digests", ())))
            for mark, one in self.versions().items()
        )

    def pull(self, **instead: Any) -> Conflict | None:
        """What the province says now."""
        self.number += 1
        view, versions = self.merged(), self.versions()
        state = "conflict" if instead else view.state
        change = {
            "record_id": self.id,
            "kind": "occurrence",
            "state": state,
            "head_digest": view.heads[0],
            "change_no": self.number,
        }
        if state == "conflict":
            told = [
                {
                    "digest": mark,
                    "author_name": "王莽",
                    "saved_at": one["saved_at"]["wall"],
                    "deleted": one["kind"] == "tombstone",
                }
                for mark, one in versions.items()
            ]
            fields = {
                name: [{"digest": one.digest} | ({} if one.dropped else {"value": one.value}) for one in claims]
                for name, claims in view.disputed.items()
            }
            body = dict(view.body)
            change["conflict"] = {
                "heads": list(view.heads),
                "versions": told,
                "fields": fields,
                "body": body,
                **instead,
            }
        self.held.app.store.pulled.take([change], self.number)
        return self.held.app.store.conflicts.of(self.id)

    def state(self) -> str:
        kept = self.held.app.store.outbox.find(("occurrence",), self.id)
        assert kept is not None
        return kept.state

"""API3: what the server decides by itself nobody sends along: no route takes who recorded, where, how closely guarded or when it came."""

from typing import Any

import pytest

from server.web import policy
from tests.matrix.addresses import body_of, headers_of, path_of
from tests.matrix.asking import Asking
from tests.matrix.bodies import BODIES
from tests.matrix.world import World

DECIDED_BY_THE_SERVER = {
    "id": "01890000-0000-7000-8000-000000000000",
    "recorded_by": ["01890000-0000-7000-8000-000000000000"],
    "author": "01890000-0000-7000-8000-000000000000",
    "granted_by": "local operator",
    "asked_by": "01890000-0000-7000-8000-000000000000",
    "scopes": [0],
    "level": 0,
    "latitude": 24.9,
    "verification_status": "verified",
    "state": "ready",
    "received_at": "2020-01-01T00:00:00+00:00",
    "may_read_precise": True,
}
ASKED = [policy.table()[key] for key in BODIES if not policy.table()[key].is_for_devices]


@pytest.mark.parametrize("row", ASKED, ids=lambda row: f"{row.method} {row.route}")
def test_no_route_takes_what_the_server_decides(ask: Asking, world: World, row: policy.Row) -> None:
    place = world.places["own"]
    body: dict[str, Any] = body_of(row, place, world)
    for name, told in DECIDED_BY_THE_SERVER.items():
        if name in body:
            continue
        answer = ask(row.method, path_of(row, place), headers_of(world, row, "province_admin"), {**body, name: told})
        assert answer.status_code == 422, (name, answer.status_code, answer.text[:300])
        assert name in answer.text

"""How a route is asked for what is in a place."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from server.web import policy
from tests.matrix.bodies import BODIES, QUERIES
from tests.matrix.world import Place, World

_BY_PARAMETER = {
    "<uuid:token_id>": "token",
    "<uuid:person_id>": "person",
    "<uuid:grant_id>": "grant",
    "<uuid:device_id>": "device",
    "<uuid:media_id>": "media",
    "<uuid:record_id>": "guarded",
    "<uuid:occurrence_id>": "guarded",
    "<uuid:event_id>": "event",
    "<uuid:patrol_id>": "patrol",
    "<uuid:finding_id>": "finding",
    "<uuid:survey_id>": "survey",
    "<uuid:upload_id>": "upload",
    "<uuid:export_id>": "export",
    "<uuid:dataset_id>": "dataset",
    "<uuid:contact_id>": "contact",
    "<uuid:consent_id>": "consent",
    "<uuid:check_id>": "check",
}
_PLAIN = {
    "<layer>": "occurrences",
    "<int:z>": "8",
    "<int:x>": "208",
    "<int:y>": "110",
    "<rule_id>": "mock_position",
}


def thing(route: str) -> str | None:
    return next((_called(route, parameter) for parameter in _BY_PARAMETER if parameter in route), None)


def _called(route: str, parameter: str) -> str:
    """Two kinds of grants bear one name in their addresses, and not every record is in conflict."""
    special = {"/v1/precise-grants": "precise_grant", "/v1/conflicts": "disputed"}
    return next((name for start, name in special.items() if route.startswith(start)), _BY_PARAMETER[parameter])


def path_of(row: policy.Row, place: Place, instead: UUID | None = None) -> str:
    path = row.route
    for parameter in _BY_PARAMETER:
        path = path.replace(parameter, str(instead or place.ids.get(_called(row.route, parameter), uuid4())))
    for parameter, text in _PLAIN.items():
        path = path.replace(parameter, text)
    assert "<" not in path, f"say in tests/matrix what {row.route} is asked with"
    return path + QUERIES.get(row.route, _no_query)(place)


def _no_query(_place: Place) -> str:
    return ""


def body_of(row: policy.Row, place: Place, world: World) -> Any:
    made: Callable[[Place, World], Any] | None = BODIES.get((row.method, row.route))
    return made(place, world) if made else None


def about_oneself(body: dict[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in body.items() if name != "person_id"}


def headers_of(world: World, row: policy.Row, subject: str) -> dict[str, str]:
    tus = {"Tus-Resumable": "1.0.0"} if "/uploads" in row.route else {}
    kept = world.headers[subject]
    if row.cells[subject] == "ok" and row.is_open:
        kept = {}  # an open route asks for nothing, and a cookie without need is no different
    return {**kept, **tus}

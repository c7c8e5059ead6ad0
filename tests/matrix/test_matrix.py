"""P12: every route for every kind of caller in four places, as the table says that the docs print: nobody reads or writes another's data."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from server import db
from server.app import create_app
from server.settings import Settings
from server.web import policy
from server.web.walls import routes
from tests.admitting import CLOCK
from tests.conftest import clone
from tests.matrix.asking import Asking, asking
from tests.matrix.bodies import BODIES, QUERIES
from tests.matrix.world import Place, World, make

SEEN_IN = {
    "own": {"own"},
    "city": {"own", "sibling", "seat"},
    "all": {"own", "sibling", "seat", "other"},
    "ok": {"own", "sibling", "seat", "other"},
    "self": set(),
    "grant": set(),
}
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
NOT_SET_UP = {"/v1/oidc/start": (404,), "/v1/oidc/callback": (401, 404), "/v1/oidc/link": (404,), "/v1/session": (401,)}
"""What an open route may still answer here: no identity provider is set up, and nobody sends a password."""
ROWS = list(policy.table().values())


@pytest.fixture(scope="module")
def served(
    private_cluster: Any, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with clone(private_cluster, reference_template, f"m_{uuid4().hex[:12]}") as made:
        yield replace(made, var_dir=tmp_path_factory.mktemp("matrix"))


@pytest.fixture(scope="module")
def world(served: Settings) -> World:
    with db.open_session(served) as session:
        return make(session, served)


@pytest.fixture(scope="module")
def ask(served: Settings, world: World) -> Iterator[Asking]:
    with asking(create_app(served, CLOCK)) as asked:
        yield asked


def test_every_route_has_a_row_and_every_row_a_route(ask: Asking) -> None:
    assert routes(ask.app) == set(policy.table())


def test_a_route_without_a_row_answers_nobody(served: Settings) -> None:
    app = create_app(served, CLOCK)
    app.add_url_rule("/v1/forgotten", view_func=lambda: "places")
    assert routes(app) - set(policy.table()) == {("GET", "/v1/forgotten")}
    assert app.test_client().get("/v1/forgotten").status_code == 404


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.route}")
@pytest.mark.parametrize("subject", policy.SUBJECTS)
def test_every_cell_is_as_written(ask: Asking, world: World, row: policy.Row, subject: str) -> None:
    cell = row.cells[subject]
    if cell in (policy.NOT_SIGNED_IN, policy.NOT_ALLOWED):
        _refused(ask, world, row, subject, 401 if cell == policy.NOT_SIGNED_IN else 403)
    elif _thing(row.route) is not None:
        _each_object(ask, world, row, subject, SEEN_IN[cell])
    elif (row.method, row.route) in BODIES:
        _each_body(ask, world, row, subject, SEEN_IN[cell])
    else:
        _list_or_plain(ask, world, row, subject, cell)


def _refused(ask: Asking, world: World, row: policy.Row, subject: str, status: int) -> None:
    for place in world.places.values():
        answer = ask(row.method, _path(row, place), _headers(world, row, subject), _body(row, place, world))
        assert answer.status_code == status, (place.name, answer.status_code, answer.text[:300])


def _each_object(ask: Asking, world: World, row: policy.Row, subject: str, seen_in: set[str]) -> None:
    """Of a place where nothing may be seen, an object answers as one that never was."""
    never = uuid4()
    missing = _ask_for(ask, world, row, subject, next(iter(world.places.values())), never)
    for place in world.places.values():
        answer = _ask_for(ask, world, row, subject, place, None)
        if place.name in seen_in:
            assert answer.status_code not in (401, 403, 404) and answer.status_code < 500, (
                place.name,
                answer.text[:300],
            )
        else:
            told = answer.text.replace(str(place.ids.get(str(_thing(row.route)))), str(never))
            assert (answer.status_code, told) == (404, missing.text), (place.name, answer.text[:300])


def _ask_for(ask: Asking, world: World, row: policy.Row, subject: str, place: Place, instead: UUID | None) -> Any:
    path = _path(row, place, instead)
    return ask(row.method, path, _headers(world, row, subject), _body(row, place, world))


def _each_body(ask: Asking, world: World, row: policy.Row, subject: str, seen_in: set[str]) -> None:
    for place in world.places.values():
        body, of_oneself = _body(row, place, world), row.cells[subject] == "self"
        asked = _about_oneself(body) if of_oneself else body
        answer = ask(row.method, _path(row, place), _headers(world, row, subject), asked)
        if place.name in seen_in or of_oneself:
            assert answer.status_code < 300, (place.name, answer.status_code, answer.text[:300])
        else:
            assert answer.status_code in (403, 404), (place.name, answer.status_code, answer.text[:300])


def _list_or_plain(ask: Asking, world: World, row: policy.Row, subject: str, cell: str) -> None:
    place = world.places["own"]
    answer = ask(row.method, _path(row, place), _headers(world, row, subject))
    fair = (302, 400, 409, 410, 412, 422, *NOT_SET_UP.get(row.route, ()))
    assert answer.status_code < 300 or answer.status_code in fair, (answer.status_code, answer.text[:300])
    if row.method != "GET" or cell == "ok" or _BY_ROUTE.get(row.route) is None:
        return
    for other in world.places.values():
        things = _BY_ROUTE[row.route]
        found = {str(other.ids[thing]) in answer.text for thing in things}
        expected = other.name in SEEN_IN[cell]
        assert found == {expected}, (other.name, things, expected, answer.text[:500])


_BY_ROUTE = {
    "/v1/occurrences": ("occurrence", "guarded"),
    "/v1/verification/queue": ("guarded",),
    "/v1/events": ("event",),
    "/v1/patrols": ("patrol",),
    "/v1/findings": ("finding",),
    "/v1/surveys": ("survey",),
    "/v1/people": ("person",),
    "/v1/grants": ("grant",),
    "/v1/devices": ("device",),
}


def _thing(route: str) -> str | None:
    return next((_called(route, parameter) for parameter in _BY_PARAMETER if parameter in route), None)


def _called(route: str, parameter: str) -> str:
    """Two kinds of grants bear one name in their addresses."""
    return "precise_grant" if route.startswith("/v1/precise-grants") else _BY_PARAMETER[parameter]


def _path(row: policy.Row, place: Place, instead: UUID | None = None) -> str:
    path = row.route
    for parameter in _BY_PARAMETER:
        path = path.replace(parameter, str(instead or place.ids.get(_called(row.route, parameter), uuid4())))
    for parameter, text in _PLAIN.items():
        path = path.replace(parameter, text)
    assert "<" not in path, f"say in tests/matrix what {row.route} is asked with"
    return path + QUERIES.get(row.route, _no_query)(place)


def _no_query(_place: Place) -> str:
    return ""


def _body(row: policy.Row, place: Place, world: World) -> Any:
    made: Callable[[Place, World], Any] | None = BODIES.get((row.method, row.route))
    return made(place, world) if made else None


def _about_oneself(body: dict[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in body.items() if name != "person_id"}


def _headers(world: World, row: policy.Row, subject: str) -> dict[str, str]:
    tus = {"Tus-Resumable": "1.0.0"} if "/uploads" in row.route else {}
    kept = world.headers[subject]
    if row.cells[subject] == "ok" and row.is_open:
        kept = {}  # an open route asks for nothing, and a cookie without need is no different
    return {**kept, **tus}

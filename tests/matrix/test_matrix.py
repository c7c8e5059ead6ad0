"""P12: every route for every kind of caller in four places, as the table says that the docs print: nobody reads or writes another's data."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from server.app import create_app
from server.settings import Settings
from server.web import policy
from server.web.walls import routes
from tests.admitting import CLOCK
from tests.matrix.addresses import about_oneself, body_of, headers_of, path_of, thing
from tests.matrix.asking import Asking
from tests.matrix.bodies import BODIES
from tests.matrix.world import Place, World

SEEN_IN = {
    "own": {"own"},
    "city": {"own", "sibling", "seat"},
    "all": {"own", "sibling", "seat", "other"},
    "ok": {"own", "sibling", "seat", "other"},
    "self": set(),
    "grant": set(),
}
NOT_SET_UP = {"/v1/oidc/start": (404,), "/v1/oidc/callback": (401, 404), "/v1/oidc/link": (404,), "/v1/session": (401,)}
"""What an open route may still answer here: no identity provider is set up, and nobody sends a password."""
ROWS = list(policy.table().values())


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
    elif thing(row.route) is not None:
        _each_object(ask, world, row, subject, SEEN_IN[cell])
    elif (row.method, row.route) in BODIES:
        _eachbody_of(ask, world, row, subject, SEEN_IN[cell])
    else:
        _list_or_plain(ask, world, row, subject, cell)


def _refused(ask: Asking, world: World, row: policy.Row, subject: str, status: int) -> None:
    """Who may not ask at all is refused before anything is looked for: one place a cell is enough, each in its turn."""
    places = list(world.places.values())
    place = places[(ROWS.index(row) + policy.SUBJECTS.index(subject)) % len(places)]
    answer = ask(row.method, path_of(row, place), headers_of(world, row, subject), body_of(row, place, world))
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
            told = answer.text.replace(str(place.ids.get(str(thing(row.route)))), str(never))
            assert (answer.status_code, told) == (404, missing.text), (place.name, answer.text[:300])


def _ask_for(ask: Asking, world: World, row: policy.Row, subject: str, place: Place, instead: UUID | None) -> Any:
    path = path_of(row, place, instead)
    return ask(row.method, path, headers_of(world, row, subject), body_of(row, place, world))


def _eachbody_of(ask: Asking, world: World, row: policy.Row, subject: str, seen_in: set[str]) -> None:
    for place in world.places.values():
        body, of_oneself = body_of(row, place, world), row.cells[subject] == "self"
        asked = about_oneself(body) if of_oneself else body
        answer = ask(row.method, path_of(row, place), headers_of(world, row, subject), asked)
        if place.name in seen_in or of_oneself:
            assert answer.status_code < 300, (place.name, answer.status_code, answer.text[:300])
        else:
            assert answer.status_code in (403, 404), (place.name, answer.status_code, answer.text[:300])


def _list_or_plain(ask: Asking, world: World, row: policy.Row, subject: str, cell: str) -> None:
    place = world.places["own"]
    answer = ask(row.method, path_of(row, place), headers_of(world, row, subject))
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

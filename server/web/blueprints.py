"""The blueprint of every room: what a query says and nobody knows is refused, as it is in a body."""

import flask_smorest
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser


class _Strict(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012 - so the class above declares it
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = _Strict()

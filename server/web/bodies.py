"""What a request says, looked at before any view reads it: JSON in the one strict way, and no NUL in an address or a parameter."""

from flask import Flask, request

from shared import strict_json
from shared.problems import Problem

_READ_BY_THEMSELVES = frozenset({"sync.batches"})  # packed, and one bad record there must not hinder the others


def register(app: Flask) -> None:
    """After the wall that asks who it is: nobody makes the server read what they may not send."""
    app.before_request(look_at)


def look_at() -> None:
    _refuse_nul()
    if request.endpoint in _READ_BY_THEMSELVES or not request.is_json:
        return
    try:
        strict_json.read(request.get_data(cache=True))
    except strict_json.NotJson as error:
        raise Problem("not_json", error.reason) from error


def _refuse_nul() -> None:
    """No database keeps NUL in a text, and none is ever asked for."""
    said = {**(request.view_args or {}), **{name: "".join(values) for name, values in request.args.lists()}}
    found = next((name for name, value in said.items() if "\0" in f"{name}{value}"), None)
    if found is not None:
        raise Problem("invalid", "参数含有空字符", field=found.replace("\0", ""))

"""`/v1/docs`: every route, who may call it, and every problem by its number, made from the very tables that the server runs by."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, send_file
from flask_smorest import Api

from server.web import policy
from shared import __version__
from shared.problems import CATALOGUE

_STYLE = Path(__file__).with_name("pages") / "docs.css"
_API, _NAMES = "XIANGYE_API", "XIANGYE_ROLE_NAMES"
blueprint = Blueprint("docs", __name__, template_folder="pages", url_prefix="/v1")


def register(app: Flask, api: Api, role_names: Mapping[str, str]) -> None:
    app.config[_API], app.config[_NAMES] = api, {"anonymous": "未登录", "device": "平板", **role_names}
    app.register_blueprint(blueprint)


@blueprint.get("/docs")
def page() -> str:
    return render_template(
        "docs.html",
        version=__version__,
        routes=list(_routes(current_app.config[_API].spec.to_dict())),
        policy=policy.table().values(),
        subjects=[current_app.config[_NAMES][name] for name in policy.SUBJECTS],
        meanings=policy.MEANINGS,
        problems=CATALOGUE.values(),
    )


@blueprint.get("/docs.css")
def style() -> Response:
    return send_file(_STYLE, mimetype="text/css")


def _routes(described: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    schemas = described.get("components", {}).get("schemas", {})
    for path, methods in sorted(described["paths"].items()):
        shared = [one["name"] for one in methods.get("parameters", ())]
        for method, told in methods.items():
            if method != "parameters":
                yield {
                    "method": method.upper(),
                    "path": path,
                    "summary": told.get("summary") or told.get("description", ""),
                    "parameters": [*shared, *(one["name"] for one in told.get("parameters", ()))],
                    "body": list(_body(told, schemas)),
                }


def _body(told: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """(field, is it required) of the JSON that a route takes."""
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = schemas.get(content.get("$ref", "").rpartition("/")[2], {})
    for name in schema.get("properties", {}):
        yield name, name in schema.get("required", ())

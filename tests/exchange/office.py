"""A county's office: people with tokens before a server that holds what planted.py plants, and readers of what they take away."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from dwca.darwincore.utils import qualname
from dwca.read import DwCAReader
from flask.testing import FlaskClient
from sqlalchemy import text

from server.app import create_app
from server.db import open_session
from server.formats.csv_text import restore
from server.settings import Settings
from server.web.database import database
from tests.admitting import CLOCK, set_up
from tests.exchange.planted import Planted, plant
from tests.people import headers, person, token_for


@dataclass(frozen=True)
class Office:
    client: FlaskClient
    settings: Settings
    planted: Planted
    tokens: dict[str, dict[str, str]]

    def ask(self, who: str, **order: Any) -> Any:
        return self.client.post("/v1/exports", json=order, headers=self.tokens[who])

    def file(self, who: str, export_id: str) -> Any:
        return self.client.get(f"/v1/exports/{export_id}/file", headers=self.tokens[who])

    def taken(self, who: str, **order: Any) -> bytes:
        asked = self.ask(who, **order)
        assert asked.status_code == 201, asked.json
        answer = self.file(who, asked.json["id"])
        assert answer.status_code == 200, answer.json
        return bytes(answer.data)

    def execute(self, statement: str, **values: Any) -> None:
        with open_session(self.settings) as session:
            session.execute(text(statement), values)


PEOPLE = {
    "reviewer": ("reviewer", "county", "431022"),
    "scientist": ("scientist", "county", "431022"),
    "admin": ("county_admin", "county", "431022"),
    "other_admin": ("county_admin", "county", "431022"),
    "neighbour": ("county_admin", "county", "431023"),
    "province": ("province_admin", "province", "43"),
    "surveyor": ("surveyor", "county", "431022"),
}


def opened(reference_settings: Settings) -> Iterator[Office]:
    with open_session(reference_settings) as session:
        set_up(session)
        planted = plant(session)
        people = {name: person(session, *grant) for name, grant in PEOPLE.items()}
        borne = {name: headers(token_for(session, one)) for name, one in people.items()}
    app = create_app(reference_settings, CLOCK)
    yield Office(app.test_client(), reference_settings, planted, borne)
    with app.app_context():
        database.engine.dispose()


def rows_of(data: bytes, file_format: str) -> list[dict[str, str]]:
    if file_format == "csv":
        read = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        return [{name: restore(cell) for name, cell in row.items()} for row in read]
    if file_format == "geojson":
        return [one["properties"] for one in json.loads(data)["features"]]
    if file_format == "xlsx":
        head, *rows = openpyxl.load_workbook(io.BytesIO(data))["出现记录"].iter_rows(values_only=True)
        return [{str(k): restore(str(v)) for k, v in zip(head, row, strict=True) if v is not None} for row in rows]
    return archive(data)[1]


def archive(data: bytes, folder: Path = Path("/tmp")) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Events and occurrences, read by python-dwca-reader."""
    path = folder / f"read-{abs(hash(data))}.zip"
    path.write_bytes(data)
    try:
        with DwCAReader(str(path)) as opened:
            events = [(_short(one.data), one.extensions) for one in opened]
    finally:
        path.unlink()
    found = [_short(e.data) for _, own in events for e in own if e.rowtype == qualname("Occurrence")]
    return [event for event, _ in events], found


def _short(data: dict[str, str]) -> dict[str, str]:
    return {address.rsplit("/", 1)[-1]: cell for address, cell in data.items()}

"""The page of the interface says what the server does."""

import html
import re

import requests

from server.web import policy
from shared.problems import CATALOGUE
from tests.serving import Live


def test_the_page_prints_every_row_of_the_table_and_every_problem(live: Live) -> None:
    page = html.unescape(requests.get(f"{live.url}/v1/docs", timeout=20).text)
    for row in policy.table().values():
        assert f"<code>{row.method}</code></td><td><code>{row.route}</code>" in page
    for kind in CATALOGUE.values():
        assert kind.code in page and kind.title_zh in page


def test_its_style_comes_from_here(live: Live) -> None:
    answer = requests.get(f"{live.url}/v1/docs.css", timeout=20)
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "http" not in answer.text


def test_every_route_says_in_chinese_what_it_does_and_what_its_body_holds(live: Live) -> None:
    described = requests.get(f"{live.url}/v1/openapi.json", timeout=20).json()
    silent = [
        f"{method} {path}"
        for path, methods in described["paths"].items()
        for method, told in methods.items()
        if method != "parameters" and not re.search("[一-鿿]", told.get("summary", ""))
    ]
    assert silent == []
    page = requests.get(f"{live.url}/v1/docs", timeout=20).text
    assert "<b><code>purpose</code></b> <code>record_ids</code>" in page

"""The page of the interface says what the server does."""

import html

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

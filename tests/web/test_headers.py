"""What every answer carries."""

from dataclasses import replace

import pytest
import requests

from server.app import create_app
from server.settings import Settings
from server.web.database import database
from tests.serving import Live


@pytest.mark.parametrize("path", ["/healthz", "/v1/openapi.json", "/nowhere", "/v1/sync/session"])
def test_every_answer_is_neither_kept_nor_framed_nor_sniffed(live: Live, path: str) -> None:
    answer = requests.get(live.url + path, timeout=20)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert {"Authorization", "Cookie"} <= {name.strip() for name in answer.headers["Vary"].split(",")}
    assert "Strict-Transport-Security" not in answer.headers


def test_behind_a_tls_proxy_the_browser_is_told_to_stay_with_tls(settings: Settings) -> None:
    app = create_app(replace(settings, public_url="https://xiangye.example", trusted_proxies=1))
    through = app.test_client().get(
        "/healthz", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "xiangye.example"}
    )
    past = app.test_client().get("/healthz")
    with app.app_context():
        database.engine.dispose()
    assert through.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "Strict-Transport-Security" not in past.headers

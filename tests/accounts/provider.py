"""A small OpenID Connect provider of our own on loopback: it checks PKCE, secret and redirect, and can be told to misbehave."""

import base64
import contextlib
import functools
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from server.settings import Oidc
from tests.admitting import CLOCK
from tests.small_server import Answering, small_server

CLIENT = ("xiangye", "not a secret: made for a test")


@functools.cache
def _key() -> RSAKey:
    """One for all: to make one takes longer than most tests."""
    return RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=True)


@dataclass
class Provider:
    """`claims` are put over the honest ones; `key` signs, while `published` is what others are told."""

    url: str = ""
    subject: str = "u-1001"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256"})
    key: Any = field(default_factory=_key)
    published: Any = None
    calls_itself: str | None = None
    waiting: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def settings(self) -> Oidc:
        return Oidc(self.url, *CLIENT)

    def agree(self, location: str) -> str:
        """What the person does there; where the browser is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        self.asked.append(asked)
        code = secrets.token_urlsafe(8)
        self.waiting[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def answer(self, path: str, form: dict[str, str] | None, authorization: str) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.calls_itself or self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        if path == "/keys":
            return 200, KeySet([self.published or self.key]).as_dict(private=False)
        if path == "/token" and form is not None:
            return self._token(form, authorization)
        return 404, {}

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.waiting.pop(form.get("code", ""), None)
        known = base64.b64encode(":".join(CLIENT).encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        honest = (
            asked is not None
            and authorization == f"Basic {known}"
            and asked["code_challenge"] == challenge.decode().rstrip("=")
            and asked["code_challenge_method"] == "S256"
            and asked["redirect_uri"] == form.get("redirect_uri")
        )
        if asked is None or not honest:
            return 400, {"error": "invalid_grant"}
        now = int(CLOCK.now().timestamp())
        claims = {
            "iss": self.url,
            "sub": self.subject,
            "aud": CLIENT[0],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": "tan@example.org",
            **self.claims,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        if self.header["alg"] == "none":
            token = ".".join(map(_unsigned, (self.header, told))) + "."
        else:
            token = jwt.encode(self.header, told, self.key, algorithms=["RS256", "HS256"])
        return 200, {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": token}


def _unsigned(told: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


@contextlib.contextmanager
def providing() -> Iterator[Provider]:
    provider = Provider()

    class Handler(Answering):
        def do_GET(self) -> None:
            self._say(None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say({name: values[0] for name, values in parse_qs(body).items()})

        def _say(self, form: dict[str, str] | None) -> None:
            status, told = provider.answer(self.path, form, self.headers.get("Authorization", ""))
            self.answer(status, json.dumps(told).encode(), {"Content-Type": "application/json"})

    with small_server(Handler) as provider.url:
        yield provider

"""Sign-in through an organisation's own OpenID Connect provider, where the settings name one: code flow with PKCE and nonce.

An identity signs in only after it was linked to a person, by that person while signed in or on the server itself: what the
provider says of names and addresses grants nothing.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete
from sqlalchemy.orm import Session

from server.accounts.model import OidcIdentity, OidcRequest, Person
from server.accounts.opaque import fingerprint, fresh
from server.audit.service import log
from server.settings import Oidc
from shared.clock import Clock
from shared.problems import Problem

PATIENCE = timedelta(minutes=10)
_LEEWAY_S, _TIMEOUT_S = 60, 10
_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"]
_DISCOVERY = "/.well-known/openid-configuration"


def begin(
    session: Session, clock: Clock, provider: Oidc | None, return_address: str, person_id: UUID | None
) -> tuple[str, str]:
    """Where to send the browser, and the state by which it is known when it comes back."""
    provider = _set_up(provider)
    known = _discovered(provider)
    state, nonce, verifier, now = fresh(""), secrets.token_urlsafe(24), secrets.token_urlsafe(48), clock.now()
    session.execute(delete(OidcRequest).where(OidcRequest.expires_at < now))
    session.add(
        OidcRequest(
            state_hash=fingerprint(state),
            nonce=nonce,
            code_verifier=verifier,
            person_id=person_id,
            expires_at=now + PATIENCE,
        )
    )
    session.flush()
    with _client(provider, return_address) as client:
        location, _ = client.create_authorization_url(
            known["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    return location, state


def finish(session: Session, clock: Clock, provider: Oidc | None, return_address: str, state: str, code: str) -> Person:
    """The person whose identity the provider vouches for. A state works once."""
    provider = _set_up(provider)
    asked = session.get(OidcRequest, fingerprint(state), with_for_update=True)
    if asked is None or asked.expires_at < clock.now() or not code:
        raise Problem("sign_in_failed", "登录已过期，请重新开始")
    session.delete(asked)
    subject = _subject(clock, provider, return_address, code, asked)
    if asked.person_id is not None:
        link(session, clock, provider.issuer, subject, asked.person_id)
    identity = session.get(OidcIdentity, (provider.issuer, subject))
    person = session.get(Person, identity.person_id) if identity else None
    if person is None or person.disabled_at is not None:
        raise Problem("sign_in_failed", "此身份尚未关联账号，或账号已停用")
    return person


def link(session: Session, clock: Clock, issuer: str, subject: str, person_id: UUID, by: str | None = None) -> None:
    """From now on this identity signs in as this person; one that is another's is refused."""
    known = session.get(OidcIdentity, (issuer, subject))
    if known is not None and known.person_id != person_id:
        raise Problem("invalid", "此身份已关联另一账号", field="subject")
    if known is None:
        session.add(OidcIdentity(issuer=issuer, subject=subject, person_id=person_id, linked_at=clock.now()))
        session.flush()
        log(session, clock, by or str(person_id), "link_identity", str(person_id), {"issuer": issuer})


def _subject(clock: Clock, provider: Oidc, return_address: str, code: str, asked: OidcRequest) -> str:
    known = _discovered(provider)
    try:
        with _client(provider, return_address) as client:
            token = client.fetch_token(
                known["token_endpoint"], code=code, code_verifier=asked.code_verifier, timeout=_TIMEOUT_S
            )
            keys = KeySet.import_key_set(_read(known["jwks_uri"]))
        told = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS)
        claims = CodeIDToken(
            told.claims,
            told.header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
            },
            {"nonce": asked.nonce, "client_id": provider.client_id, "access_token": token.get("access_token")},
        )
        claims.validate(now=int(clock.now().timestamp()), leeway=_LEEWAY_S)
        return str(claims["sub"])
    except requests.RequestException as error:
        raise Problem("provider_away") from error
    except (OAuthError, JoseError, KeyError, ValueError) as error:
        raise Problem("sign_in_failed", "统一身份认证未能证明您的身份") from error


def _set_up(provider: Oidc | None) -> Oidc:
    if provider is None:
        raise Problem("not_found", "本服务器未设置统一身份认证")
    return provider


def _client(provider: Oidc, return_address: str) -> OAuth2Session:
    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        scope="openid",
        redirect_uri=return_address,
        code_challenge_method="S256",
    )


def _discovered(provider: Oidc) -> Mapping[str, Any]:
    known: Mapping[str, Any] = _read(provider.issuer + _DISCOVERY)
    if known.get("issuer") != provider.issuer:
        raise Problem("provider_away", "统一身份认证自称的地址与设置不符")
    return known


def _read(address: str) -> Any:
    try:
        answer = requests.get(address, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()
    except requests.RequestException as error:
        raise Problem("provider_away") from error

"""Cheap passwords, since nearly every test here signs somebody in."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from server.accounts import passwords


@pytest.fixture
def true_costs() -> None:
    """For tests of the costs themselves: asking for this keeps them."""


@pytest.fixture(autouse=True)
def _cheap_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if "true_costs" in request.fixturenames:
        yield
        return
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()  # else the next test's nobody would be cheap

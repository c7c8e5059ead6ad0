"""Cheap passwords, since nearly every test here signs somebody in."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from argon2 import PasswordHasher

from mobile.device.desktop_key import FileKey
from server.accounts import passwords
from server.cluster import Cluster
from tests.conftest import clone
from tests.serving import Live, serving


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


@pytest.fixture(scope="package")
def served(
    private_cluster: Cluster, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """One for all tests of forks, each of which brings tablets of its own."""
    folder = tmp_path_factory.mktemp("forks")
    name = f"forks_{uuid4().hex[:8]}"
    with clone(private_cluster, reference_template, name) as made, serving(replace(made, var_dir=folder)) as live:
        yield live


@pytest.fixture(scope="package")
def key(tmp_path_factory: pytest.TempPathFactory) -> FileKey:
    return FileKey(tmp_path_factory.mktemp("keys") / "key.pem")

"""A server whose settings would give something away does not start."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from server import cluster
from server.app import create_app
from server.settings import Settings, from_environment
from server.web.safety import Unsafe, refuse_powerful_role, refuse_unsafe

SAFE = Settings(public_url="https://xiangye.example", trusted_proxies=1, host="10.0.0.5")


def test_the_default_listens_to_this_machine_alone_and_has_no_secret() -> None:
    refuse_unsafe(Settings(), {})
    assert not [name for name, value in vars(Settings()).items() if "secret" in name or ("key" in name and value)]


def test_behind_a_tls_proxy_it_may_listen_to_the_network() -> None:
    refuse_unsafe(SAFE, {})


@pytest.mark.parametrize(
    ("settings", "environment", "word"),
    [
        (Settings(), {"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        (Settings(host="0.0.0.0"), {}, "XIANGYE_HOST"),
        (Settings(host="::"), {}, "XIANGYE_HOST"),
        (Settings(host="db.example"), {}, "XIANGYE_HOST"),
        (replace(SAFE, public_url="http://xiangye.example"), {}, "https"),
        (replace(SAFE, trusted_proxies=0), {}, "XIANGYE_TRUSTED_PROXIES"),
        (replace(SAFE, cluster_fsync=False), {}, "XIANGYE_FSYNC"),
    ],
)
def test_unsafe_settings_are_refused_by_name(settings: Settings, environment: dict[str, str], word: str) -> None:
    with pytest.raises(Unsafe, match=word):
        refuse_unsafe(settings, environment)


@pytest.mark.parametrize("text", ["-1", "9", "one", "١"])
def test_the_number_of_proxies_is_a_small_number(text: str) -> None:
    with pytest.raises(ValueError, match="XIANGYE_TRUSTED_PROXIES"):
        from_environment({"XIANGYE_TRUSTED_PROXIES": text})


def test_the_role_of_the_program_is_weak_enough(settings: Settings) -> None:
    refuse_powerful_role(settings.database_url or "")


def test_a_role_that_owns_the_exact_places_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(Unsafe, match="precise"):
        refuse_powerful_role(settings.owner_url or "")
    with pytest.raises(Unsafe, match="precise"):
        create_app(replace(settings, database_url=settings.owner_url, var_dir=tmp_path))


def test_a_superuser_is_refused(settings: Settings, private_cluster: cluster.Cluster) -> None:
    name = make_url(settings.database_url or "").database or ""
    with pytest.raises(Unsafe, match="超级用户"):
        refuse_powerful_role(private_cluster.url("xiangye_cluster", name))

"""`xiangye account …`, `xiangye device …`: from an empty database to a first administrator, tablets and tokens."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import select

from server.accounts import queries
from server.accounts.model import OidcIdentity, Person
from server.accounts.passwords import matches
from server.accounts.service import authenticate, enrol, load_viewer
from server.audit.model import AuditEntry
from server.db import open_session
from server.settings import Settings
from shared.clock import SystemClock
from shared.ids import uuid7
from shared.problems import Problem
from tests.commands import Here, Said, environment

CLOCK = SystemClock()
PASSWORD = "莽山的雨季有五个多月"


@pytest.fixture
def env(settings: Settings) -> Mapping[str, str]:
    return environment(
        XIANGYE_DATABASE_URL=str(settings.database_url), XIANGYE_DATABASE_OWNER_URL=str(settings.owner_url)
    )


def told(said: Said) -> dict[str, str]:
    assert said.code == 0, said
    answer: dict[str, str] = json.loads(said.out)
    return answer


def type_in(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(words))


def test_the_first_administrator(
    settings: Settings, env: Mapping[str, str], here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, PASSWORD + "\n")
    added = told(
        here.xiangye(
            env,
            "account",
            "add",
            "--name",
            "谭嗣同",
            "--account",
            "tan",
            "--role",
            "province_admin",
            "--password-stdin",
            "--json",
        )
    )
    with open_session(settings) as session:
        one = session.scalars(select(Person)).one()
        assert (str(one.id), one.account) == (added["person_id"], "tan")
        assert matches(PASSWORD, one.password_hash)
        (held,) = queries.viewer_of(session, CLOCK, one.id).held
        assert (held.role, held.area_kind, held.area_code) == ("province_admin", "province", "43")
        assert held.scopes == {0}
        assert [one.action for one in session.scalars(select(AuditEntry).order_by(AuditEntry.entry_no))] == [
            "add_person",
            "grant",
            "set_password",
        ]


def test_granting_listing_and_taking_back(settings: Settings, env: Mapping[str, str], here: Here) -> None:
    here.xiangye(env, "account", "add", "--name", "王五", "--account", "wang.wu", "--organisation", "县林业局")
    last = f"{CLOCK.now().year + 5}-12-31"
    limits = ["--area", "431022", "--taxon-group", "鸟类", "--expires", last]
    granted = told(here.xiangye(env, "account", "grant", "wang.wu", "--role", "reviewer", *limits, "--json"))
    assert granted["area"] == "county:431022"
    (listed,) = json.loads(here.xiangye(env, "account", "list", "--json").out)
    assert listed["account"] == "wang.wu" and not listed["disabled"]
    assert listed["grants"] == [
        {
            "grant_id": granted["grant_id"],
            "role": "reviewer",
            "area": "county:431022",
            "taxon_group": "鸟类",
            "expires_at": f"{last}T16:00:00+00:00",
        }
    ]
    assert "审核员 county:431022" in here.xiangye(env, "account", "list").out
    assert here.xiangye(env, "account", "revoke", granted["grant_id"]).code == 0
    (listed,) = json.loads(here.xiangye(env, "account", "list", "--json").out)
    assert listed["grants"] == []


def test_a_token_and_the_end_of_an_account(settings: Settings, env: Mapping[str, str], here: Here) -> None:
    here.xiangye(
        env, "account", "add", "--name", "王五", "--account", "wang.wu", "--role", "ranger", "--area", "431022"
    )
    token = told(here.xiangye(env, "account", "token", "wang.wu", "--days", "3", "--json"))["token"]
    with open_session(settings) as session:
        assert {one.role for one in load_viewer(session, CLOCK, token, None, None).held} == {"ranger"}
    assert here.xiangye(env, "account", "disable", "wang.wu").out == "已停用\n"
    with open_session(settings) as session, pytest.raises(Problem):
        load_viewer(session, CLOCK, token, None, None)
    assert "（已停用）" in here.xiangye(env, "account", "list").out
    here.xiangye(env, "account", "disable", "wang.wu", "--undo")
    with open_session(settings) as session:
        assert load_viewer(session, CLOCK, token, None, None).held


def test_a_password_is_read_and_never_given_as_an_argument(
    settings: Settings, env: Mapping[str, str], here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.xiangye(env, "account", "add", "--name", "王五", "--account", "wang.wu")
    type_in(monkeypatch, PASSWORD + "\n")
    assert here.xiangye(env, "account", "password", "wang.wu", "--password-stdin").code == 0
    with open_session(settings) as session:
        assert matches(PASSWORD, session.scalars(select(Person.password_hash)).one())
    type_in(monkeypatch, "短\n")
    assert here.xiangye(env, "account", "password", "wang.wu", "--password-stdin").refuses("10–200 个字符", "password")
    assert here.xiangye(env, "account", "password", "wang.wu").refuses("--password-stdin")


def test_a_tablet_from_its_picture_to_its_end(
    settings: Settings, env: Mapping[str, str], here: Here, tmp_path: Path
) -> None:
    person = told(here.xiangye(env, "account", "add", "--name", "护林员", "--json"))["person_id"]
    picture = tmp_path / "码.png"
    made = told(
        here.xiangye(
            env, "device", "enrol", person, "--qr", str(picture), "--server", "https://xiangye.example", "--json"
        )
    )
    assert made["payload"] == f"xiangye:1?server=https%3A%2F%2Fxiangye.example&code={made['code']}"
    with Image.open(picture) as drawn:
        assert drawn.format == "PNG"
    drawn_here = here.xiangye(env, "device", "enrol", person, "--qr", "terminal")
    assert len(drawn_here.out.splitlines()) > 15
    device = uuid7()
    with open_session(settings) as session:
        _, credential = enrol(session, CLOCK, made["code"], device, "一号", "0.1.0")
        authenticate(session, credential, CLOCK)
    (listed,) = json.loads(here.xiangye(env, "device", "list", "--json").out)
    assert (listed["device_id"], listed["person_name"], listed["revoked_at"]) == (str(device), "护林员", None)
    assert listed["seen_at"]
    assert "最近联系" in here.xiangye(env, "device", "list").out
    assert here.xiangye(env, "device", "revoke", str(device)).code == 0
    assert "已注销" in here.xiangye(env, "device", "list").out


def test_an_identity_is_linked_on_the_server(settings: Settings, env: Mapping[str, str], here: Here) -> None:
    here.xiangye(env, "account", "add", "--name", "王五", "--account", "wang.wu")
    assert here.xiangye(env, "account", "link", "wang.wu", "u-1").refuses("XIANGYE_OIDC_ISSUER")
    joined = {
        **env,
        "XIANGYE_OIDC_ISSUER": "https://id.example",
        "XIANGYE_OIDC_CLIENT_ID": "xiangye",
        "XIANGYE_OIDC_CLIENT_SECRET": "long and secret",
    }
    assert here.xiangye(joined, "account", "link", "wang.wu", "u-1").code == 0
    with open_session(settings) as session:
        assert session.scalars(select(OidcIdentity.subject)).one() == "u-1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["account", "grant", "nobody", "--role", "ranger", "--area", "431022"], "没有账号或编号为 nobody"),
        (["account", "grant", "wang.wu", "--role", "emperor", "--area", "43"], "参数有误"),
        (["account", "grant", "wang.wu", "--role", "ranger"], "--area"),
        (["account", "grant", "wang.wu", "--role", "ranger", "--area", "planet:3"], "area_kind"),
        (["account", "grant", "wang.wu", "--role", "ranger", "--area", "area:nowhere"], "area_code"),
        (
            ["account", "grant", "wang.wu", "--role", "ranger", "--area", "431022", "--expires", "2020-01-01"],
            "expires_at",
        ),
        (["account", "add", "--name", "甲", "--account", "wang.wu"], "已有人使用"),
        (["account", "add", "--name", "甲", "--account", "大王"], "account"),
        (["account", "add", "--name", "甲", "--area", "431022"], "--role"),
        (["account", "revoke", str(uuid4())], "没有编号为"),
        (["account", "token", "wang.wu", "--days", "400"], "参数有误"),
        (["device", "enrol", "wang.wu", "--server", "http://10.0.0.5"], "https"),
        (["device", "enrol", "wang.wu", "--qr", "/nonexistent/qr.png"], "文件或文件夹不存在"),
    ],
)
def test_a_refusal_says_what_is_wrong(env: Mapping[str, str], here: Here, words: list[str], said: str) -> None:
    here.xiangye(env, "account", "add", "--name", "王五", "--account", "wang.wu")
    assert here.xiangye(env, *words).refuses(said)

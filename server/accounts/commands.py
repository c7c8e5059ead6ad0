"""`xiangye account`, `xiangye device`."""

from uuid import UUID

import click

from server import settings as settings_module
from server.accounts import service
from server.accounts.model import Person
from server.db import open_session
from server.web.output import print_json
from shared.clock import SystemClock


@click.group("account", help="人员：添加")
def account() -> None: ...


@account.command("add", help="添加人员，输出其编号")
@click.option("--name", required=True, help="姓名")
@click.option("--organisation", help="单位")
@click.option("--json", "as_json", is_flag=True)
def add(name: str, organisation: str | None, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        person = service.add_person(session, SystemClock(), name, organisation)
        answer = {"person_id": str(person.id), "name": person.name}
    print_json(answer) if as_json else click.echo(f"{answer['person_id']}  {name}")


@click.group("device", help="平板：发放注册码、注销")
def device() -> None: ...


@device.command("enrol", help="为某人发放一次性注册码（24 小时内有效）")
@click.argument("person_id", type=click.UUID)
@click.option("--json", "as_json", is_flag=True)
def enrol(person_id: UUID, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        if session.get(Person, person_id) is None:
            raise click.ClickException(f"没有编号为 {person_id} 的人员；先用 xiangye account add 添加")
        code = service.issue_code(session, SystemClock(), person_id)
    print_json({"code": code}) if as_json else click.echo(code)


@device.command("revoke", help="注销一台平板的凭证")
@click.argument("device_id", type=click.UUID)
def revoke(device_id: UUID) -> None:
    with open_session(settings_module.from_environment()) as session:
        service.revoke(session, SystemClock(), device_id)
    click.echo(f"已注销 {device_id}")

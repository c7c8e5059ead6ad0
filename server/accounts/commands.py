"""`xiangye account`, `xiangye device`: the local operator's hand, who makes the first administrator."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import settings as settings_module
from server.accounts import enrolment_qr, oidc, queries, service, tokens
from server.accounts.areas import Area, named
from server.accounts.model import Device, Person, RoleGrant
from server.accounts.people import disable
from server.accounts.rights import ROLES, ROLES_ZH
from server.accounts.signing_in import set_password
from server.accounts.viewer import LOCAL_OPERATOR
from server.audit.service import log
from server.db import open_session
from server.web.output import print_json
from shared.clock import SystemClock, end_of_day_in_china
from shared.ids import is_uuid

CLOCK = SystemClock()
_ROLE = click.Choice(list(ROLES))
_ROLE_HELP = "角色：" + "、".join(f"{role} {zh}" for role, zh in ROLES_ZH.items())
_AREA_HELP = "区域：43（全省）、431000（市州）、431022（县），或 area:代码、organisation:编号"
_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")


@click.group("account", help="人员：添加、授权、收回、口令、令牌、停用")
def account() -> None: ...


@account.command("add", help="添加人员，输出其编号；第一位管理员：--role province_admin")
@click.option("--name", required=True, help="姓名")
@click.option("--organisation", help="单位")
@click.option("--account", "login", help="登录用的账号；只用平板的人员不需要")
@click.option("--role", type=_ROLE, help=_ROLE_HELP)
@click.option("--area", help=f"{_AREA_HELP}；province_admin 可省略")
@click.option("--taxon-group", help="只限某一类群")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="授权到这一天为止（含）")
@click.option("--password-stdin", is_flag=True, help="从标准输入读密码（至少 10 个字符）")
@_json
def add(
    name: str,
    organisation: str | None,
    login: str | None,
    role: str | None,
    area: str | None,
    taxon_group: str | None,
    expires: datetime | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    if role is None and (area or taxon_group or expires):
        raise click.UsageError("--area、--taxon-group、--expires 须与 --role 一起用")
    with open_session(settings_module.from_environment()) as session:
        person = service.add_person(session, CLOCK, name, organisation, account=login)
        log(session, CLOCK, LOCAL_OPERATOR.name, "add_person", str(person.id), {})
        if role is not None:
            _grant(session, person, role, area, taxon_group, expires)
        if password_stdin:
            set_password(session, CLOCK, LOCAL_OPERATOR, person, _password())
        answer = {"person_id": str(person.id), "name": person.name}
    print_json(answer) if as_json else click.echo(f"{answer['person_id']}  {name}")


@account.command("grant", help="授予角色；PERSON 是账号或编号")
@click.argument("person")
@click.option("--role", type=_ROLE, required=True, help=_ROLE_HELP)
@click.option("--area", help=f"{_AREA_HELP}；province_admin 可省略")
@click.option("--taxon-group", help="只限某一类群")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="授权到这一天为止（含）")
@_json
def grant(
    person: str, role: str, area: str | None, taxon_group: str | None, expires: datetime | None, as_json: bool
) -> None:
    with open_session(settings_module.from_environment()) as session:
        row = _grant(session, find_person(session, person), role, area, taxon_group, expires)
        answer = {"grant_id": str(row.id), "role": row.role, "area": f"{row.area_kind}:{row.area_code}"}
    print_json(answer) if as_json else click.echo(f"{answer['grant_id']}  {ROLES_ZH[role]}  {answer['area']}")


@account.command("revoke", help="收回授权，立即生效")
@click.argument("grant_id", type=click.UUID)
def revoke_grant(grant_id: UUID) -> None:
    with open_session(settings_module.from_environment()) as session:
        service.revoke_grant(session, CLOCK, LOCAL_OPERATOR, grant_id)
    click.echo(f"已收回 {grant_id}")


@account.command("list", help="人员与其现有的授权")
@_json
def list_(as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        told = [_shown(session, person) for person in session.scalars(select(Person).order_by(Person.id))]
    if as_json:
        print_json(told)
        return
    for one in told:
        held = "；".join(f"{ROLES_ZH[grant['role']]} {grant['area']}（{grant['grant_id']}）" for grant in one["grants"])
        state = "（已停用）" if one["disabled"] else ""
        click.echo(f"{one['person_id']}  {one['account'] or '—'}  {one['name']}{state}  {held}")


@account.command("token", help="为某人（账号或编号）新建个人令牌，只显示这一次")
@click.argument("person")
@click.option("--name", default="命令行", show_default=True, help="令牌的名称，供日后辨认")
@click.option(
    "--days", type=click.IntRange(1, tokens.LONGEST.days), default=tokens.USUAL.days, show_default=True, help="有效天数"
)
@_json
def token(person: str, name: str, days: int, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        owner = find_person(session, person)
        row, secret = tokens.issue(session, CLOCK, owner.id, name, CLOCK.now() + timedelta(days=days))
        log(session, CLOCK, LOCAL_OPERATOR.name, "issue_token", str(row.id), {"person": str(owner.id)})
        answer = {"token": secret, "token_id": str(row.id), "expires_at": row.expires_at.isoformat()}
    print_json(answer) if as_json else click.echo(secret)


@account.command("password", help="重设密码（从标准输入读）；此人的登录与个人令牌随即失效")
@click.argument("person")
@click.option("--password-stdin", is_flag=True, required=True, help="从标准输入读密码（至少 10 个字符）")
def password(person: str, password_stdin: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        set_password(session, CLOCK, LOCAL_OPERATOR, find_person(session, person), _password())
    click.echo("已重设")


@account.command("disable", help="停用：登录、令牌、平板立即失效；--undo 恢复")
@click.argument("person")
@click.option("--undo", is_flag=True, help="恢复")
def disable_(person: str, undo: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        one = find_person(session, person)
        disable(session, CLOCK, LOCAL_OPERATOR, one, not undo)
        log(session, CLOCK, LOCAL_OPERATOR.name, "change_person", str(one.id), {"fields": ["disabled"]})
    click.echo("已恢复" if undo else "已停用")


@account.command("link", help="把统一身份认证中的身份（sub）关联到账号")
@click.argument("person")
@click.argument("subject")
def link(person: str, subject: str) -> None:
    settings = settings_module.from_environment()
    if settings.oidc is None:
        raise click.ClickException("未设置统一身份认证：见 server/README.md 的 XIANGYE_OIDC_ISSUER")
    with open_session(settings) as session:
        one = find_person(session, person)
        oidc.link(session, CLOCK, settings.oidc.issuer, subject, one.id, LOCAL_OPERATOR.name)
    click.echo("已关联")


@click.group("device", help="平板：发放注册码、列出、注销")
def device() -> None: ...


@device.command("enrol", help="为某人（账号或编号）发放一次性注册码（24 小时内有效）")
@click.argument("person")
@click.option("--qr", help="二维码：PNG 文件名，或 terminal 画在终端里")
@click.option("--server", help="平板要连接的服务器地址；默认 XIANGYE_PUBLIC_URL，否则本机")
@_json
def enrol(person: str, qr: str | None, server: str | None, as_json: bool) -> None:
    settings = settings_module.from_environment()
    address = enrolment_qr.checked(server or settings.public_url or f"http://127.0.0.1:{settings.port}")
    with open_session(settings) as session:
        code = service.issue_code(session, CLOCK, find_person(session, person).id, LOCAL_OPERATOR)
        told = enrolment_qr.payload(address, code)
        if qr is not None and qr != "terminal":
            Path(qr).write_bytes(enrolment_qr.png(told))
    if qr == "terminal":
        click.echo(enrolment_qr.terminal(told))
    print_json({"code": code, "server": address, "payload": told}) if as_json else click.echo(code)


@device.command("list", help="平板、其使用人与最近一次联系")
@_json
def list_devices(as_json: bool) -> None:
    query = select(Device, Person.name).join(Person, Person.id == Device.person_id).order_by(Device.id)
    with open_session(settings_module.from_environment()) as session:
        told = [
            {
                "device_id": str(row.id),
                "name": row.name,
                "person_id": str(row.person_id),
                "person_name": name,
                "app_version": row.app_version,
                "enrolled_at": row.enrolled_at.isoformat(),
                "seen_at": row.seen_at and row.seen_at.isoformat(),
                "revoked_at": row.revoked_at and row.revoked_at.isoformat(),
                "forked_from": row.forked_from and str(row.forked_from),
            }
            for row, name in session.execute(query)
        ]
    if as_json:
        print_json(told)
        return
    for one in told:
        state = "已注销" if one["revoked_at"] else f"最近联系 {one['seen_at'] or '—'}"
        twin = f"  由 {one['forked_from']} 换号而来" if one["forked_from"] else ""
        click.echo(f"{one['device_id']}  {one['name']}  {one['person_name']}  {one['app_version']}  {state}{twin}")


@device.command("revoke", help="注销一台平板的凭证，立即生效；由它换号而来的也一并注销")
@click.argument("device_id", type=click.UUID)
def revoke(device_id: UUID) -> None:
    with open_session(settings_module.from_environment()) as session:
        ended = service.revoke(session, CLOCK, device_id, LOCAL_OPERATOR)
    forks = [one for one in ended if one != device_id]
    click.echo(f"已注销 {device_id}" + "".join(f"\n由它换号而来的也已注销：{one}" for one in forks))


def find_person(session: Session, told: str, erased_too: bool = False) -> Person:
    """By account or by id."""
    wanted = Person.id == UUID(told) if is_uuid(told.lower()) else Person.account == told.lower()
    found = session.scalar(select(Person).where(wanted))
    if found is None or (found.erased_at is not None and not erased_too):
        raise click.ClickException(f"没有账号或编号为 {told} 的人员；先用 xiangye account add 添加")
    return found


def _grant(
    session: Session,
    person: Person,
    role: str,
    area: str | None,
    taxon_group: str | None,
    expires: datetime | None,
) -> RoleGrant:
    if area is None and role != "province_admin":
        raise click.UsageError(f"请用 --area 说明角色 {role} 的区域")
    where = named(area or settings_module.from_environment().home_province)
    until = end_of_day_in_china(expires.date().isoformat()) if expires else None
    return service.grant(session, CLOCK, LOCAL_OPERATOR, person.id, role, where.kind, where.code, taxon_group, until)


def _password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _shown(session: Session, person: Person) -> dict[str, Any]:
    return {
        "person_id": str(person.id),
        "account": person.account,
        "name": person.name,
        "disabled": person.disabled_at is not None,
        "grants": [
            {
                "grant_id": str(grant.id),
                "role": grant.role,
                "area": str(Area(grant.area_kind, grant.area_code)),
                "taxon_group": grant.taxon_group,
                "expires_at": grant.expires_at and grant.expires_at.isoformat(),
            }
            for grant in queries.grants_in_force(session, CLOCK, person.id)
        ],
    }

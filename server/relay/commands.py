"""`xiangye relay admit|revoke|list`: at the province, which stations may pass on."""

from uuid import UUID

import click

from server.accounts.relays import admit_relay, all_relays, revoke_relay
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.settings import from_environment
from server.web.output import print_json
from shared.clock import SystemClock

_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")


@click.command("admit", help="（在省级服务器上）准许一个监测站中转，输出它的凭证，只显示一次")
@click.argument("name")
@_json
def admit(name: str, as_json: bool) -> None:
    with open_session(from_environment()) as session:
        relay, credential = admit_relay(session, SystemClock(), LOCAL_OPERATOR, name)
        told = {"relay_id": str(relay.id), "name": relay.name, "credential": credential}
    print_json(told) if as_json else click.echo(f"{told['relay_id']}  {relay.name}\n凭证 {credential}")


@click.command("revoke", help="（在省级服务器上）收回监测站的凭证，立即生效；已转交的不受影响")
@click.argument("relay_id", type=click.UUID)
def revoke(relay_id: UUID) -> None:
    with open_session(from_environment()) as session:
        relay = revoke_relay(session, SystemClock(), LOCAL_OPERATOR, relay_id)
        click.echo(f"已收回 {relay.name} 的凭证")


@click.command("list", help="（在省级服务器上）监测站，及其最近一次联系的时间")
@_json
def list_(as_json: bool) -> None:
    with open_session(from_environment()) as session:
        told = [
            {"relay_id": str(one.id), "name": one.name, "seen_at": one.seen_at, "revoked_at": one.revoked_at}
            for one in all_relays(session)
        ]
    if as_json:
        print_json(told)
        return
    for one in told:
        state = "已收回" if one["revoked_at"] else f"最近联系 {one['seen_at'] or '从未'}"
        click.echo(f"{one['relay_id']}  {one['name']}  {state}")

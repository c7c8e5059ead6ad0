"""`xiangye seal-key`: the province's keys for sealed records."""

from typing import Any

import click

from server.sensitivity.sealing import SealKey, add_key, seal_keys
from server.settings import from_environment
from server.web.output import print_json
from shared.clock import CHINA, SystemClock

_KEEP = (
    "私钥文件：{file}\n请把它另行备份（不与数据库备份放在一起）：丢失后，用它密封而未收下的记录谁也打不开。\n"
    "平板在下一次同步时得知公钥；已收下的记录不受影响。"
)


@click.group("seal-key", help="密封密钥：平板用公钥密封敏感物种的记录，只有省级服务器能打开")
def seal_key() -> None:
    pass


@seal_key.command("make", help="制作第一把密封密钥（已有则报错）")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def make(as_json: bool) -> None:
    _add(first=True, as_json=as_json)


@seal_key.command("rotate", help="换用新的密封密钥；旧密钥留在文件中，用来打开以前密封的记录")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def rotate(as_json: bool) -> None:
    _add(first=False, as_json=as_json)


@seal_key.command("list", help="列出密封密钥，现用的在最前")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def list_(as_json: bool) -> None:
    told = [_told(key) for key in seal_keys(from_environment()).keys]
    if as_json:
        print_json(told)
        return
    if not told:
        click.echo("还没有密封密钥：平板上敏感物种的记录不密封。请用 xiangye seal-key make 制作")
    for place, key in enumerate(told):
        click.echo(f"{'现用' if place == 0 else '旧'}\t{key['made_on']}\t{key['key_id']}")


def _add(first: bool, as_json: bool) -> None:
    settings = from_environment()
    made = add_key(settings, SystemClock().now().astimezone(CHINA), first)
    told = _told(made) | {"file": str(settings.seal_key_file)}
    if as_json:
        print_json(told)
        return
    click.echo(f"密封密钥 {made.key_id}（{made.made_on}）\n{_KEEP.format(file=settings.seal_key_file)}")


def _told(key: SealKey) -> dict[str, Any]:
    return {"key_id": key.key_id, "made_on": str(key.made_on), "number": key.number, "public_key": key.public}

"""`xiangye places history`: what new layers moved; `xiangye species relevel`: what new lists keep more closely."""

import click
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.places.features import LAYERS
from server.places.model import Restamping
from server.sensitivity import restamping
from server.sensitivity.relevelling import Relevelled, relevel
from server.settings import from_environment
from server.web.output import print_json
from shared.clock import CHINA, SystemClock
from shared.problems import Problem

_HOMES = {"exact": "精确位置", "disclosed": "对外显示"}
_FIELDS = {
    "county_code": "县代码",
    "county_name": "县",
    "prefecture_code": "市州代码",
    "prefecture_name": "市州",
    "in_scope": "在本省",
    "uncertain": "县不确定",
    "distance_to_border_m": "距县界（米）",
    "areas": "保护地与优先区域",
    "zones": "功能分区",
    "grid_cell": "网格",
    "cell_within_county": "网格全在一县之内",
    "altitude_m": "海拔（米）",
    "elevation_m": "高程（米）",
    "land_cover": "土地覆被",
}


@click.command("history", help="图层更新后重新判定位置的历史；给出编号则列出那一次变动的记录（查阅会记入审计日志）")
@click.argument("number", required=False, type=int)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def history(number: int | None, as_json: bool) -> None:
    with open_session(from_environment()) as session:
        rows = restamping.history(session)
        if number is None:
            _tell_all(rows, as_json)
            return
        if number not in {row.restamping_id for row in rows}:
            raise Problem("not_found", f"没有编号为 {number} 的重新判定；现有编号见 xiangye places history")
        moved = restamping.moved_by(session, LOCAL_OPERATOR, SystemClock(), number)
    if as_json:
        print_json([{"id": str(id_), "before": before, "after": after} for id_, (before, after) in moved.items()])
    else:
        click.echo(
            "\n".join(line for id_, change in moved.items() for line in _lines(str(id_), *change)) or "没有记录变动"
        )


@click.command("relevel", help="按现行名录重新核定每条记录的敏感级别（只会更严）；名录到期生效后运行")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def relevel_(as_json: bool) -> None:
    with open_session(from_environment()) as session:
        done = relevel(session, LOCAL_OPERATOR.name, SystemClock(), reason="on demand")
    if as_json:
        print_json(vars(done))
    else:
        click.echo(_words_of(done))


def relevel_after(session: Session, by: str) -> list[str]:
    """In the transaction that loaded lists."""
    return [_words_of(relevel(session, by, SystemClock()))]


def _words_of(done: Relevelled) -> str:
    again = "；此前导出和公布的文件请核对是否须收回" if done.moved else ""
    return f"核定敏感级别：查 {done.checked} 条，{done.moved} 条改为更严{again}"


def _tell_all(rows: list[Restamping], as_json: bool) -> None:
    if as_json:
        names = ("restamping_id", "kind", "from_version", "to_version", "checked_count", "moved_count", "by_account")
        print_json([{name: getattr(row, name) for name in names} | {"at": row.at.isoformat()} for row in rows])
        return
    for row in rows:
        click.echo(
            f"{row.restamping_id}  {row.at.astimezone(CHINA):%Y-%m-%d %H:%M}  {LAYERS[row.kind]}：{row.from_version or '无'} → "
            f"{row.to_version}；查 {row.checked_count} 条，变动 {row.moved_count} 条（{row.by_account}）"
        )
    if not rows:
        click.echo("还没有图层更新过")


def _lines(id_: str, before: dict[str, dict[str, object]], after: dict[str, dict[str, object]]) -> list[str]:
    changes = [
        f"  {_HOMES[home]}的{_FIELDS.get(name, name)}：{_word(told)} → {_word(after[home][name])}"
        for home, fields in before.items()
        for name, told in fields.items()
    ]
    return [id_, *changes]


def _word(value: object) -> str:
    if isinstance(value, list):
        return "、".join(map(str, value)) or "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    return "无" if value is None else str(value)

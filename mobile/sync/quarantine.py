"""Why the province did not take a record, in words for whoever made it: what is the matter, and what to do. Codes as in PROTOCOL.md §9."""

from collections.abc import Mapping
from typing import Any

from shared.field_names import FIELD_NAMES

_REFUSED, _UNREAD = "服务器未接受", "服务器未能读取"
_OTHER = (_UNREAD, "服务器处理时出错，请告诉管理员；修复后再同步即可")
_SAID: Mapping[str, tuple[str, str]] = {
    "protocol_unknown": (_UNREAD, "平板的应用比服务器新，请告诉管理员升级服务器；升级后再同步即可"),
    "not_canonical": (_UNREAD, "内容的格式有误，请升级应用后再同步；仍然如此请告诉管理员"),
    "too_deep": (_UNREAD, "内容的格式有误，请升级应用后再同步；仍然如此请告诉管理员"),
    "seal_broken": (_UNREAD, "密封的内容打不开，请撤回后重新填写，并告诉管理员"),
    "seal_key_unknown": (_UNREAD, "服务器没有打开这条密封记录的密钥，请告诉管理员；恢复密钥后再同步即可"),
    "invalid": (_REFUSED, "内容不符合要求，请核对后撤回重填；看不出问题请告诉管理员"),
    "wrong_device": (_REFUSED, "服务器不认识生成这条记录的平板，请告诉管理员；处理后再同步即可"),
    "wrong_author": (_REFUSED, "记录属于另一位使用者，请其本人在这台平板上重新登记后再同步"),
    "wrong_kind": (_REFUSED, "同一编号在服务器上已是另一种记录，请撤回后重新填写，并告诉管理员"),
    "survey_unknown": (_REFUSED, "服务器上还没有它的调查项目：调查项目送达后会自动收下；一直如此请告诉管理员"),
    "county_unknown": (_REFUSED, "调查项目里有服务器不认识的县区，请撤回后重新选择"),
    "not_yours": (_REFUSED, "您没有在这里新建调查或修改他人记录的权限，请管理员授权后再同步"),
}
KEPT = "原文在平板和服务器上都已留存"
_MOST_NAMED = 5


def words_of(code: Any, detail: Any = None) -> str:
    """A sentence, whatever the server said."""
    verdict, advice = _SAID.get(code, _OTHER) if isinstance(code, str) else _OTHER
    named = "、".join(_fields(detail)) if code == "invalid" else ""
    return f"{verdict}（{named}）：{advice}" if named else f"{verdict}：{advice}"


def _fields(detail: Any) -> list[str]:
    """What was found wrong, by its name on the form. A field of a newer app goes by its own."""
    told = [one.get("field") for one in detail if isinstance(one, dict)] if isinstance(detail, list) else []
    names = [_name(field) for field in told if isinstance(field, str)]
    return list(dict.fromkeys(name for name in names if name))[:_MOST_NAMED]


def _name(field: str) -> str:
    parts = [part for part in field.replace("/", ".").split(".") if part and part != "body"]
    return next((FIELD_NAMES[part] for part in parts if part in FIELD_NAMES), parts[0] if parts else "")

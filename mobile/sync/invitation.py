"""What a tablet is given to enrol: the text of a QR code, or the bare code that stands beside it; and which addresses are safe."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from mobile.sync.failures import NotReady

VERSION = "1"
_INVITATION = re.compile(r"xiangye:([0-9]{1,3})\?(.*)", re.DOTALL)
_CODE = re.compile(r"[A-Za-z0-9_.~-]{4,200}")


@dataclass(frozen=True)
class Invitation:
    """`server` is empty where only a code was given."""

    code: str
    server: str = ""


def read_invitation(text: str) -> Invitation:
    """NotReady says in words what is wrong with it."""
    given = text.strip()
    if not given:
        raise NotReady("请输入登记码")
    found = _INVITATION.fullmatch(given)
    if found is None:
        return Invitation(_code(given))
    if found[1] != VERSION:
        raise NotReady("这个二维码来自更新版本的湘野：请先更新本程序")
    fields = parse_qs(found[2], keep_blank_values=True)
    if any(len(fields.get(name, ())) != 1 for name in ("server", "code")):
        raise NotReady("二维码不完整，缺少服务器地址或登记码：请重新扫描，或向管理员索取新的登记码")
    return Invitation(_code(fields["code"][0]), safe_address(fields["server"][0]))


def safe_address(address: str) -> str:
    """Without encryption only to this computer itself: code and credential would be read by others on the way."""
    url = address.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotReady(f"服务器地址无效：{url}") from error
    plain = parts.scheme in ("http", "https") and host and not parts.query and not parts.fragment and port != 0
    if not plain or parts.username is not None or parts.password is not None or re.search(r"\s", url):
        raise NotReady(f"服务器地址无效：{url}")
    if parts.scheme == "http" and not _is_this_computer(host):
        raise NotReady(f"服务器地址须以 https:// 开头：{url} 未加密，登记码和凭证会被他人截获")
    return url


def _is_this_computer(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise NotReady("这不是湘野的登记码：请核对后重新输入，或扫描管理员给出的二维码")
    return text

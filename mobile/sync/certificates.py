"""What was wrong with a server's certificate, by name: a wrong clock, another host and somebody in between need different hands."""

import ssl
from datetime import datetime

from mobile.sync.failures import SyncFailure
from shared.clock import CHINA

_NOT_YET_VALID, _EXPIRED, _WRONG_HOST, _WRONG_ADDRESS = 9, 10, 62, 64
_SAFE = "没有发送任何内容，记录和照片都还在平板上"


class CertificateRefused(SyncFailure):
    """Nothing was sent over this line."""


def refused(error: BaseException, url: str) -> CertificateRefused:
    found = _verification(error)
    if found is None:
        return CertificateRefused(f"与 {url} 建立不了加密连接（可能需要先登录无线网络）：{_SAFE}")
    if found.verify_code in (_NOT_YET_VALID, _EXPIRED):
        now, wrong = datetime.now(CHINA), "已过期" if found.verify_code == _EXPIRED else "尚未生效"
        return CertificateRefused(
            f"按平板时钟（现为 {now:%Y-%m-%d %H:%M}），{url} 的证书{wrong}：请先核对平板的日期和时间，若无误请告知管理员；{_SAFE}"
        )
    if found.verify_code in (_WRONG_HOST, _WRONG_ADDRESS):
        return CertificateRefused(f"{url} 出示的是另一个网站的证书：可能地址有误，或需要先登录无线网络；{_SAFE}")
    return CertificateRefused(
        f"{url} 的证书不是由受信任的机构签发：连接可能被截获（代理、无线网络登录页）；"
        f"若服务器用自建证书，请设置其根证书文件；{_SAFE}"
    )


def _verification(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """It lies somewhere in what the libraries wrapped around it."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        one = todo.pop()
        if isinstance(one, ssl.SSLCertVerificationError):
            return one
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return None

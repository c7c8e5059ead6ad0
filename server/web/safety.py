"""A server with settings that would give something away does not start."""

import os
from collections.abc import Mapping
from ipaddress import ip_address

from sqlalchemy import NullPool, create_engine, text

from server.settings import Settings


class Unsafe(ValueError):
    """Says which setting, why, and what to do instead."""


def refuse_unsafe(settings: Settings, environment: Mapping[str, str] | None = None) -> None:
    env = os.environ if environment is None else environment
    if env.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no", "off"):
        raise Unsafe("FLASK_DEBUG 已设置：调试页会泄露数据与代码。请取消该变量 (unset FLASK_DEBUG)")
    if settings.public_url is not None and not settings.public_url.startswith("https://"):
        raise Unsafe("XIANGYE_PUBLIC_URL 必须以 https:// 开头：凭证与位置不得明文传输 (must be https)")
    if settings.public_url is not None and settings.trusted_proxies < 1:
        raise Unsafe(
            "设置了 XIANGYE_PUBLIC_URL 时须用 XIANGYE_TRUSTED_PROXIES 写明前面有几层代理 (say how many proxies stand before)"
        )
    if not _loopback(settings.host) and settings.public_url is None:
        raise Unsafe(
            f"XIANGYE_HOST={settings.host} 会向网络开放明文 HTTP：请监听 127.0.0.1 并由 TLS 代理转发，"
            "或设置 XIANGYE_PUBLIC_URL 与 XIANGYE_TRUSTED_PROXIES（见 server/README.md）"
        )
    if settings.public_url is not None and not settings.cluster_fsync:
        raise Unsafe("XIANGYE_FSYNC=off 只用于一次性的数据库，不得用于正式服务")


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_POWERS = text("""
    SELECT r.rolsuper, r.rolbypassrls, has_schema_privilege(current_user, 'precise', 'USAGE'),
        EXISTS (SELECT 1 FROM pg_namespace n WHERE n.nspname = 'precise' AND n.nspowner = r.oid)
    FROM pg_roles r WHERE r.rolname = current_user
    """)


def refuse_powerful_role(database_url: str) -> None:
    """The role that serves requests must be one that the database itself can hold back."""
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        superuser, bypasses, reads_precise, owns = connection.execute(_POWERS).one()
    reasons = [
        word
        for found, word in (
            (superuser, "是超级用户"),
            (bypasses, "可绕过行级安全 (BYPASSRLS)"),
            (reads_precise, "可直接读取 precise 模式"),
            (owns, "拥有 precise 模式"),
        )
        if found
    ]
    if reasons:
        raise Unsafe(f"数据库角色{'、'.join(reasons)}：网页进程须用 xiangye_app 这样的受限角色（见 server/README.md）")

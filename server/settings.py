"""Settings, from the environment alone; nothing here has a secret for a default."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Oidc:
    """An OpenID Connect provider and what this server is called there."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Bucket:
    """Of an S3-compatible service. An empty `endpoint` is Amazon's own."""

    name: str
    prefix: str
    endpoint: str
    key: str
    secret: str = field(repr=False)
    region: str = "us-east-1"


@dataclass(frozen=True)
class Settings:
    """`var_dir` holds everything the program writes; `home_province` is the two-digit GB/T 2260 prefix of the province served."""

    var_dir: Path = REPOSITORY / "var"
    database_url: str | None = None
    owner_url: str | None = None
    home_province: str = "43"
    host: str = "127.0.0.1"
    port: int = 8710
    holder: str = "province"
    map_approval_number: str | None = None
    cluster_fsync: bool = True
    pack_key: Path | None = None
    contact_key: Path | None = None
    seal_key: Path | None = None
    public_url: str | None = None
    trusted_proxies: int = 0
    oidc: Oidc | None = None
    requests_per_minute: int = 1200
    bucket: Bucket | None = None
    upload_days: int = 7

    @property
    def cluster_dir(self) -> Path:
        return cluster_home(self.var_dir)

    @property
    def store_dir(self) -> Path:
        return self.var_dir / "store"

    @property
    def seal_key_file(self) -> Path:
        return self.seal_key or self.store_dir / "keys" / "sealing.pem"


def cluster_home(var_dir: Path) -> Path:
    """Root keeps the cluster outside its home, which the cluster's own user could not enter."""
    if os.geteuid() == 0:
        name = hashlib.sha256(str(var_dir.resolve()).encode()).hexdigest()[:12]
        return Path("/var/lib/xiangye") / name
    return var_dir / "cluster"


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    env = os.environ if environment is None else environment
    default = Settings()
    return Settings(
        var_dir=Path(env.get("XIANGYE_VAR") or default.var_dir).resolve(),
        database_url=env.get("XIANGYE_DATABASE_URL") or None,
        owner_url=env.get("XIANGYE_DATABASE_OWNER_URL") or env.get("XIANGYE_DATABASE_URL") or None,
        home_province=env.get("XIANGYE_PROVINCE") or default.home_province,
        host=env.get("XIANGYE_HOST") or default.host,
        port=_whole("XIANGYE_PORT", env.get("XIANGYE_PORT"), default.port, 1, 65535),
        holder=env.get("XIANGYE_HOLDER") or default.holder,
        map_approval_number=env.get("XIANGYE_MAP_APPROVAL") or None,
        cluster_fsync=env.get("XIANGYE_FSYNC", "on") != "off",
        pack_key=Path(env["XIANGYE_PACK_KEY"]).resolve() if env.get("XIANGYE_PACK_KEY") else None,
        contact_key=Path(env["XIANGYE_CONTACT_KEY"]).resolve() if env.get("XIANGYE_CONTACT_KEY") else None,
        seal_key=Path(env["XIANGYE_SEAL_KEY"]).resolve() if env.get("XIANGYE_SEAL_KEY") else None,
        public_url=(env.get("XIANGYE_PUBLIC_URL") or "").rstrip("/") or None,
        trusted_proxies=_whole("XIANGYE_TRUSTED_PROXIES", env.get("XIANGYE_TRUSTED_PROXIES"), 0, 0, 4),
        oidc=_oidc(env),
        requests_per_minute=_whole(
            "XIANGYE_REQUESTS_PER_MINUTE",
            env.get("XIANGYE_REQUESTS_PER_MINUTE"),
            default.requests_per_minute,
            60,
            10**6,
        ),
        bucket=_bucket(env),
        upload_days=_whole("XIANGYE_UPLOAD_DAYS", env.get("XIANGYE_UPLOAD_DAYS"), default.upload_days, 1, 365),
    )


def _whole(name: str, given: str | None, default: int, least: int, most: int) -> int:
    if not given:
        return default
    if not (given.isascii() and given.isdecimal()) or not least <= int(given) <= most:
        raise ValueError(f"{name}={given!r}: 必须是 {least}–{most} 的整数 (a whole number from {least} to {most})")
    return int(given)


def _oidc(env: Mapping[str, str]) -> Oidc | None:
    """All three or none; the provider is reached over TLS, unless it is this very machine."""
    names = ("XIANGYE_OIDC_ISSUER", "XIANGYE_OIDC_CLIENT_ID", "XIANGYE_OIDC_CLIENT_SECRET")
    given = [env.get(name) or "" for name in names]
    if not any(given):
        return None
    if not all(given):
        raise ValueError(f"{'、'.join(names)}：三者须一并设置 (all three or none)")
    issuer = given[0].rstrip("/")
    if not issuer.startswith(("https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:")):
        raise ValueError("XIANGYE_OIDC_ISSUER 必须以 https:// 开头 (must be https)")
    return Oidc(issuer, given[1], given[2])


def _bucket(env: Mapping[str, str]) -> Bucket | None:
    """The store of photos: `s3://bucket/prefix`, or the local folder where nothing is set."""
    address = env.get("XIANGYE_STORE_URL") or ""
    if not address:
        return None
    name, _, prefix = address.removeprefix("s3://").strip("/").partition("/")
    if not address.startswith("s3://") or not name:
        raise ValueError(f"XIANGYE_STORE_URL={address!r}: 应为 s3://存储桶/前缀 (s3://bucket/prefix)")
    key, secret = env.get("XIANGYE_STORE_KEY") or "", env.get("XIANGYE_STORE_SECRET") or ""
    if not (key and secret):
        raise ValueError(
            "XIANGYE_STORE_KEY、XIANGYE_STORE_SECRET：使用 XIANGYE_STORE_URL 时两者都要设置 (both are needed)"
        )
    endpoint = (env.get("XIANGYE_STORE_ENDPOINT") or "").rstrip("/")
    if endpoint and not endpoint.startswith(("https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:")):
        raise ValueError("XIANGYE_STORE_ENDPOINT 必须以 https:// 开头 (must be https)")
    return Bucket(name, prefix, endpoint, key, secret, env.get("XIANGYE_STORE_REGION") or "us-east-1")

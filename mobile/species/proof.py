"""Whether a pack may be installed: its form, its content, its signature, its age. Each refusal says which, in words."""

from dataclasses import dataclass
from pathlib import Path

from mobile.device.ports import DeviceFailure, Signatures
from mobile.species.pack import PackUnreadable, open_pack
from shared.taxon_pack import Meta, content_digest, is_formed, read_meta, version_order

_KEPT = "未安装，平板上的名录不变"


class PackRefused(PackUnreadable):
    """It can be read, and is not to be believed."""


@dataclass(frozen=True)
class Trust:
    """The server's public key as pinned at enrolment; a server that signs nothing gave none."""

    public_key: str
    signatures: Signatures

    def holds(self, meta: Meta) -> bool:
        if not self.public_key:
            return True
        try:
            return self.signatures.holds(self.public_key, meta.statement(), meta.signature)
        except DeviceFailure as failure:
            raise PackRefused(f"名录包 {meta.version} {_KEPT}：{failure}") from failure


def prove(path: Path, trust: Trust | None, installed: Meta | None) -> Meta:
    """PackUnreadable or PackRefused where it may not take the place of what is installed."""
    with open_pack(path) as pack:
        meta = read_meta(pack)
        version_order(meta.version)
        sound = is_formed(pack) and pack.execute("pragma integrity_check").fetchone()[0] == "ok"
        if not sound or content_digest(pack) != meta.content_digest:
            raise PackRefused(f"名录包 {meta.version} 的内容与其摘要不符（文件损坏或被改动）：{_KEPT}")
    if trust and not trust.holds(meta):
        raise PackRefused(
            f"名录包 {meta.version} 的签名不是登记时那台服务器的：{_KEPT}；如服务器更换了密钥，请重新登记平板"
        )
    if installed and version_order(meta.version) < version_order(installed.version):
        raise PackRefused(f"名录包 {meta.version} 比平板上的 {installed.version} 旧：{_KEPT}")
    return meta

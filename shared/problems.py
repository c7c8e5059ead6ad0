"""The numbered problem catalogue (RFC 9457): one meaning a number, for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    number: str
    code: str
    status: int
    title_zh: str
    title_en: str


_CATALOGUE = (
    Kind("400.1", "not_json", 400, "请求不是可读的 JSON", "The request is not readable JSON"),
    Kind("400.2", "batch_malformed", 400, "批次格式不符", "The batch does not have the protocol's form"),
    Kind("400.3", "upload_malformed", 400, "上传请求格式不符", "The upload request is malformed"),
    Kind("401.1", "credential_missing", 401, "缺少设备凭证", "No device credential was sent"),
    Kind("401.2", "credential_unknown", 401, "设备凭证无效或已注销", "The device credential is unknown or revoked"),
    Kind("401.3", "sign_in_needed", 401, "请先登录", "Sign in first"),
    Kind("401.4", "sign_in_failed", 401, "账号或密码不对", "Account or password is wrong"),
    Kind("403.2", "csrf_failed", 403, "请求缺少防伪令牌或令牌不符", "The anti-forgery token is missing or wrong"),
    Kind("403.3", "second_person_needed", 403, "需要另一人批准", "A second person has to approve this"),
    Kind("429.1", "too_many_requests", 429, "请求过于频繁，请稍后再试", "Too many requests; try again later"),
    Kind("403.5", "export_forbidden", 403, "数据集不得出境，不能公开", "The data set may not leave the country"),
    Kind("409.7", "export_waiting", 409, "导出尚未批准", "The export is not approved yet"),
    Kind("410.5", "export_gone", 410, "导出已过期、已召回或已拒绝", "The export expired, was recalled or refused"),
    Kind("403.1", "not_allowed", 403, "无权进行此操作", "This is not allowed"),
    Kind("404.1", "not_found", 404, "未找到", "Not found"),
    Kind("404.2", "county_unknown", 404, "未知的县级行政区代码", "Unknown county code"),
    Kind("404.3", "survey_unknown", 404, "未知的调查项目", "Unknown survey"),
    Kind("405.1", "method_not_allowed", 405, "不支持的请求方法", "Method not allowed"),
    Kind("409.1", "upload_offset", 409, "上传位置不符", "The upload offset does not match"),
    Kind(
        "409.4",
        "decide_apart",
        409,
        "这些记录的疑点不同，请分开审核",
        "These records raise different doubts: decide them apart",
    ),
    Kind("409.5", "already_decided", 409, "记录已有审核结论", "The record has been decided already"),
    Kind("409.6", "rule_not_tried", 409, "规则要先试运行才能生效", "A rule goes live only after a trial"),
    Kind("410.1", "enrolment_used", 410, "注册码已使用或已过期", "The enrolment code was used or has expired"),
    Kind("409.8", "photo_redacted", 409, "此照片已按注销要求隐去，不再接收", "This photo was redacted"),
    Kind("409.9", "key_known", 409, "此平板已登记过签名密钥", "This device has a key on record already"),
    Kind("409.10", "conflict_changed", 409, "这条记录又有新的修改，请重新查看", "The record has been edited since"),
    Kind("409.11", "too_many_forks", 409, "此平板换新编号的次数已到上限", "The device was forked too often"),
    Kind("410.6", "upload_expired", 410, "上传已过期或已终止，请重新开始", "The upload expired or was ended"),
    Kind("412.1", "tus_version", 412, "不支持的上传协议版本", "Unsupported tus version"),
    Kind("413.1", "too_large", 413, "内容过大", "The content is too large"),
    Kind("422.1", "invalid", 422, "内容未通过检查", "The content did not pass the checks"),
    Kind("422.2", "signature_missing", 422, "批次没有签名", "The batch bears no signature"),
    Kind("422.3", "signature_wrong", 422, "签名与批次不符", "The signature is not that of this batch"),
    Kind("460.1", "checksum_mismatch", 460, "校验和不符", "The checksum does not match"),
    Kind("500.1", "internal", 500, "服务器内部错误", "Internal error"),
    Kind("500.2", "snapshot_broken", 500, "快照文件缺失或已被改动", "The files of a snapshot are missing or changed"),
    Kind("500.3", "contact_unreadable", 500, "联系方式无法解密：密钥不符或内容已被改动", "A contact cannot be opened"),
    Kind("503.1", "database_away", 503, "数据库暂不可用，请稍后重试", "The database is away; try again later"),
    Kind("503.2", "boundaries_missing", 503, "尚未载入行政区边界", "No county boundaries are loaded"),
    Kind("503.3", "layer_unreadable", 503, "图层的文件无法读取", "The file of a layer cannot be read"),
    Kind("503.4", "provider_away", 503, "统一身份认证暂不可用", "The identity provider is away"),
    Kind("503.5", "store_away", 503, "照片存储暂不可用，请稍后重试", "The store of photos is away"),
    Kind("507.1", "storage_full", 507, "服务器存储空间不足", "The server's storage is full"),
)
CATALOGUE: Mapping[str, Kind] = {kind.code: kind for kind in _CATALOGUE}


class Problem(Exception):
    """A refusal that a person can act on; `extra` names the record and the field."""

    def __init__(self, code: str, detail: str = "", **extra: Any) -> None:
        self.kind = CATALOGUE[code]
        super().__init__(detail or self.kind.title_zh)
        self.detail = detail
        self.extra = extra

    def as_json(self) -> dict[str, Any]:
        return {
            "type": f"urn:xiangye:problem:{self.kind.number}",
            "title": self.kind.title_zh,
            "title_en": self.kind.title_en,
            "status": self.kind.status,
            "code": self.kind.code,
            "detail": self.detail,
            **self.extra,
        }

"""Why a whole file cannot be used: one meaning a code, Chinese first."""

from collections.abc import Mapping

UNUSABLE: Mapping[str, tuple[str, str]] = {
    "file_absent": ("文件不存在或无法读取", "the file does not exist or cannot be read"),
    "file_empty": ("文件是空的，没有任何数据行", "the file is empty"),
    "file_too_large": ("文件超过大小上限", "the file is larger than the limit"),
    "archive_broken": ("不是可读的 ZIP 压缩包", "not a readable ZIP archive"),
    "archive_empty": ("压缩包里没有任何文件", "the archive is empty"),
    "archive_unsafe": ("压缩包不安全，已拒绝", "the archive is not safe and was refused"),
    "archive_too_large": ("压缩包解开后超过上限", "the archive unpacks to more than the limit"),
    "workbook": (
        "这是 Excel 工作簿，请另存为 CSV（UTF-8）后再导入",
        "this is an Excel workbook: save it as CSV (UTF-8)",
    ),
    "meta_unreadable": ("meta.xml 无法读取", "meta.xml cannot be read"),
    "core_missing": ("压缩包里没有核心数据文件", "the archive has no core file"),
    "core_not_occurrence": (
        "核心数据不是出现记录（Occurrence）或事件（Event）",
        "the core is neither occurrences nor events",
    ),
    "encoding_unknown": ("无法识别的文本编码", "the text encoding is not known"),
    "name_column_missing": ("没有任何名称列（如 scientificName）", "no column holds a name (such as scientificName)"),
    "mapping_unknown": ("没有这个列对照表", "there is no such column mapping"),
    "mapping_broken": ("列对照表无法读取", "the column mapping cannot be read"),
}


class Unusable(ValueError):
    """The file as a whole says nothing that can be kept; `code` is one of UNUSABLE."""

    def __init__(self, code: str, detail: str = "") -> None:
        zh, en = UNUSABLE[code]
        super().__init__(f"{zh}{'：' + detail if detail else ''} ({en})")
        self.code = code
        self.detail = detail

"""What click says by itself, in Chinese: the headings of `--help`, and what was wrong with the arguments."""

import re
from collections.abc import Iterable

import click

_HEADINGS = {"Options": "选项", "Commands": "命令", "Arguments": "参数"}
_TEXTS = (
    ("Show this message and exit.", "显示这段说明"),
    ("[required]", "[必填]"),
    ("; required]", "；必填]"),
    ("[default: ", "[默认 "),
)
_TYPES = {"UUID": "编号 (UUID)", "integer": "整数", "float": "数字", "boolean": "true 或 false"}
_WORDS: tuple[tuple[str, str], ...] = (
    (r"Missing option (.+?)\.(.*)", r"缺少选项 \1\2"),
    (r"Missing argument (.+?)\.(.*)", r"缺少参数 \1\2"),
    (r"Missing parameter: (.+)", r"缺少参数 \1"),
    (r"Missing command\.", "缺少命令"),
    (r"No such option:? (.+?)\.?( Did you mean .+| \(Possible options: .+)?", r"没有选项 \1\2"),
    (r"No such command (.+?)\.( Did you mean .+)?", r"没有命令 \1\2"),
    (r"Got unexpected extra arguments? \((.+)\)", r"多出的参数：\1"),
    (r"Option (.+) requires an argument\.", r"选项 \1 后面要有值"),
    (r"Option (.+) requires (\d+) arguments\.", r"选项 \1 后面要有 \2 个值"),
    (r"Option (.+) does not take a value\.", r"选项 \1 不带值"),
    (r"Invalid value for (.+?): (.+)", r"\1：\2"),
    (r"Invalid value: (.+)", r"\1"),
    (r"(.*)(?:Path|File|Directory) (.+) does not exist\.", r"\1没有 \2 这个文件或文件夹"),
    (r"(.*)(?:Path|File) (.+) is a directory\.", r"\1\2 是文件夹，这里要文件"),
    (r"(.*)(?:Path|Directory) (.+) is a file\.", r"\1\2 是文件，这里要文件夹"),
    (r"(.*)(?:Path|File|Directory) (.+) is not (?:readable|writable|executable)\.", r"\1没有权限读写 \2"),
    (r"(.*：|)(.+?) is not one of (.+)\.", r"\1没有 \2 这个值；可用：\3"),
    (r"(.*：|)(\S+) is not in the range (.+)\.", r"\1\2 不在范围 \3 之内"),
    (r"(.*)('.*') does not match the formats? .+\.", r"\1\2 不是日期；应写成 2026-06-30 这样"),
    (r"(.*) Did you mean (.+)\?", r"\1；是否指 \2"),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in _WORDS)
_NOT_A_VALID = re.compile(r"('.*') is not a valid ([A-Za-z]+)(?: range)?\.", re.DOTALL)


class ChineseHelp(click.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or "用法：")

    def write_heading(self, heading: str) -> None:
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _text(text)) for name, text in rows], col_max, col_spacing)


def in_chinese(message: str) -> str:
    """Each pattern at most once and in order: the later ones see what the earlier ones left in English."""
    for pattern, words in _PATTERNS:
        found = pattern.fullmatch(message)
        if found is not None:
            message = found.expand(words)
    return _NOT_A_VALID.sub(lambda found: f"{found[1]} 不是{_TYPES.get(found[2], found[2])}", message)


def _text(text: str) -> str:
    for english, chinese in _TEXTS:
        text = text.replace(english, chinese)
    return text

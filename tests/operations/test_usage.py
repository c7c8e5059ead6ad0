"""Every command explains itself in Chinese, each option of it, and says in Chinese what was wrong with its arguments."""

import importlib
import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from server import usage
from server.cli import _ROOMS, run

HAN = re.compile(r"[一-鿿]")


def commands() -> Iterator[tuple[str, click.Command]]:
    for name, (module, attribute, _) in _ROOMS.items():
        yield from below(name, getattr(importlib.import_module(module), attribute))


def below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for child in command.commands.values():
            yield from below(f"{name} {child.name}", child)


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_every_command_and_option_explains_itself(name: str, command: click.Command) -> None:
    assert HAN.search(command.help or ""), name
    silent = [
        parameter.opts[0]
        for parameter in command.params
        if isinstance(parameter, click.Option) and not HAN.search(parameter.help or "")
    ]
    assert not silent, f"{name}: {silent}"


@click.command(help="试")
@click.argument("person", type=click.UUID)
@click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True, help="天数")
@click.option("--role", type=click.Choice(["ranger", "reviewer"]), required=True, help="角色")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="到哪一天")
@click.option("--file", type=click.Path(exists=True, dir_okay=False), help="文件")
def sample(**_: object) -> None: ...


ID = "01900000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "缺少参数 'PERSON'"),
        ([ID], "缺少选项 '--role'"),
        (["x", "--role", "ranger"], "'PERSON'：'x' 不是编号 (UUID)"),
        ([ID, "--role", "king"], "'--role'：没有 'king' 这个值；可用：'ranger', 'reviewer'"),
        ([ID, "--role", "ranger", "--days", "999"], "'--days'：999 不在范围 1<=x<=365 之内"),
        ([ID, "--role", "ranger", "--days", "two"], "'--days'：'two' 不是整数"),
        ([ID, "--role", "ranger", "--until", "soon"], "'--until'：'soon' 不是日期；应写成 2026-06-30 这样"),
        ([ID, "--role", "ranger", "--file", "/nowhere"], "'--file'：没有 '/nowhere' 这个文件或文件夹"),
        ([ID, "--role", "ranger", "--file", "/"], "'--file'：'/' 是文件夹，这里要文件"),
        ([ID, "--role", "ranger", "--wings"], "没有选项 '--wings'"),
        ([ID, "--role"], "选项 '--role' 后面要有值"),
        ([ID, "more", "--role", "ranger"], "多出的参数：more"),
    ],
)
def test_what_is_wrong_with_the_arguments_is_said_in_chinese(argv: list[str], words: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        sample.main(argv, standalone_mode=False)
    assert usage.in_chinese(caught.value.format_message()).startswith(words)


def test_an_unknown_command_hears_which_may_be_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("account", ["lisst"]) == 2
    told = capsys.readouterr().err
    assert "用法：xiangye account" in told
    assert "没有命令 'lisst'；是否指 'list'" in told


def test_the_help_itself_is_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.Context, "formatter_class", usage.ChineseHelp)
    told = CliRunner().invoke(sample, ["--help"]).output
    for words in ("用法：", "选项:", "显示这段说明", "[必填]", "[默认 90; 1<=x<=365]"):
        assert words in told

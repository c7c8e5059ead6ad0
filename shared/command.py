"""`xiangye …`: finds who offers a command. Server and tablet register theirs, since neither may know the other."""

import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Protocol, cast

from shared import __version__

GROUP = "xiangye.commands"


class CommandRoom(Protocol):
    """A module that offers commands: their names with a line of help, and how to run one."""

    COMMANDS: Mapping[str, str]

    def run(self, name: str, argv: list[str]) -> int: ...


def main() -> None:
    sys.exit(dispatch(sys.argv[1:]))


def dispatch(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if argv[0] == "--version":
        print(f"xiangye {__version__}")
        return 0
    for room in _rooms():
        if argv[0] in room.COMMANDS:
            return room.run(argv[0], argv[1:])
    print(f"xiangye: 没有名为 {argv[0]!r} 的命令 (no such command); xiangye --help 列出全部命令", file=sys.stderr)
    return 2


def _rooms() -> Iterator[CommandRoom]:
    """A room whose libraries are not installed (a tablet has no server) offers nothing."""
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        try:
            yield cast(CommandRoom, entry.load())
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.split(".")[0] in ("server", "mobile", "shared"):
                raise


def _overview() -> str:
    lines = ["湘野 Xiangye: 湖南生物多样性的记录、同步与汇编", "", "xiangye 命令 [参数]   (每个命令都有 --help)", ""]
    commands = {name: text for room in _rooms() for name, text in room.COMMANDS.items()}
    return "\n".join(lines + [f"  {name:<13} {text}" for name, text in sorted(commands.items())])

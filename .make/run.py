"""Runs one target of the Makefile: takes the turn, gets ready what is missing, then starts the command.

    python3 .make/run.py LABEL NEEDS [--fonts] [--let-go] -- COMMAND …

NEEDS is base, window, test or model. --let-go: the command runs for long, others need not wait for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = (3, 11), (3, 13)


def main(argv: list[str]) -> int:
    _choose_interpreter(argv)
    from words import Stop

    options, command = argv[: argv.index("--")], argv[argv.index("--") + 1 :]
    label, group = options[:2]
    try:
        return _run(label, group, set(options[2:]), command)
    except Stop as stop:
        print(f"make {label}: {stop.what}\n  → {stop.advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nmake {label}: 已中断，再次运行会接着做 (interrupted; run it again to go on)", file=sys.stderr)
        return 130


def _run(label: str, group: str, options: set[str], command: list[str]) -> int:
    import turn

    var = Path(os.environ.get("XIANGYE_VAR") or ROOT / "var").resolve()
    # Measured: the environment of the demo takes 560 MB, that of the tests 880 MB, a cluster 70 MB.
    turn.prepare_var(var, 300 if (ROOT / ".venv").exists() else 1500)
    with turn.taken(var, label):
        _get_ready(var, group, options)
        if "--let-go" not in options:
            return _start(command)
    return _start(command)


def _get_ready(var: Path, group: str, options: set[str]) -> None:
    import python_packages
    import system

    for name in ("kivy", "matplotlib", "log"):
        (var / name).mkdir(exist_ok=True)
    log = var / "log" / "setup.log"
    system.ensure(group, log)
    everything = group in ("test", "model")
    locks = ["requirements-dev.txt"] if everything else ["requirements-server.txt", "requirements-mobile.txt"]
    python_packages.ensure(ROOT, locks, log)
    if "--fonts" in options:
        subset = subprocess.run(
            [str(ROOT / ".venv/bin/python"), str(ROOT / ".make/fonts.py"), str(var / "fonts")], check=False
        )
        if subset.returncode != 0:
            sys.exit(subset.returncode)


def _start(command: list[str]) -> int:
    """The command stands in the same terminal group: Ctrl-C reaches it, and we wait for its own goodbye."""
    process = subprocess.Popen(command)
    while True:
        try:
            return _exit_code(process.wait())
        except KeyboardInterrupt:
            continue


def _exit_code(code: int) -> int:
    return 128 - code if code < 0 else code


def _choose_interpreter(argv: list[str]) -> None:
    """`python3` may be too old or too new; another one beside it will do."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, os.path.abspath(__file__), *argv])
    here = ".".join(map(str, sys.version_info[:3]))
    print(
        f"需要 Python 3.11–3.13，这里是 {here} (Python 3.11 to 3.13 is needed, this is {here})\n"
        "  → 安装其中之一，并用 make PYTHON=python3.12 … 指定 (install one of them and name it)",
        file=sys.stderr,
    )
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`make bench`: every figure of speed and size, beside its goal. `python -m tests.benchmarks [NAME …] [--json FILE]`."""

import argparse
import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.measure import Result

_HERE = Path(__file__).parent


def names() -> list[str]:
    return sorted(path.stem for path in _HERE.glob("*.py") if path.stem not in ("__init__", "__main__", "measure"))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: {' '.join(names())}")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.names) - set(names()))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(names())}")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
    results = [result for name in options.names or names() for result in _run(name)]
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in results], ensure_ascii=False, indent=1) + "\n")
    missed = [one.name for one in results if not one.met]
    if missed:
        print(f"goals missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def _run(name: str) -> list[Result]:
    found = []
    for result in importlib.import_module(f"tests.benchmarks.{name}").cases():
        print(_line(name, result), flush=True)
        found.append(result)
    return found


def _line(name: str, result: Result) -> str:
    goal = f"  goal {result.goal.words()} {'met' if result.met else 'MISSED'}" if result.goal else ""
    spread = f"({result.lowest:.3g}–{result.highest:.3g})"
    note = f"  {result.note}" if result.note else ""
    return f"{name}: {result.name}: {result.figure:.3g} {result.unit} {spread}{goal}{note}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

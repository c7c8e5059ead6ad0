"""What may run on a tablet: the standard library, shared, Kivy, requests, marshmallow and what these bring along."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = ("kivy", "requests", "marshmallow")
COMPUTER_ONLY = {"cryptography", "PIL"}
"""In mobile/device/desktop_* and fake_* alone, where a computer stands for a tablet."""


def imports_of(path: Path) -> Iterator[str]:
    """Every module that the file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def file_of(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def reachable(start: Path) -> tuple[set[Path], set[str]]:
    """(files of this project, top-level names of everything else) that are reached by import."""
    seen, foreign, queue = set(), set(), [start]
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in imports_of(path):
            top = module.split(".")[0]
            if top in ("mobile", "shared", "server", "tests"):
                parts = module.split(".")
                names = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
                queue += [found for found in map(file_of, names) if found is not None]
            else:
                foreign.add(top)
    return seen, foreign


def allowed_distributions() -> set[str]:
    found, queue = set(), list(ALLOWED)
    while queue:
        name = queue.pop().lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        try:
            needs = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            continue
        queue += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found


def test_everything_reachable_from_main_may_be_on_a_tablet() -> None:
    files, foreign = reachable(ROOT / "mobile" / "main.py")
    inside = {path.relative_to(ROOT).parts[0] for path in files}
    assert inside <= {"mobile", "shared"}, inside
    names = {path.relative_to(ROOT).as_posix() for path in files}
    assert {
        "mobile/wiring.py",
        "mobile/sync/uploads.py",
        "mobile/presenters/home.py",
        "shared/wire/envelope.py",
    } <= names
    owners = packages_distributions()
    allowed = allowed_distributions()
    foreign -= COMPUTER_ONLY
    strangers = {
        name
        for name in foreign - sys.stdlib_module_names
        if not {owner.lower().replace("_", "-") for owner in owners.get(name, ["?"])} <= allowed
    }
    assert strangers == set()


def test_what_a_computer_needs_stays_with_its_own_devices() -> None:
    users = {
        path.name
        for path in (ROOT / "mobile").rglob("*.py")
        if COMPUTER_ONLY & {m.split(".")[0] for m in imports_of(path)}
    }
    assert users == {"desktop_key.py", "desktop_pictures.py", "desktop_sealing.py", "desktop_signatures.py"}


def test_a_stranger_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("def later():\n    from sqlalchemy import select\n    import server.db\n")
    files, foreign = reachable(tmp_path / "main.py")
    assert "sqlalchemy" in foreign and ROOT / "server" / "db.py" in files


def test_no_module_bears_the_name_of_a_standard_one() -> None:
    modules = [path for path in (ROOT / "mobile").rglob("*.py") if path.name != "__init__.py"]
    assert len(modules) > 50
    assert [str(path) for path in modules if path.stem in sys.stdlib_module_names] == []
    packages = {path.parent.name for path in (ROOT / "mobile").rglob("__init__.py")} - {"mobile"}
    assert packages & sys.stdlib_module_names == set()


def test_only_the_window_knows_kivy_and_presenters_know_no_window() -> None:
    for path in (ROOT / "mobile").rglob("*.py"):
        room = path.relative_to(ROOT / "mobile").parts[0]
        tops = {module.split(".")[0] for module in imports_of(path)}
        if room != "ui":
            assert "kivy" not in tops, path
        if room in ("presenters", "capture", "store", "sync"):
            assert not any(module.startswith("mobile.ui") for module in imports_of(path)), path
    assert len((ROOT / "mobile" / "main.py").read_text().splitlines()) <= 12

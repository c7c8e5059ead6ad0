"""What is packed, installed and pinned."""

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

import shared
from tests.house.tree import ROOMS, ROOT, files, module_name, modules, project

LOCKS = ("requirements-dev.txt", "requirements-server.txt", "requirements-mobile.txt")


def pins(lock: str) -> dict[str, list[str]]:
    """Requirement line (name==version and marker) → its hashes."""
    found: dict[str, list[str]] = {}
    current = ""
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            current = line.rstrip(" \\")
            found[current] = []
        elif line.strip().startswith("--hash="):
            found[current].append(line.strip(" \\"))
        else:
            assert not line.strip() or line.strip().startswith("#"), f"{lock}: an option no lock may carry: {line}"
    return found


def test_the_package_list_is_the_tree() -> None:
    tree = {module_name(path) for path in modules(*ROOMS) if path.name == "__init__.py"}
    assert sorted(project()["tool"]["setuptools"]["packages"]) == sorted(tree)


def test_every_folder_of_modules_is_a_package() -> None:
    bare = {path.parent for path in modules(*ROOMS) if not (path.parent / "__init__.py").exists()}
    assert not bare


def test_shared_is_ours() -> None:
    assert shared.__file__ is not None
    assert Path(shared.__file__).is_relative_to(ROOT)


def test_nothing_installed_takes_our_names() -> None:
    ours = {*ROOMS, "tests", "species_lists"}
    for distribution in metadata.distributions():
        if distribution.metadata["Name"] == "xiangye":
            continue
        tops = {path.parts[0] for path in distribution.files or [] if path.suffix == ".py"}
        assert not ours & tops, f"{distribution.metadata['Name']} installs {ours & tops}"


def test_no_module_of_the_tablet_bears_a_standard_name() -> None:
    """On Android a file of this name beside main.py would stand before the standard library's."""
    named = {path.stem for path in modules("mobile")} | {path.parent.name for path in modules("mobile")}
    assert not named & (sys.stdlib_module_names - {"__main__"})


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_whole(lock: str) -> None:
    found = pins(lock)
    assert len(found) > 10
    for requirement, hashes in found.items():
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,-]+\])?==[^ ]+( ; .+)?$", requirement), requirement
        assert hashes, f"{lock}: {requirement} has no hash"


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_the_smaller_locks_are_parts_of_the_whole(lock: str) -> None:
    whole = {requirement.partition(" ")[0]: hashes for requirement, hashes in pins(LOCKS[0]).items()}
    for requirement, hashes in pins(lock).items():
        assert whole.get(requirement.partition(" ")[0]) == hashes, requirement


def test_what_is_declared_is_pinned() -> None:
    """pyproject.toml changed without `make lock` is seen here."""
    declared = [*project()["project"]["dependencies"]]
    for extra in project()["project"]["optional-dependencies"].values():
        declared += extra
    pinned = {re.split(r"[\[=]", requirement)[0] for requirement in pins(LOCKS[0])}
    for requirement in declared:
        name = re.split(r"[\[<>=!~ ]", requirement)[0].lower()
        assert name in pinned, f"{requirement}: run make lock"


def test_no_file_names_a_package_registry() -> None:
    hosts = [
        ".".join(parts)
        for parts in (("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"), ("crates", "io"))
    ]
    named = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in files()
        for text in [path.read_bytes()]
        for host in hosts
        if host.encode() in text
    ]
    assert not named


def test_the_commands_are_offered() -> None:
    offered = {entry.name: entry.value for entry in metadata.entry_points(group="xiangye.commands")}
    assert offered == {"server": "server.cli", "mobile": "mobile.cli"}

"""The guides speak the truth: what they name exists, what they link to is there, what exists is named."""

import re
from pathlib import Path

import pytest

from shared.command import dispatch
from tests.house.test_make import TARGETS
from tests.house.tree import ROOT, files

GUIDES = [path for path in files() if path.suffix == ".md" and not path.is_relative_to(ROOT / "tests")]
TOP_LEVEL = {
    "server", "mobile", "shared", "species_lists", "tests", "pyproject.toml", "README.md", "Makefile", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md",
    "compose.yaml", "requirements-dev.txt", "requirements-server.txt", "requirements-mobile.txt",
}  # fmt: skip
WRITTEN = ("var/", ".venv/", "DIR/")  # made by the program, not part of a clone


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_top_level_holds_what_it_may() -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in files()}
    assert {top for top in tops if not top.startswith(".")} <= TOP_LEVEL


@pytest.mark.parametrize("guide", GUIDES, ids=name)
def test_links_lead_somewhere(guide: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text(encoding="utf-8"))
    assert not [link for link in links if not (guide.parent / link).exists()]


@pytest.mark.parametrize("guide", GUIDES, ids=name)
def test_named_paths_exist(guide: Path) -> None:
    """Words in code marks that look like paths are, from the guide's folder or the root; `ui/` alone is any room of that name."""
    words = re.findall(
        r"`([\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|md|csv|json|toml|txt|sql|html)))`", guide.read_text(encoding="utf-8")
    )
    paths = [
        word
        for word in words
        if "/" in word and not word.startswith(WRITTEN) and "NNNN" not in word and "NAME" not in word
    ]
    around = [guide.parent, guide.parent.parent, ROOT]
    rooms = {parent.name + "/" for path in files() for parent in path.parents}
    missing = [word for word in paths if word not in rooms and not any((folder / word).exists() for folder in around)]
    assert not missing


@pytest.mark.parametrize("guide", GUIDES, ids=name)
def test_make_targets_exist(guide: Path) -> None:
    named = re.findall(r"(?:^ {4}|`)make ([a-z][a-z-]*)", guide.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= set(TARGETS)


@pytest.mark.thorough
def test_every_command_in_the_guides_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    """`xiangye batch 1` and the like are the first lines of what is signed."""
    calls = set()
    for guide in GUIDES:
        for match in re.finditer(
            r"(?:^ {4}|`)xiangye (?!(?:[a-z]+ )+1\b)([a-z][a-z-]*)(?: ([a-z][a-z-]*)\b(?!\.))?",
            guide.read_text(encoding="utf-8"),
            re.MULTILINE,
        ):
            calls.add(tuple(word for word in match.groups() if word))
    assert len(calls) >= 12
    wrong = []
    for call in sorted(calls):
        try:
            code: object = dispatch([*call, "--help"])
        except SystemExit as ended:  # the tablet's own parser ends so
            code = ended.code
        if code not in (0, None):
            wrong.append((call, capsys.readouterr().err[-200:]))
    assert not wrong


def test_the_readme_explains_every_room_and_both_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for word in (
        "`shared/`",
        "`mobile/`",
        "`server/`",
        "`species_lists/`",
        "`tests/`",
        "`.make/`",
        "make demo",
        "make test",
        "Apache-2.0",
        "Glossary",
    ):
        assert word in readme


def test_pictures_are_small_and_shown() -> None:
    guides = "".join(guide.read_text(encoding="utf-8") for guide in GUIDES)
    pictures = [path for path in files() if path.suffix == ".png" and "pictures" in path.parts]
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < 300_000, name(picture)
    assert any(f"{name(picture)})" in guides for picture in pictures)


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text

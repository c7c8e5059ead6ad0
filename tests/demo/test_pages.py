"""The demo's reports as a reader meets them: the checker's complaints, a phone's and a desk's width, and paper."""

import base64
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.demo.conftest import REPORTS, Demo, processes_of
from tests.demo.reading import column, tables
from tests.reporting.report_checker import check, read

pytestmark = pytest.mark.xdist_group("demo")
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    profile = Path(tempfile.mkdtemp(prefix="xiangye-browser-"))
    options = Options()
    options.binary_location = CHROMIUM
    for flag in (*QUIET, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield opened
    finally:
        opened.quit()
        left = processes_of(profile)
        shutil.rmtree(profile, ignore_errors=True)
    assert left == []


def show(browser: webdriver.Chrome, page: Path, width: int) -> None:
    """At a width that a window could not have: below 500 pixels only the device itself is narrow."""
    facts = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", facts)
    browser.get(page.as_uri())
    browser.execute_async_script("const done = arguments[0]; document.fonts.ready.then(() => done())")


@pytest.mark.parametrize("name", REPORTS)
def test_the_checker_has_nothing_to_say(demo: Demo, name: str) -> None:
    page = (demo.first / name / "report.html").read_text(encoding="utf-8")
    assert check(page) == []


@pytest.mark.parametrize("name", REPORTS)
def test_one_count_of_species_everywhere(demo: Demo, name: str) -> None:
    told = tables(demo.first / name)
    page = read((demo.first / name / "report.html").read_text(encoding="utf-8"))
    listed = len(told["checklist"]["rows"])
    total = told["composition"]["rows"][-1][
        [one["key"] for one in told["composition"]["columns"]].index("now" if name == "assessment" else "species")
    ]
    assert set(page.counts["species"]) == {str(listed)} == {total}
    assert len(page.counts["species"]) >= 4
    assert len(set(column(told["checklist"], "scientific_name"))) == listed


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", REPORTS)
def test_on_a_screen(demo: Demo, browser: webdriver.Chrome, name: str, width: int) -> None:
    show(browser, demo.first / name / "report.html", width)
    seen: dict[str, Any] = browser.execute_script(
        """
        const root = document.documentElement, images = [...document.images];
        const wide = [...document.querySelectorAll('body *')].filter(
            one => !one.closest('.scroll') && one.getBoundingClientRect().right > root.clientWidth + 1);
        return {
            client: root.clientWidth, scroll: root.scrollWidth, wide: wide.slice(0, 5).map(one => one.tagName + '.' + one.className),
            images: images.length, broken: images.filter(one => !one.complete || one.naturalWidth === 0).length,
            faces: [...document.fonts].map(one => one.family + ' ' + one.weight + ' ' + one.status),
            family: getComputedStyle(document.body).fontFamily, text: document.body.innerText.length,
        }"""
    )
    assert width - 20 <= seen["client"] <= width, "but for the bar that scrolls it"
    assert seen["scroll"] <= seen["client"], seen["wide"]
    assert seen["broken"] == 0 and (seen["images"] >= 5 or name == "assessment")
    assert len(seen["faces"]) == 2 and all(face.endswith("loaded") for face in seen["faces"]), seen["faces"]
    assert seen["faces"][0].split(" ")[0].strip('"') in seen["family"]
    assert seen["text"] > 5000
    said = [one for one in browser.get_log("browser") if one["level"] in ("SEVERE", "WARNING")]
    assert said == []


@pytest.mark.parametrize("name", REPORTS)
def test_on_paper(demo: Demo, browser: webdriver.Chrome, tmp_path: Path, name: str) -> None:
    show(browser, demo.first / name / "report.html", 1280)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    paper = tmp_path / "report.pdf"
    paper.write_bytes(base64.b64decode(printed["data"]))
    assert paper.read_bytes().startswith(b"%PDF-")
    assert paper.read_bytes().count(b"/Type /Page\n") > 5
    program = shutil.which("pdftotext")
    if program:
        text = subprocess.run(
            [program, str(paper), "-"], capture_output=True, text=True, encoding="utf-8", check=True
        ).stdout
        assert text.count("\f") > 5
        for words in ("演示数据", "物种名录", "Manis pentadactyla", "数据版本与校验"):
            assert words in text

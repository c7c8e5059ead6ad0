"""Both editions of one assessment, made once: from fakes, without a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.assessments.assessment import Assessment
from server.assessments.build import build
from server.assessments.period import Period
from server.assessments.service import assessments, render
from server.baselines.edition import EDITIONS
from server.reporting.document import Report, Table
from server.settings import Settings
from tests.assessments.fakes import snapshot, two_periods
from tests.reporting.report_checker import Page, read


@dataclass(frozen=True)
class Made:
    assessment: Assessment
    report: Report
    files: Mapping[str, bytes]
    page: Page

    @property
    def html(self) -> str:
        return self.files["report.html"].decode()

    def table(self, name: str) -> Table:
        return next(table for table in self.report.tables() if table.name == name)

    def rows(self, name: str) -> dict[str, list[str]]:
        """As printed, by the first cell."""
        return {row[0]: row[1:] for row in self.page.plates[name].rows}


def make(one: Assessment) -> Made:
    report = build(one)
    files = render(one, report)
    return Made(one, report, files, read(files["report.html"].decode()))


@pytest.fixture(scope="session")
def editions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    settings = Settings(var_dir=Path(tmp_path_factory.mktemp("var")))
    drafts = assessments(snapshot(two_periods()), Period(2021, 2025), settings)
    return {code: make(one) for code, one in drafts.items()}


@pytest.fixture(params=sorted(EDITIONS))
def made(request: pytest.FixtureRequest, editions: dict[str, Made]) -> Made:
    return editions[request.param]

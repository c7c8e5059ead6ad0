"""Both editions of one report, made once: from fakes, without a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.baselines.build import build
from server.baselines.draft import Draft
from server.baselines.edition import EDITIONS
from server.baselines.service import render
from server.baselines.study import make_study
from server.baselines.survey_profile import load_profile
from server.reporting.document import Report
from server.settings import Settings
from tests.baselines.fakes import field_day, snapshot
from tests.reporting.report_checker import Page, read


@dataclass(frozen=True)
class Made:
    draft: Draft
    report: Report
    files: Mapping[str, bytes]
    page: Page

    @property
    def html(self) -> str:
        return self.files["report.html"].decode()


@pytest.fixture(scope="session")
def editions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    settings = Settings(var_dir=Path(tmp_path_factory.mktemp("var")))
    study, made = make_study(snapshot(field_day().records)), {}
    for code, edition in EDITIONS.items():
        draft = Draft(study, edition, load_profile(), settings)
        report = build(draft)
        files = render(draft, report)
        made[code] = Made(draft, report, files, read(files["report.html"].decode()))
    return made


@pytest.fixture(params=sorted(EDITIONS))
def made(request: pytest.FixtureRequest, editions: dict[str, Made]) -> Made:
    return editions[request.param]

"""Generated requests over the whole OpenAPI document, as three kinds of callers: no fault of the server, no door that asks for nobody."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from server import db
from server.settings import Settings
from tests.conftest import clone
from tests.matrix.world import World, make
from tests.people import person, token_for
from tests.serving import Live, serving

pytestmark = pytest.mark.xdist_group("openapi")
SEED = "20251127"
MORE = os.environ.get("XIANGYE_EXAMPLES")
EXAMPLES = MORE or "3"
PHASES = "coverage,fuzzing,stateful" if MORE else "fuzzing,stateful"
FAIR = ("2xx", "3xx", "400", "401", "403", "404", "409", "410", "412", "413", "422", "429")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@pytest.fixture(scope="module")
def served(
    private_cluster: object, reference_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Live, World, Settings]]:
    with clone(private_cluster, reference_template, f"o_{uuid4().hex[:12]}") as made:  # type: ignore[arg-type]
        settings = replace(made, var_dir=tmp_path_factory.mktemp("openapi"))
        with serving(settings) as live, db.open_session(settings) as session:
            world = make(session, settings)
            session.commit()
            yield live, world, settings


def credential(role: str, world: World, settings: Settings) -> str:
    if role == "device":
        return world.headers["device"]["Authorization"]
    with db.open_session(settings) as session:
        return f"Bearer {token_for(session, person(session, role))}"


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["reviewer", "province_admin", "device"])
def test_no_generated_request_finds_a_fault(
    served: tuple[Live, World, Settings], role: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "werkzeug")
    live, world, settings = served
    run = subprocess.run(
        [
            SCHEMATHESIS,
            "run",
            f"{live.url}/v1/openapi.json",
            *("--header", f"Authorization: {credential(role, world, settings)}"),
            *("--checks", "all", "--phases", PHASES, "--max-examples", EXAMPLES, "--seed", SEED),
            *("--continue-on-failure", "--warnings", "off", "--no-color"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=7200 if MORE else 600,
        cwd=_with_settings(tmp_path),
    )
    assert run.returncode == 0, run.stdout[-6000:]
    tested = re.search(r"Tested: (\d+)", run.stdout)
    assert tested and int(tested[1]) > 60, run.stdout[-2000:]


def _with_settings(folder: Path) -> Path:
    """What a schema cannot say is no fault: a page mark that we did not give out, two fields that must agree."""
    statuses = ", ".join(f'"{status}"' for status in FAIR)
    (folder / "schemathesis.toml").write_text(f"[checks.positive_data_acceptance]\nexpected-statuses = [{statuses}]\n")
    return folder

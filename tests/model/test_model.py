"""T8, T9, T10: the code ends where the model ends. `make model` explores the model and replays 1,000 traces; these few were kept of them."""

import json
from pathlib import Path

from sqlalchemy.orm import Session

from tests.admitting import set_up
from tests.model.replay import replay

KEPT = json.loads(Path(__file__).with_name("traces.json").read_text(encoding="utf-8"))


def test_kept_traces_of_the_model_end_in_its_state_on_the_real_code(reference: Session, tmp_path: Path) -> None:
    set_up(reference)
    for seed, trace in KEPT.items():
        assert replay(reference, tmp_path / seed, trace) == trace[-1], f"the trace of seed {seed}"

"""A report whose provenance was rewritten is told in words; that a true one holds is tested where reports are compiled."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.reporting.publication import PROVENANCE
from server.settings import Settings
from server.verifying import verify_report
from shared.problems import Problem
from tests.admitting import CLOCK

ASKED = {"counties": ["431022"], "as_of": "2025-06-30", "edition": "public", "period": "2021-2025"}
WHOLE = {"snapshot": "baseline-20250630-000000000000", "software": "", "parameters": ASKED, "files": {}, "tables": {}}


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        (None, "没有可读的"),
        ([], "不是本系统写的"),
        (7, "不是本系统写的"),
        ({"snapshot": ""}, "缺少 files、parameters、software、tables"),
        ({**WHOLE, "parameters": []}, "parameters 不是本系统写的"),
        ({**WHOLE, "parameters": {}}, "parameters 不是本系统写的"),
        ({**WHOLE, "parameters": {**ASKED, "as_of": "昨天"}}, "parameters 不是本系统写的"),
        ({**WHOLE, "parameters": {**ASKED, "counties": [431022]}}, "parameters 不是本系统写的"),
        ({**WHOLE, "snapshot": 5}, "parameters 不是本系统写的"),
        (WHOLE, "没有"),
    ],
)
def test_a_provenance_that_was_rewritten_is_refused_in_words(
    session: Session, tmp_path: Path, proof: Any, words: str
) -> None:
    if proof is not None:
        (tmp_path / PROVENANCE).write_text(json.dumps(proof), encoding="utf-8")
    with pytest.raises(Problem, match=words):
        verify_report(Settings(var_dir=tmp_path), session, LOCAL_OPERATOR, CLOCK, tmp_path)

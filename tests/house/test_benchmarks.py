"""The harness of `make bench`: ratios the right way round, goals that can be missed, and every benchmark can be named."""

import json
import time
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.measure import Goal, Result, compare, figure, percentile


def test_a_slower_peer_gives_a_ratio_above_one() -> None:
    (result,) = compare("waiting", lambda: time.sleep(0.001), {"longer": lambda: time.sleep(0.02)}, rounds=3)
    assert result.figure > 2
    assert result.lowest <= result.figure <= result.highest
    assert result.name == "waiting / longer"


def test_the_first_call_is_not_counted() -> None:
    calls: list[float] = []

    def ours() -> None:
        calls.append(0.05 if not calls else 0.001)
        time.sleep(calls[-1])

    (result,) = compare("cold", ours, {"steady": lambda: time.sleep(0.001)}, rounds=3)
    assert len(calls) == 4
    assert result.figure > 0.1


def test_goals_are_met_and_missed() -> None:
    assert Goal(at_least=20).met(20.0) and not Goal(at_least=20).met(19.9)
    assert Goal(at_most=2).met(2.0) and not Goal(at_most=2).met(2.1)
    assert figure("size", [1.0, 3.0, 2.0], "MB", Goal(at_most=2)).met
    assert not figure("size", [1.0, 3.0, 2.5], "MB", Goal(at_most=2)).met


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(100)]
    assert percentile(values, 0.99) == 99.0
    assert percentile(values, 0.5) == 50.0
    assert percentile([7.0], 0.99) == 7.0


def test_a_missed_goal_fails_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missed = Result("slow thing", 1.0, "×", 0.9, 1.1, Goal(at_least=20))
    monkeypatch.setattr(bench, "names", lambda: ["slowness"])
    monkeypatch.setattr(bench, "_run", lambda name: [missed])
    written = tmp_path / "figures.json"
    assert bench.main(["slowness", "--json", str(written)]) == 1
    assert [one["name"] for one in json.loads(written.read_text())] == ["slow thing"]


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        bench.main(["no-such-thing"])
    assert stopped.value.code == 2
    assert "no-such-thing" in capsys.readouterr().err

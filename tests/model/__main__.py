"""`make model`: explores the model wholly, then each mutant until it fails, then makes traces and replays them."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.model.replay import replay_all
from tests.model.traces import MODEL, walks

MUTANTS = (
    "DELETE_BEFORE_RECEIPT",
    "RECEIPT_BEFORE_COMMIT",
    "RETRY_WITHOUT_ID",
    "UPSERT",
    "NO_DIGEST_CHECK",
    "STATION_FREES",
    "BACKLOG_FORGOTTEN",
)
TRACES = int(os.environ.get("TRACES") or 1_000)


def explore(folder: Path, *defines: str) -> str:
    flags = [f"-D{name}" for name in defines]
    subprocess.run(["spin", *flags, "-a", str(MODEL)], cwd=folder, check=True, capture_output=True)
    build = ["gcc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=7000", "-o", "pan", "pan.c"]
    subprocess.run(build, cwd=folder, check=True)
    run = subprocess.run(["./pan", "-m1000000"], cwd=folder, check=True, capture_output=True, text=True, timeout=600)
    return run.stdout


def violation(folder: Path, mutant: str) -> str:
    """The named steps of a counterexample and the assertion at its end; nothing where the mutant was not found."""
    if "errors: 1" not in explore(folder, mutant):
        return ""
    trail = ["spin", f"-D{mutant}", "-t", "-k", "sync.pml.trail", str(MODEL)]
    told = subprocess.run(trail, cwd=folder, check=False, capture_output=True, text=True).stdout
    steps = re.findall(r"STEP (.+)", told)[-8:]
    broken = re.search(r"text of failed assertion: (.+)", told)
    return f"… {'; '.join(steps)} → {broken[1] if broken else '?'}" if steps else ""


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = explore(folder)
        wanted = (
            r"State-vector|errors:|states, stored|transitions|total actual memory|elapsed|depth limit|not completed"
        )
        print("\n".join(line.strip() for line in told.splitlines() if re.search(wanted, line)), flush=True)
        whole = "errors: 0" in told and "max search depth too small" not in told and "not completed" not in told
        print("无违例 no violation" if whole else "模型有违例或未走完 VIOLATION OR INCOMPLETE", flush=True)
        missed = []
        for mutant in MUTANTS:
            found = violation(folder, mutant)
            print(f"{mutant}: {found or 'NOT FOUND'}", flush=True)
            missed += [] if found else [mutant]
    differing = replay_all(walks(TRACES))
    print(f"{TRACES} 条轨迹重放，{len(differing)} 条终态不同 traces replayed, ended otherwise: {differing}")
    return 0 if whole and not missed and not differing else 1


if __name__ == "__main__":
    sys.exit(main())

"""One photo decoded in a process of its own, so that what it took, and what its child took, can be told exactly."""

import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from server.media.decoding import decode
from tests.house.tree import ROOT


def measured(photo: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.measuring", str(photo)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _own_peak_kb() -> int:
    """Since this program began: the other way of asking counts what its own parent took."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", told)[0])


def _main(path: str) -> None:
    begun = time.perf_counter()
    told = decode(Path(path).read_bytes())
    of_child = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "problem": told.problem,
                "position": told.position,
                "renditions": [[made.width_px, made.height_px, made.jpeg.hex()] for made in told.renditions],
                "seconds": time.perf_counter() - begun,
                "child_cpu_seconds": of_child.ru_utime + of_child.ru_stime,
                "child_mb": of_child.ru_maxrss / 1024,
                "parent_mb": _own_peak_kb() / 1024,
            }
        )
    )


if __name__ == "__main__":
    _main(sys.argv[1])

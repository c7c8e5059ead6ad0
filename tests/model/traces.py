"""Random walks through the model, as the lines that its steps print."""

import itertools
import random
import re
import subprocess
import tempfile
from pathlib import Path

MODEL = Path(__file__).with_name("sync.pml")
_GROUPS = {"EACH": ("0", "1", "2", "3"), "BATCHES": ("0, 1", "0, 2", "0, 3", "1, 4", "1, 8", "1, 12")}


def simulate(seed: int) -> list[str]:
    """Spin scans the choices in a circle and takes the next open one; shuffled copies of them make every step likely."""
    head, choices, tail = re.split(r"(?<=    do\n)|(?=    :: saved == 15 -> break)", MODEL.read_text(encoding="utf-8"))
    shuffled = _single(choices.replace("#ifdef WALK\n", "")) * 4
    random.Random(seed).shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        walk = Path(folder, "walk.pml")
        walk.write_text(head + "\n".join(shuffled) + "\n#ifdef WALK\n" + tail, encoding="utf-8")
        run = ["spin", f"-n{seed}", "-DWALK", "-B", "-u20000", walk.name]
        told = subprocess.run(run, cwd=folder, check=True, capture_output=True, text=True).stdout
    return [line.strip().removeprefix("STEP ") for line in told.splitlines() if re.match(r"\s*(STEP|END) ", line)]


def walks(count: int) -> dict[int, list[str]]:
    """The first so many seeds whose walk ends by itself, each with its trace; a walk in circles is cut by Spin and passed over."""
    traces = ((seed, simulate(seed)) for seed in itertools.count())
    return dict(itertools.islice(((seed, trace) for seed, trace in traces if trace[-1].startswith("END")), count))


def _single(choices: str) -> list[str]:
    for group, members in _GROUPS.items():
        for step in re.findall(rf"{group}\((\w+)\)", choices):
            choices = choices.replace(f"{group}({step})", "\n".join(f"{step}({one})" for one in members) + "\n")
    choices = re.sub(r"\) (?=ADD|CRASH|FAILED)", ")\n", choices)
    return [line for line in choices.splitlines() if line.strip()]

"""A tablet that says aloud what its screen has confirmed as saved: one line of id and digest each, after the fact.

python -m tests.faults.recorder DATA SCRIPT
"""

import sys
from pathlib import Path

from mobile.device.desktop import desktop_device
from mobile.device.desktop_clock import ScriptedClock
from mobile.device.desktop_location import ScriptedLocation
from mobile.script.player import Player
from mobile.script.read import read_script
from mobile.wiring import build


def record(data: Path, script: Path) -> None:
    clock, location = ScriptedClock(), ScriptedLocation()
    app = build(data, desktop_device(data, photos=script.parent, clock=clock, location=location))
    player = Player(app, clock, location, script.parent, None)
    seen = app.store.outbox.total()
    for step in read_script(script):
        player.play(step)
        for row in app.store.database.rows("SELECT record_id, digest FROM record WHERE seq > ? ORDER BY seq", (seen,)):
            print(row["record_id"], row["digest"], flush=True)
        seen = app.store.outbox.total()
    app.close()


if __name__ == "__main__":
    record(Path(sys.argv[1]), Path(sys.argv[2]))

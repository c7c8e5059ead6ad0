"""SeaweedFS as a process of its own on loopback: a real S3 service, from its own wheel."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from server.settings import Bucket

WEED = Path(sys.executable).with_name("weed")
_PATIENCE_S = 30


@contextlib.contextmanager
def seaweed(home: Path) -> Iterator[Bucket]:
    """A bucket that takes files when this is entered."""
    who = {"name": "x", "credentials": [{"accessKey": "key", "secretKey": "secret"}], "actions": ["Admin"]}
    home.mkdir(parents=True, exist_ok=True)
    (home / "s3.json").write_text(json.dumps({"identities": [who]}))
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    bucket = Bucket("photos", "xiangye", f"http://127.0.0.1:{ports['s3.port']}", "key", "secret")
    command = [str(WEED), "server", *(f"-{name}={port}" for name, port in ports.items()), *_options(home)]
    with (home / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=home) as process:
        try:
            _wait(process, bucket)
            yield bucket
        finally:
            process.kill()  # it would take a dozen seconds to say good-bye


_PORTS = (
    *("master.port", "volume.port", "filer.port", "s3.port"),
    *("master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc"),
)


def _options(home: Path) -> list[str]:
    return [
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={home}", "-s3", f"-s3.config={home / 's3.json'}"),
        *("-master.volumeSizeLimitMB=64", "-volume.max=8", "-master.telemetry=false", "-master.electionTimeout=1s"),
    ]


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _wait(process: "subprocess.Popen[bytes]", bucket: Bucket) -> None:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{bucket.endpoint}/status", timeout=1).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"SeaweedFS did not start (ended: {process.poll()})")

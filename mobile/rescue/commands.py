"""`xiangye field --rescue DIR`, `--receipts FILE`, `--station URL`: without a window, and the first also without the app."""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobile.device.desktop_clock import WallClock
from mobile.device.desktop_key import FileKey
from mobile.device.desktop_sealing import LibrarySealing
from mobile.device.ports import DeviceFailure
from mobile.rescue.writing import RescueFailure, Tools, rescue

if TYPE_CHECKING:
    from mobile.store.store import Store


def by_hand(options: argparse.Namespace) -> int:
    try:
        ways = ((options.rescue, _rescue), (options.receipts, _receipts), (options.station, _station))
        return next(way for asked, way in ways if asked)(options)
    except (RescueFailure, DeviceFailure, OSError) as failure:
        print(f"xiangye field: {failure}", file=sys.stderr)
        return 1


def _rescue(options: argparse.Namespace) -> int:
    """Exit code 0 only where all there is was written."""
    tools = Tools(FileKey(options.data / "device_key.pem", make=False), LibrarySealing(), WallClock().now)
    done = rescue(options.data, options.rescue, tools, options.everything, options.in_clear)
    _tell(done.as_json(), done.lines(), options.json)
    for words in done.unread:
        print(f"xiangye field: {words}", file=sys.stderr)
    return 1 if done.unread else 0


def _receipts(options: argparse.Namespace) -> int:
    from mobile.device.desktop_signatures import LibrarySignatures
    from mobile.sync.custody import ReceiptsRefused, take_file

    try:
        with _store_of(options.data) as store:
            taken = take_file(store, LibrarySignatures(), WallClock().now(), options.receipts)
    except ReceiptsRefused as failure:
        raise RescueFailure(str(failure)) from failure
    _tell(taken.as_json(), taken.lines(), options.json)
    return 0


def _station(options: argparse.Namespace) -> int:
    from mobile.device.desktop import desktop_device
    from mobile.sync.station import StationVisit

    with _store_of(options.data) as store:
        report = StationVisit(store, desktop_device(options.data)).run(options.station)
    _tell({**report.as_json(), "warnings": report.warnings}, report.warnings, options.json)
    for words in report.problems:
        print(f"xiangye field: {words}", file=sys.stderr)
    return 1 if report.problems else 0


@contextlib.contextmanager
def _store_of(data: Path) -> Iterator["Store"]:
    from mobile.device.desktop_folder import FileKeystore
    from mobile.store.database import StoreFailure
    from mobile.store.store import Store

    if not data.is_dir():
        raise RescueFailure(f"没有平板数据文件夹 {data}：用 --data 指定")
    try:
        store = Store(data, FileKeystore(data / "keys.json"))
    except StoreFailure as failure:
        raise RescueFailure(str(failure)) from failure
    try:
        yield store
    finally:
        store.close()


def _tell(told: dict[str, Any], lines: list[str], as_json: bool) -> None:
    print(json.dumps(told, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))

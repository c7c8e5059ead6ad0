"""A computer as a tablet."""

from pathlib import Path

from mobile.device.desktop_camera import FolderCamera
from mobile.device.desktop_clock import WallClock
from mobile.device.desktop_folder import FileKeystore, FolderStorage, WiredNetwork
from mobile.device.desktop_key import FileKey
from mobile.device.desktop_location import GpxReplay
from mobile.device.desktop_pictures import LibraryPictures
from mobile.device.desktop_scanner import FolderScanner
from mobile.device.desktop_sealing import LibrarySealing
from mobile.device.desktop_signatures import LibrarySignatures
from mobile.device.gpx import read_gpx
from mobile.device.ports import Device, Location, TabletClock


def desktop_device(
    data_dir: Path,
    gpx: Path | None = None,
    photos: Path | None = None,
    clock: TabletClock | None = None,
    location: Location | None = None,
    metered: bool = False,
) -> Device:
    """Positions come from `gpx` (or `location`), photos from the folder `photos`. DeviceFailure if the track cannot be read."""
    clock = clock or WallClock()
    track = read_gpx(gpx) if gpx and location is None else []
    return Device(
        clock,
        location or GpxReplay(track, clock),
        FolderCamera(photos),
        FileKeystore(data_dir / "keys.json"),
        FolderStorage(data_dir),
        WiredNetwork(metered),
        LibrarySignatures(),
        FolderScanner(photos),
        FileKey(data_dir / "device_key.pem"),
        LibrarySealing(),
        LibraryPictures(),
    )

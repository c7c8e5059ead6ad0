"""Ports to the device. Android, the desktop and the scripted day answer the same ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True)
class Fix:
    """One position: WGS84 in 1e-7 degree, radius of 68 % in metres, and the receiver's own aware time."""

    latitude_e7: int
    longitude_e7: int
    accuracy_m: float | None
    at: datetime
    altitude_m: float | None = None
    vertical_datum: str | None = None
    mock: bool = False

    @property
    def degrees(self) -> tuple[float, float]:
        """(longitude, latitude)"""
        return self.longitude_e7 / 1e7, self.latitude_e7 / 1e7


@dataclass(frozen=True)
class Shot:
    """A photo as the camera wrote it: these bytes are never altered."""

    file_name: str
    data: bytes


class DeviceFailure(Exception):
    """The device could not; the text is in words for its user."""


class TabletClock(Protocol):
    def now(self) -> datetime:
        """Aware wall time, right or wrong: it is recorded, never corrected."""

    def monotonic_ms(self) -> int: ...


Use = Literal["", "screen", "track"]
"""What positions are wanted for: nothing (the receiver rests), the screen in front, or a track that goes on behind it."""


class Location(Protocol):
    def want(self, use: Use) -> None:
        """Told at each change. With `track` the system shows its own sign that the app uses the position."""

    def poll(self) -> list[Fix]:
        """What came in since the last call, oldest first; never waits."""


class Camera(Protocol):
    def choices(self) -> tuple[str, ...]:
        """Names of photos that can be picked; empty where the system camera asks itself."""

    def take(self, name: str | None = None) -> Shot:
        """The named photo, else the next one. DeviceFailure says why not."""


class Scanner(Protocol):
    """Reads a QR code. On a tablet the system's camera asks; a computer reads image files."""

    def choices(self) -> tuple[str, ...]:
        """Names of images that can be read; empty where the camera asks itself."""

    def scan(self, name: str | None = None) -> str:
        """The text of the code. DeviceFailure says why there is none, and that it can be pasted instead."""


class Keystore(Protocol):
    """Keeps the device credential away from the database and its backups."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, secret: str) -> None: ...

    def remove(self, name: str) -> None: ...


class Storage(Protocol):
    def free_bytes(self) -> int: ...


class Network(Protocol):
    def online(self) -> bool:
        """False only when the device knows that there is no network."""

    def metered(self) -> bool:
        """True when the device knows that what is sent costs money by its size: a mobile network, a phone's hotspot."""


class Pictures(Protocol):
    def smaller(self, photo: bytes, edge_px: int) -> bytes | None:
        """A JPEG of its pixels alone, upright, no longer than this; None for what cannot be read."""


class Signatures(Protocol):
    """ECDSA over P-256 with SHA-256. Android's java.security has it; a computer needs a library."""

    def holds(self, public_key: str, statement: bytes, signature: str) -> bool:
        """`public_key`: SubjectPublicKeyInfo, `signature`: ECDSA-Sig-Value, both DER in base64."""


class Sealing(Protocol):
    """ECDH over P-256, HKDF-SHA256 and AES-256-GCM, as shared/wire/sealed.py says. What is sealed, this device cannot open again."""

    def seal(self, public_key: str, header: bytes, plain: bytes) -> bytes:
        """`public_key`: SubjectPublicKeyInfo as DER in base64; `header` stays in clear and is bound to what is sealed."""


class DeviceKey(Protocol):
    """The tablet's own key, ECDSA over P-256: made once, never leaves the device. DeviceFailure says why there is none."""

    def public_key(self) -> str:
        """SubjectPublicKeyInfo as DER in base64."""

    def sign(self, statement: bytes) -> str:
        """ECDSA-Sig-Value over its SHA-256, as DER in base64."""


@dataclass(frozen=True)
class Device:
    clock: TabletClock
    location: Location
    camera: Camera
    keystore: Keystore
    storage: Storage
    network: Network
    signatures: Signatures
    scanner: Scanner
    device_key: DeviceKey
    sealing: Sealing
    pictures: Pictures | None = None

"""Storage, secrets and network of a computer that stands for a tablet."""

import json
import os
import shutil
from pathlib import Path


class FolderStorage:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def free_bytes(self) -> int:
        existing = next(part for part in (self._folder, *self._folder.resolve().parents) if part.is_dir())
        return shutil.disk_usage(existing).free


class FileKeystore:
    """Secrets in a file that only its owner can read; a tablet has the Android keystore instead."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str | None:
        value = self._read().get(name)
        return value if isinstance(value, str) else None

    def put(self, name: str, secret: str) -> None:
        self._write({**self._read(), name: secret})

    def remove(self, name: str) -> None:
        self._write({key: value for key, value in self._read().items() if key != name})

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, secrets: dict[str, object]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(secrets, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


class WiredNetwork:
    """A computer does not know: it tries, and believes what it is told of the price."""

    def __init__(self, metered: bool = False) -> None:
        self._metered = metered

    def online(self) -> bool:
        return True

    def metered(self) -> bool:
        return self._metered

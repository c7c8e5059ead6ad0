"""Whose failpoint lies in a file that may be written while it runs, and is gone once it struck."""

from pathlib import Path


class Armed:
    failpoint: Path

    def arm(self, name: str, action: str) -> None:
        self.failpoint.write_text(f"{name}={action}", encoding="utf-8")

    def disarm(self) -> bool:
        """True where it had not struck."""
        armed = self.is_armed
        self.failpoint.unlink(missing_ok=True)
        return armed

    @property
    def is_armed(self) -> bool:
        return self.failpoint.exists()

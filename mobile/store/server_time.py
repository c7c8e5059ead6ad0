"""What time it is by the server, as long as this run of the app lasts; the tablet's wall clock has no say in it."""

from datetime import datetime, timedelta


class ServerTime:
    """Behind the truth by as long as the answer travelled and as the tablet slept; never ahead of it."""

    def __init__(self) -> None:
        self._told: tuple[datetime, int] | None = None

    def told(self, moment: datetime, monotonic_ms: int) -> None:
        """`monotonic_ms`: when the answer was here."""
        self._told = moment, monotonic_ms

    def now(self, monotonic_ms: int) -> datetime | None:
        """None where no server told it since the start."""
        if self._told is None:
            return None
        moment, at = self._told
        return moment + timedelta(milliseconds=max(0, monotonic_ms - at))

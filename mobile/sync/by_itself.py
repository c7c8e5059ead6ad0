"""When the tablet meets the server without a hand, and when it lets it be.

All pauses are counted by the monotonic clock, which no jump of the wall clock moves. They begin anew with each start of the app.
"""

from datetime import datetime, timedelta

from mobile.device.ports import Device
from mobile.store.delivery import pause_after
from mobile.store.store import Store

AFTER_START_S, BETWEEN_S = 10, 60
NEWS_S = 15 * 60
"""So often it asks for news where nothing of its own waits: that costs less than two kilobytes."""
_OFF = "no"
_SETTING = "sync_by_itself"


class ByItself:
    """Asked now and then by the window; told of each meeting that is over, whoever began it."""

    def __init__(self, store: Store, device: Device) -> None:
        self._store = store
        self._device = device
        self._failed = 0
        self._rest_until_ms = self._news_at_ms = self._now_ms() + AFTER_START_S * 1000

    def is_on(self) -> bool:
        return self._store.identity.setting(_SETTING) != _OFF

    def turn(self, on: bool) -> None:
        self._store.identity.keep(**{_SETTING: "" if on else _OFF})

    def is_due(self) -> bool:
        now = self._now_ms()
        if now < self._rest_until_ms or not self._may():
            return False
        return now >= self._news_at_ms or self._something_waits()

    def over(self, failed: bool) -> None:
        """After a failure it rests longer each time, up to an hour."""
        self._failed = self._failed + 1 if failed else 0
        rest = pause_after(self._failed - 1) if failed else timedelta(seconds=BETWEEN_S)
        self._rest_until_ms = self._now_ms() + int(rest.total_seconds() * 1000)
        if not failed:
            self._news_at_ms = self._now_ms() + NEWS_S * 1000

    def next_try(self, soonest: datetime | None) -> datetime | None:
        """By the wall clock, when it tries again to send what waits; `soonest` is what the outbox has to say to it. None: never
        without a hand, as things stand."""
        if not self._may():
            return None
        rested = self._device.clock.now() + timedelta(milliseconds=max(0, self._rest_until_ms - self._now_ms()))
        return max(rested, soonest) if soonest else rested

    def _may(self) -> bool:
        """Whether a meeting could come to anything: a credential that was refused needs a person, and so does a new address."""
        identity = self._store.identity
        return (
            self.is_on()
            and identity.current().enrolled
            and not identity.moved()
            and not identity.setting("credential_refused")
            and self._device.network.online()
        )

    def _something_waits(self) -> bool:
        """That may go now: photos that wait for a network without a price are no reason to pay for a meeting."""
        now, media, copies = self._device.clock.now(), self._store.media, self._store.review_copies
        metered = self._device.network.metered()
        return bool(
            self._store.deliveries.due(now, ignore_pause=False)
            or (not (metered and media.wait_for_wifi()) and media.due(now, ignore_pause=False))
            or (not (metered and media.wait_for_wifi("copy")) and copies.due(now, ignore_pause=False))
        )

    def _now_ms(self) -> int:
        return self._device.clock.monotonic_ms()

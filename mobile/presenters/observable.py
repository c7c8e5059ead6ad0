"""What every presenter is: attributes to show, methods to call, and a bell that rings after each change."""

import sqlite3
from collections.abc import Callable
from typing import Any, Literal

from mobile.capture.problems import FieldProblem

Level = Literal["", "ok", "warn", "error"]


class Presenter:
    """`message` holds the last words for the user, `message_level` their weight (``ok``, ``warn``, ``error`` or empty).

    `subscribe(callback)` registers `callback(presenter)`, called after each change of state, and returns a function that
    unregisters it. While a sync runs in the background, callbacks come from that thread unless the composition root was
    given a `post` (see `mobile.wiring.build`), which then carries them to the window's thread.
    """

    def __init__(self, post: Callable[[Callable[[], None]], None] | None = None) -> None:
        self.message = ""
        self.message_level: Level = ""
        self._listeners: list[Callable[[Any], None]] = []
        self._post = post

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    def clear_message(self) -> None:
        self.say("", "")

    def say(self, text: str, level: Level) -> None:
        self.message, self.message_level = text, level
        self.changed()

    def changed(self) -> None:
        if self._post is None:
            self._ring()
        else:
            self._post(self._ring)

    def attempt(self, action: Callable[[], object]) -> bool:
        """Runs an action of the user; a refusal becomes words on the screen, and nothing typed is lost."""
        try:
            action()
        except FieldProblem as problem:
            self.say(str(problem), "error")
            return False
        except (sqlite3.Error, OSError) as error:
            self.say(f"未能写入平板存储，未保存：{error}", "error")
            return False
        return True

    def _ring(self) -> None:
        for listener in tuple(self._listeners):
            listener(self)

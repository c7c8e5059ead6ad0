"""What a request may ask of its application: settings and the clock."""

from typing import cast

from flask import current_app

from server.settings import Settings
from shared.clock import Clock


def settings() -> Settings:
    return cast(Settings, current_app.config["XIANGYE_SETTINGS"])


def clock() -> Clock:
    return cast(Clock, current_app.config["XIANGYE_CLOCK"])

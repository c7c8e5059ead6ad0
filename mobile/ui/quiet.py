"""Keeps Kivy from crying wolf."""

from kivy.logger import Logger


def without_cutbuffer_noise():
    """Kivy calls it critical, with a traceback, that a desktop has neither xclip nor xsel. Nothing here needs them."""
    Logger.addFilter(lambda entry: not entry.getMessage().startswith("Cutbuffer"))

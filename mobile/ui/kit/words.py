"""Text: words that wrap and grow, and lines that keep to one line."""

from kivy.uix.label import Label

from mobile.ui import theme
from mobile.ui.kit.paint import rgba


def unbroken(text):
    """Chinese breaks anywhere; a space beside a number would only break the line too early."""
    return text.replace(" ", "\u00a0")


class _Text(Label):
    def __init__(self, text="", size=theme.BODY, colour=theme.INK, **options):
        options = {"halign": "left", "valign": "middle", **options}
        super().__init__(text=text, font_size=size, color=rgba(colour), disabled_color=rgba(colour), **options)

    def recolour(self, colour):
        self.color = self.disabled_color = rgba(colour)


class Words(_Text):
    """Wraps to its width and is as tall as its text; an empty one takes no room."""

    def __init__(self, text="", **options):
        super().__init__(text, size_hint_y=None, **options)
        self.bind(width=self._wrap, texture_size=self._grow, text=self._grow)
        self._wrap()
        self._grow()

    def _wrap(self, *_):
        self.text_size = (max(self.width, 1), None)

    def _grow(self, *_):
        self.height = self.texture_size[1] if self.text else 0


class OneLine(_Text):
    """Fills the box that it is given; a text that does not fit is shortened with an ellipsis."""

    def __init__(self, text="", **options):
        super().__init__(text, shorten=True, shorten_from="right", max_lines=1, **options)
        self.bind(size=self._fit)
        self._fit()

    def _fit(self, *_):
        self.text_size = (max(self.width, 1), max(self.height, 1))


class Fitted(_Text):
    """One line, as wide and as tall as its text."""

    def __init__(self, text="", **options):
        super().__init__(text, size_hint=(None, None), **options)
        self.bind(texture_size=self.setter("size"))
        self.size = self.texture_size

"""A box with a background, and the colours as Kivy wants them."""

from functools import lru_cache

from kivy.graphics import Color, Line, RoundedRectangle
from kivy.metrics import dp
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.utils import get_color_from_hex

NONE = "#00000000"


@lru_cache
def rgba(colour: str) -> tuple[float, ...]:
    return tuple(get_color_from_hex(colour))


class Panel(BoxLayout):
    """`fill` and `edge` are hex colours; `radius` in pixels."""

    fill = StringProperty(NONE)
    edge = StringProperty(NONE)
    radius = NumericProperty("10dp")

    def __init__(self, **options):
        super().__init__(**options)
        with self.canvas.before:
            self._fill = Color()
            self._shape = RoundedRectangle()
            self._ink = Color()
            self._outline = Line(width=dp(1))
        self.bind(pos=self._paint, size=self._paint, fill=self._paint, edge=self._paint, radius=self._paint)
        self._paint()

    def _paint(self, *_):
        self._fill.rgba, self._ink.rgba = rgba(self.fill), rgba(self.edge)
        self._shape.pos, self._shape.size, self._shape.radius = self.pos, self.size, [self.radius]
        inset = dp(1)
        self._outline.rounded_rectangle = (
            self.x + inset,
            self.y + inset,
            max(0, self.width - 2 * inset),
            max(0, self.height - 2 * inset),
            max(self.radius, 1),
        )

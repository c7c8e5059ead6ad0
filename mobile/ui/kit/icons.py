"""Icons drawn by strokes and shapes on a square of 24 units, so that no icon file has to be loaded."""

from math import cos, pi, sin

from kivy.graphics import Color, Ellipse, InstructionGroup, Line, Mesh
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.widget import Widget

from mobile.ui import theme
from mobile.ui.kit.paint import rgba

# line: an open stroke; ring: a stroked circle; dot: a filled circle (x, y, rx, ry); shape: a filled outline, seen from its middle;
# arc: a stroked arc (x, y, radius, from, to in degrees, clockwise from north).
DRAWINGS = {
    "record": (
        ("dot", 12, 8.3, 5.2, 4.6),
        ("dot", 4.8, 12.6, 2.1, 2.9),
        ("dot", 9, 17.4, 2.2, 3.1),
        ("dot", 15, 17.4, 2.2, 3.1),
        ("dot", 19.2, 12.6, 2.1, 2.9),
    ),
    "photo": (
        ("line", 3, 6, 3, 17, 8, 17, 9.5, 19.5, 14.5, 19.5, 16, 17, 21, 17, 21, 6, 3, 6),
        ("ring", 12, 11.3, 3.8),
        ("dot", 12, 11.3, 1.3, 1.3),
    ),
    "patrol": (
        ("line", 5.5, 4, 10, 4, 12, 6, 10, 8.5, 13, 10.5, 16.5, 10.5),
        ("dot", 5, 4, 1.9, 1.9),
        ("dot", 17, 17.2, 3.8, 3.8),
        ("shape", 17, 10.2, 13.5, 15.8, 20.5, 15.8),
        ("hole", 17, 17.2, 1.5, 1.5),
    ),
    "transect": (
        ("dot", 11.5, 11, 6.2, 4.5),
        ("dot", 17, 15.6, 3.1, 3.1),
        ("shape", 19.6, 16.6, 23, 15.2, 19.6, 14),
        ("shape", 7, 13, 1, 14.6, 2.4, 10.6, 7, 9),
        ("line", 10.5, 7, 10.5, 3.5),
        ("line", 13.5, 7, 13.5, 3.5),
        ("line", 8.5, 3.2, 15.5, 3.2),
        ("hole", 17.7, 16.2, 0.7, 0.7),
    ),
    "invasive": (
        ("line", 12, 3.5, 12, 14),
        ("shape", 12, 9, 5, 9.4, 2.6, 15.6, 8.6, 15, 12, 11),
        ("shape", 12, 12, 13.4, 18.2, 20.6, 20.6, 20.6, 14.4, 15.4, 12),
        ("line", 5, 3.5, 19, 3.5),
    ),
    "my_records": (
        ("line", 5, 3, 5, 21, 19, 21, 19, 3, 5, 3),
        ("line", 8.5, 16.5, 15.5, 16.5),
        ("line", 8.5, 12, 15.5, 12),
        ("line", 8.5, 7.5, 13, 7.5),
    ),
    "sync": (
        ("arc", 12, 12, 7.6, -80, 60),
        ("arc", 12, 12, 7.6, 100, 240),
        ("shape", 20.8, 18.4, 21, 12.4, 15.8, 15.4),
        ("shape", 3.2, 5.6, 3, 11.6, 8.2, 8.6),
    ),
    "back": (("line", 15, 5, 8, 12, 15, 19),),
    "recording": (("dot", 12, 12, 9, 9),),
    "scan": (
        ("line", 3, 8, 3, 3, 8, 3),
        ("line", 16, 3, 21, 3, 21, 8),
        ("line", 21, 16, 21, 21, 16, 21),
        ("line", 8, 21, 3, 21, 3, 16),
        ("line", 6.5, 12, 17.5, 12),
    ),
    "question": (
        ("line", 3, 20, 21, 20, 21, 7, 11, 7, 6.5, 3, 6.5, 7, 3, 7, 3, 20),
        ("line", 7.5, 15.5, 16.5, 15.5),
        ("line", 7.5, 11.5, 13.5, 11.5),
    ),
    "next": (("line", 9, 5, 16, 12, 9, 19),),
    "plus": (("line", 12, 4.5, 12, 19.5), ("line", 4.5, 12, 19.5, 12)),
    "minus": (("line", 4.5, 12, 19.5, 12),),
    "check": (("line", 4.5, 12, 10, 6.5, 20, 18),),
    "cross": (("line", 6, 6, 18, 18), ("line", 6, 18, 18, 6)),
    "erase": (
        ("line", 9, 18, 3, 12, 9, 6, 21, 6, 21, 18, 9, 18),
        ("line", 12, 9.5, 17, 14.5),
        ("line", 12, 14.5, 17, 9.5),
    ),
    "position": (
        ("ring", 12, 12, 5.5),
        ("dot", 12, 12, 2.2, 2.2),
        ("line", 12, 21, 12, 17.5),
        ("line", 12, 3, 12, 6.5),
        ("line", 3, 12, 6.5, 12),
        ("line", 21, 12, 17.5, 12),
    ),
    "undo": (("arc", 13, 10.5, 5.8, -60, 190), ("shape", 3.4, 14.2, 10.4, 18.6, 10.6, 11.2)),
    "pause": (("shape", 6.5, 5, 10, 5, 10, 19, 6.5, 19), ("shape", 14, 5, 17.5, 5, 17.5, 19, 14, 19)),
    "play": (("shape", 7, 4.5, 7, 19.5, 19.5, 12),),
    "stop": (("shape", 6, 6, 18, 6, 18, 18, 6, 18),),
    "flag": (("line", 6, 3, 6, 21), ("shape", 6, 20.5, 19, 17, 6, 12.5)),
    "warn": (("line", 12, 20.5, 2.5, 4, 21.5, 4, 12, 20.5), ("line", 12, 14.5, 12, 10), ("dot", 12, 7, 1, 1)),
    "details": (("dot", 5.5, 12, 1.9, 1.9), ("dot", 12, 12, 1.9, 1.9), ("dot", 18.5, 12, 1.9, 1.9)),
    "unknown": (
        ("ring", 12, 12, 8.5),
        ("line", 9, 14.5, 9.6, 16.4, 12, 17, 14.4, 16.2, 14.6, 14, 12, 12, 12, 10.4),
        ("dot", 12, 7.4, 1.1, 1.1),
    ),
    "waiting": (("ring", 12, 12, 8.5), ("line", 12, 17, 12, 12, 15.5, 9.5)),
    "survey": (
        ("line", 4, 5, 4, 19, 9.5, 17, 14.5, 19, 20, 17, 20, 3, 14.5, 5, 9.5, 3, 4, 5),
        ("line", 9.5, 3, 9.5, 17),
        ("line", 14.5, 5, 14.5, 19),
    ),
    "storage": (("line", 4, 5, 4, 19, 20, 19, 20, 5, 4, 5), ("line", 4, 10.5, 20, 10.5), ("dot", 16.5, 7.8, 1, 1)),
}


class Icon(Widget):
    """A drawing by `name` in `colour`, at `most` so large; `ground` is the colour behind it, for holes."""

    name = StringProperty("")
    colour = StringProperty(theme.INK)
    ground = StringProperty(theme.SURFACE)
    most = NumericProperty("144dp")

    def __init__(self, **options):
        super().__init__(**options)
        self._strokes = InstructionGroup()
        self.canvas.add(self._strokes)
        self.bind(pos=self._draw, size=self._draw, name=self._draw, colour=self._draw, ground=self._draw)
        self._draw()

    def _draw(self, *_):
        self._strokes.clear()
        unit = min(self.width, self.height, self.most) / 24
        left, bottom = self.center_x - 12 * unit, self.center_y - 12 * unit
        self._strokes.add(Color(*rgba(self.colour)))
        for kind, *numbers in DRAWINGS.get(self.name, ()):
            if kind == "hole":
                self._strokes.add(Color(*rgba(self.ground)))
            self._strokes.add(_PARTS[kind](numbers, unit, left, bottom))


def _points(numbers, unit, left, bottom):
    return [value * unit + (bottom if n % 2 else left) for n, value in enumerate(numbers)]


def _stroke(unit):
    """A stroke of exactly 1 would be drawn as a hairline."""
    return max(unit, 1.1)


def _line(numbers, unit, left, bottom):
    closed = numbers[:2] == numbers[-2:]
    points = _points(numbers[:-2] if closed else numbers, unit, left, bottom)
    return Line(points=points, width=_stroke(unit), cap="round", joint="round", close=closed)


def _ring(numbers, unit, left, bottom):
    x, y, radius = numbers
    return Line(circle=(left + x * unit, bottom + y * unit, radius * unit), width=_stroke(unit))


def _arc(numbers, unit, left, bottom):
    x, y, radius, begin, end = numbers
    steps = 24
    angles = [(begin + (end - begin) * n / steps) * pi / 180 for n in range(steps + 1)]
    points = [c for a in angles for c in (left + (x + radius * sin(a)) * unit, bottom + (y + radius * cos(a)) * unit)]
    return Line(points=points, width=_stroke(unit), cap="round", joint="round")


def _dot(numbers, unit, left, bottom):
    x, y, across, up = numbers
    return Ellipse(pos=(left + (x - across) * unit, bottom + (y - up) * unit), size=(2 * across * unit, 2 * up * unit))


def _shape(numbers, unit, left, bottom):
    points = _points(numbers, unit, left, bottom)
    xs, ys = points[::2], points[1::2]
    corners = [(sum(xs) / len(xs), sum(ys) / len(ys)), *zip(xs, ys, strict=True), (xs[0], ys[0])]
    return Mesh(
        vertices=[v for x, y in corners for v in (x, y, 0, 0)], indices=list(range(len(corners))), mode="triangle_fan"
    )


_PARTS = {"line": _line, "ring": _ring, "arc": _arc, "dot": _dot, "hole": _dot, "shape": _shape}

"""The track as a line on plain ground, gaps dashed, with a scale."""

from itertools import pairwise

from kivy.graphics import Color, Ellipse, InstructionGroup, Line
from kivy.metrics import dp
from kivy.uix.floatlayout import FloatLayout

from mobile.ui import texts, theme
from mobile.ui.kit.paint import Panel, rgba
from mobile.ui.kit.words import Fitted
from mobile.ui.sketch import fit, scale_bar

MARGIN = 28


class TrackSketch(Panel):
    def __init__(self, **options):
        super().__init__(fill=theme.SURFACE, edge=theme.EDGE, **options)
        self._legs = None
        self._strokes = InstructionGroup()
        self._ground = FloatLayout()
        self._empty = Fitted(texts.NO_TRACK, colour=theme.INK_SOFT, pos_hint={"center_x": 0.5, "center_y": 0.5})
        self._scale = Fitted(size=theme.SMALL, colour=theme.INK_SOFT)
        self.add_widget(self._ground)
        self._ground.add_widget(self._empty)
        self._ground.add_widget(self._scale)
        self._ground.canvas.add(self._strokes)
        self.bind(pos=self._draw, size=self._draw)

    def show(self, legs):
        if legs != self._legs:
            self._legs = legs
            self._draw()

    def _draw(self, *_):
        self._strokes.clear()
        margin = dp(MARGIN)
        lines, scale = fit(self._legs or (), max(1, self.width - 2 * margin), max(1, self.height - 2 * margin - dp(20)))
        self._empty.opacity = 0 if lines else 1
        self._scale.text = ""
        if not lines:
            return
        lines = [
            [value + (self.y + margin + dp(20) if n % 2 else self.x + margin) for n, value in enumerate(line)]
            for line in lines
        ]
        self._gaps(lines)
        self._walked(lines)
        self._ruler(scale)

    def _gaps(self, lines):
        self._strokes.add(Color(*rgba(theme.WARN)))
        for before, after in pairwise(lines):
            self._strokes.add(Line(points=before[-2:] + after[:2], dash_length=dp(6), dash_offset=dp(6), width=1))

    def _walked(self, lines):
        self._strokes.add(Color(*rgba(theme.PRIMARY)))
        for line in lines:
            self._strokes.add(Line(points=line, width=dp(2), cap="round", joint="round"))
        self._dot(lines[0][:2], theme.INK, 6)
        self._dot(lines[-1][-2:], theme.SURFACE, 11)
        self._dot(lines[-1][-2:], theme.INFO, 8)

    def _dot(self, place, colour, radius):
        self._strokes.add(Color(*rgba(colour)))
        self._strokes.add(
            Ellipse(pos=(place[0] - dp(radius), place[1] - dp(radius)), size=(dp(2 * radius), dp(2 * radius)))
        )

    def _ruler(self, scale):
        length, self._scale.text = scale_bar(scale, dp(140))
        left, bottom = self.x + dp(16), self.y + dp(14)
        self._strokes.add(Color(*rgba(theme.INK_SOFT)))
        self._strokes.add(
            Line(
                points=[left, bottom + dp(6), left, bottom, left + length, bottom, left + length, bottom + dp(6)],
                width=dp(1),
            )
        )
        self._scale.pos = (left + length + dp(10), bottom - dp(6))

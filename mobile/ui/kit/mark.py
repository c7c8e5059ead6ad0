"""The mark of a species: protected or invasive, in words and in its colour."""

from kivy.metrics import dp

from mobile.ui import theme
from mobile.ui.kit.paint import NONE, Panel
from mobile.ui.kit.words import Fitted

_PLAIN = (NONE, theme.INK, NONE)


def edge_of(mark):
    return theme.MARKS.get(mark, _PLAIN)[2]


class Mark(Panel):
    """国家一级, 国家二级, 省级 or 外来入侵; nothing where there is none."""

    def __init__(self, mark="", **options):
        super().__init__(
            size_hint=(None, None),
            height="32dp",
            padding=(dp(10), 0),
            radius=dp(6),
            pos_hint={"center_y": 0.5},
            **options,
        )
        self._text = Fitted(size=theme.SMALL, bold=True, pos_hint={"center_y": 0.5})
        self.add_widget(self._text)
        self._text.bind(width=self._fit)
        self.show(mark)

    def show(self, mark):
        self._text.text = mark
        self.fill, ink, self.edge = theme.MARKS.get(mark, _PLAIN)
        self._text.recolour(ink)
        self._fit()

    def _fit(self, *_):
        self.width = self._text.width + dp(20) if self._text.text else 0

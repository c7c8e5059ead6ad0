"""Passing words over the page, and a sheet that asks."""

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.metrics import dp
from kivy.uix.modalview import ModalView

from mobile.ui import texts, theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keys import Key, Touch
from mobile.ui.kit.paint import Panel
from mobile.ui.kit.words import OneLine, Words

SECONDS = {"ok": 4, "warn": 8, "error": 8, "": 4}
ICONS = {"ok": "check", "warn": "warn", "error": "warn", "": "details"}


class Notice(Touch):
    """A strip below the bar; a touch sends it away."""

    def __init__(self, **options):
        super().__init__(
            on_touch=self.hide,
            size_hint=(None, None),
            height="64dp",
            padding=(dp(16), dp(8)),
            spacing=dp(12),
            **options,
        )
        self._icon = Icon(
            size_hint=(None, None), size=("30dp", "30dp"), pos_hint={"center_y": 0.5}, colour=theme.ON_DARK
        )
        self.words = Words(size=theme.BODY, colour=theme.ON_DARK, bold=True, pos_hint={"center_y": 0.5})
        self.add_widget(self._icon)
        self.add_widget(self.words)
        self.words.bind(height=self._grow)
        self._level = ""
        self._end = Clock.create_trigger(lambda _: self.hide(), 4)
        self.hide()

    def tell(self, text, level):
        self._level, self.words.text, self._icon.name = level, text, ICONS[level]
        self._restyle()
        self.opacity, self.disabled = 1, False
        self._end.cancel()
        self._end.timeout = SECONDS[level]
        self._end()

    def hide(self):
        self.opacity, self.disabled = 0, True
        self._end.cancel()

    def on_touch_down(self, touch):
        return False if self.disabled else super().on_touch_down(touch)

    def _restyle(self, *_):
        self.fill = self.edge = theme.MESSAGE_COLOURS[getattr(self, "_level", "")]

    def _grow(self, *_):
        self.height = max(dp(64), self.words.height + dp(20))


class Sheet(ModalView):
    """A card in the middle with a heading, words, and keys below each other."""

    def __init__(self, heading, detail, *keys):
        super().__init__(
            size_hint=(None, None),
            background="",
            background_color=(0, 0, 0, 0),
            overlay_color=(0, 0, 0, 0.6),
            auto_dismiss=True,
        )
        self.card = Panel(orientation="vertical", fill=theme.SURFACE, edge=theme.EDGE, padding=dp(20), spacing=dp(12))
        self.card.add_widget(OneLine(heading, size=theme.LARGE, bold=True, size_hint_y=None, height="32dp"))
        self.card.add_widget(Words(detail, size=theme.BODY, colour=theme.INK_SOFT))
        for key in (*keys, Key(texts.CLOSE, on_touch=self.dismiss, height="56dp")):
            self.card.add_widget(key)
        self.add_widget(self.card)
        self.card.bind(minimum_height=self._fit)

    def _fit(self, *_):
        self.height = self.card.minimum_height

    def on_pre_open(self):
        self.width = min(dp(560), Window.width - dp(32))

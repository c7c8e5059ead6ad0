"""What is touched: keys, chips, and a key that must be held."""

from kivy.clock import Clock
from kivy.graphics import Color, Rectangle
from kivy.metrics import dp
from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.paint import NONE, Panel, rgba
from mobile.ui.kit.words import Fitted

HOLD_SECONDS = 1.2


class Touch(ButtonBehavior, Panel):
    """Anything that answers a touch; `style` names its colours in the theme."""

    style = StringProperty("plain")
    primary = BooleanProperty(False)

    def __init__(self, on_touch=None, **options):
        super().__init__(**options)
        self.bind(style=self._restyle, disabled=self._restyle, state=self._restyle)
        if on_touch is not None:
            self.bind(on_release=lambda *_: on_touch())
        self._restyle()

    @property
    def colours(self):
        return theme.STYLES["disabled" if self.disabled else self.style]

    def _restyle(self, *_):
        fill, ink, edge = self.colours
        pressed = self.state == "down" and not self.disabled
        self.fill = (theme.PRESSED if ink == theme.INK else theme.INK) if pressed else fill
        self.edge = edge
        self.tint(ink)

    def tint(self, ink):
        """Colours what the key carries."""


class Key(Touch):
    """An icon, a text, or both, side by side in the middle."""

    text = StringProperty("")
    icon = StringProperty("")
    icon_size = NumericProperty("28dp")

    def __init__(self, text="", icon="", font=theme.BODY, stacked=False, bold=True, **options):
        self._middle = BoxLayout(
            orientation="vertical" if stacked else "horizontal", size_hint=(None, None), spacing=dp(2 if stacked else 8)
        )
        self._icon = Icon(size_hint=(None, None))
        self._icon.pos_hint = {"center_x": 0.5} if stacked else {"center_y": 0.5}
        self._label = Fitted(size=font, bold=bold)
        self._label.pos_hint = dict(self._icon.pos_hint)
        super().__init__(**{"size_hint_y": None, "height": theme.TOUCH, **options})
        anchor = AnchorLayout()
        anchor.add_widget(self._middle)
        self.add_widget(anchor)
        self._middle.bind(minimum_size=self._middle.setter("size"))
        self.bind(text=self._fill_in, icon=self._fill_in, icon_size=self._fill_in)
        self.text, self.icon = text, icon
        self._fill_in()
        self._restyle()

    def _fill_in(self, *_):
        self._middle.clear_widgets()
        self._label.text, self._icon.name = self.text, self.icon
        self._icon.size = (self.icon_size, self.icon_size)
        for part, shown in ((self._icon, self.icon), (self._label, self.text)):
            if shown:
                self._middle.add_widget(part)

    def tint(self, ink):
        self._icon.colour, self._icon.ground = ink, self.fill
        self._label.recolour(ink)


class Chip(Key):
    """A choice among others; `chosen` marks the one that counts."""

    chosen = BooleanProperty(False)

    def __init__(self, text="", **options):
        super().__init__(text, bold=False, size_hint_x=None, **options)
        self.radius = dp(24)
        self._label.bind(size=self._widen)
        self.bind(chosen=self._mark)
        self._widen()
        self._mark()

    def _widen(self, *_):
        self.width = max(dp(64), self._label.width + dp(36))

    def _mark(self, *_):
        self.style = "primary" if self.chosen else "plain"


class HoldKey(Key):
    """Acts only after it was held for a while, so that nothing ends by a chance touch. Fires `on_held`."""

    progress = NumericProperty(0)

    def __init__(self, text="", on_hold=None, **options):
        self._clock = None
        super().__init__(text, **options)
        self.register_event_type("on_held")
        with self.canvas.before:
            self._bar_ink = Color(*rgba(NONE))
            self._bar = Rectangle()
        self.bind(
            progress=self._show,
            pos=self._show,
            size=self._show,
            on_press=self._begin,
            on_release=self._stop,
            on_touch_up=self._stop,
        )
        if on_hold is not None:
            self.bind(on_held=lambda *_: on_hold())

    def on_held(self):
        """Held long enough."""

    def _begin(self, *_):
        self._stop()
        self._clock = Clock.schedule_interval(self._grow, 1 / 20)

    def _grow(self, seconds):
        self.progress = min(1, self.progress + seconds / HOLD_SECONDS)
        if self.progress >= 1:
            self._stop()
            self.dispatch("on_held")

    def _stop(self, *_):
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        self.progress = 0

    def _show(self, *_):
        self._bar_ink.rgba = rgba(theme.AMBER if self.progress else NONE)
        self._bar.pos, self._bar.size = (self.x + dp(8), self.y + dp(5)), ((self.width - dp(16)) * self.progress, dp(6))

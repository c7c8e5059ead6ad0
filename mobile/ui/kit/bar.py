"""The dark green bar: back, title, and the state of the position."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keys import Key
from mobile.ui.kit.paint import Panel
from mobile.ui.kit.words import Fitted, OneLine

HEIGHT = "64dp"
QUALITY_COLOURS = {"good": theme.ON_DARK, "poor": theme.AMBER, "none": theme.AMBER}


class PositionBadge(BoxLayout):
    """Shows a PositionPresenter: white when good, amber when poor or missing."""

    def __init__(self, **options):
        super().__init__(size_hint_x=None, spacing=dp(6), **options)
        self._icon = Icon(
            name="position", size_hint=(None, None), size=("26dp", "26dp"), pos_hint={"center_y": 0.5}, ground=theme.BAR
        )
        self._text = Fitted(size=theme.BODY, bold=True, pos_hint={"center_y": 0.5})
        self.add_widget(self._icon)
        self.add_widget(self._text)
        self.bind(minimum_width=self.setter("width"))

    def show(self, position):
        colour = QUALITY_COLOURS[position.quality]
        self._icon.colour, self._text.text = colour, position.text
        self._text.recolour(colour)


class RecordingSign(Panel):
    """A strip below the bar, on every screen, as long as a track is being recorded."""

    def __init__(self):
        super().__init__(fill=theme.BAD, radius=0, size_hint_y=None, height="32dp", padding=(dp(16), 0), spacing=dp(8))
        self.add_widget(
            Icon(
                name="recording",
                size_hint=(None, None),
                size=("16dp", "16dp"),
                pos_hint={"center_y": 0.5},
                colour=theme.ON_DARK,
                ground=theme.BAD,
            )
        )
        self.add_widget(OneLine(texts.TRACKING, size=theme.SMALL, colour=theme.ON_DARK, bold=True))


class AppBar(Panel):
    def __init__(self, title, on_back=None):
        super().__init__(
            fill=theme.BAR, radius=0, size_hint_y=None, height=HEIGHT, padding=(dp(4), 0, dp(16), 0), spacing=dp(8)
        )
        if on_back is not None:
            back = Key(
                icon="back",
                style="bar",
                icon_size="32dp",
                on_touch=on_back,
                size_hint=(None, None),
                size=("56dp", "56dp"),
            )
            back.pos_hint = {"center_y": 0.5}
            back.accessible_name = texts.BACK
            self.add_widget(back)
        self._title = OneLine(title, size=theme.TITLE, colour=theme.ON_DARK, bold=True, padding=(dp(8), 0))
        self.position = PositionBadge()
        self.add_widget(self._title)
        self.add_widget(self.position)

    def show(self, position, title=None):
        self.position.show(position)
        if title is not None:
            self._title.text = title

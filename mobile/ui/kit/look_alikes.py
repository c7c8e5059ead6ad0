"""What the chosen species is taken for: the other one, what tells the two apart, and one touch to switch."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.keys import Touch
from mobile.ui.kit.mark import Mark
from mobile.ui.kit.words import Fitted, Words

# Kivy breaks a line at a space rather than between two Chinese signs, which leaves half of it empty.
UNBROKEN = {ord(" "): "\u00a0"}


class LookAlikeRow(Touch):
    """Touched as a whole."""

    def __init__(self, look_alike, on_pick):
        self.species = species = look_alike.species
        super().__init__(
            lambda: on_pick(species.key),
            size_hint_y=None,
            padding=(dp(12), dp(8)),
            spacing=dp(12),
        )
        words = BoxLayout(orientation="vertical", size_hint_y=None, spacing=dp(2), pos_hint={"center_y": 0.5})
        words.bind(minimum_height=words.setter("height"))
        words.add_widget(Words(species.display, size=theme.BODY, bold=True))
        words.add_widget(Words(look_alike.difference.translate(UNBROKEN), size=theme.SMALL, colour=theme.INK_SOFT))
        words.bind(height=lambda _, height: setattr(self, "height", max(dp(56), height + dp(16))))
        self.add_widget(words)
        self.add_widget(Mark(species.mark))
        self.add_widget(
            Fitted(texts.SWITCH, size=theme.BODY, colour=theme.PRIMARY, bold=True, pos_hint={"center_y": 0.5})
        )


class LookAlikes(BoxLayout):
    """A row for each, under a heading; takes no room where there are none."""

    def __init__(self, on_pick, **options):
        super().__init__(orientation="vertical", size_hint_y=None, height=0, spacing=dp(8), **options)
        self._on_pick = on_pick
        self._shown = ()
        self.rows = ()
        self.bind(minimum_height=self.setter("height"))

    def show(self, look_alikes):
        if look_alikes == self._shown:
            return
        self._shown = look_alikes
        self.clear_widgets()
        self.rows = tuple(LookAlikeRow(one, self._on_pick) for one in look_alikes)
        if self.rows:
            self.add_widget(Words(texts.LOOK_ALIKES, size=theme.BODY, colour=theme.WARN, bold=True))
        for row in self.rows:
            self.add_widget(row)

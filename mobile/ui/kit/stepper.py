"""− number +"""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import theme
from mobile.ui.kit.keys import Key
from mobile.ui.kit.words import OneLine


class Stepper(BoxLayout):
    def __init__(self, on_step, **options):
        super().__init__(**{"size_hint": (None, None), "size": ("232dp", "64dp"), "spacing": dp(8), **options})
        side = {"size_hint": (None, None), "size": ("64dp", "64dp"), "icon_size": "30dp"}
        self.minus = Key(icon="minus", on_touch=lambda: on_step(-1), **side)
        self.plus = Key(icon="plus", on_touch=lambda: on_step(1), **side)
        self.number = OneLine("1", size=theme.FIGURE, bold=True, halign="center")
        for part in (self.minus, self.number, self.plus):
            self.add_widget(part)

    def show(self, number):
        self.number.text = str(number)
        self.number.font_size = theme.FIGURE if number < 1000 else theme.LARGE
        self.minus.disabled = number <= 1

"""The A–Z keypad: species are found by the initials of their pinyin, so that recording never needs a Chinese keyboard."""

from string import ascii_uppercase

from kivy.metrics import dp
from kivy.uix.layout import Layout

from mobile.ui import texts, theme
from mobile.ui.kit.keys import Key

ROW_HEIGHT = 64


class InitialsKeypad(Layout):
    """Six columns by five rows, or, where it is low, seven by four. Calls `picker.type_letter`, `backspace`, `clear`."""

    def __init__(self, picker, **options):
        super().__init__(**options)
        self.letters = {}
        for letter in ascii_uppercase:
            key = Key(
                letter,
                font=theme.TITLE,
                size_hint=(None, None),
                on_touch=lambda letter=letter: picker.type_letter(letter),
            )
            self.letters[letter] = key
            self.add_widget(key)
        self.clear_key = Key(texts.CLEAR, size_hint=(None, None), on_touch=picker.clear)
        self.erase_key = Key(icon="erase", icon_size="32dp", size_hint=(None, None), on_touch=picker.backspace)
        self.add_widget(self.clear_key)
        self.add_widget(self.erase_key)
        self.bind(pos=self._trigger_layout, size=self._trigger_layout)

    @staticmethod
    def height_for(rows=4):
        return dp(ROW_HEIGHT * rows + 8 * (rows - 1))

    def do_layout(self, *_):
        columns, rows, last = (7, 4, 1) if self.height < dp(5 * ROW_HEIGHT) else (6, 5, 2)
        gap = dp(8)
        across, up = (self.width - gap * (columns - 1)) / columns, (self.height - gap * (rows - 1)) / rows
        cell = 0
        for key in reversed(self.children):
            span = 1 if len(key.text) == 1 else last
            row, column = divmod(cell, columns)
            key.size = (across * span + gap * (span - 1), up)
            key.pos = (self.x + column * (across + gap), self.top - (row + 1) * up - row * gap)
            cell += span

"""Text fields that hand over what was typed, soon after typing stops and at the latest when they lose the focus."""

from kivy.clock import Clock
from kivy.graphics import Color, Line
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.textinput import TextInput

from mobile.ui import theme
from mobile.ui.kit.paint import rgba
from mobile.ui.kit.words import Words

TYPING_PAUSE_S = 0.6


class TextField(TextInput):
    """`input_type` is text, never Kivy's null, which keeps Chinese keyboards of Android in Latin."""

    def __init__(self, on_typed=None, height="56dp", input_type="text", hint="", multiline=False, **options):
        super().__init__(
            multiline=multiline,
            write_tab=False,
            size_hint_y=None,
            height=height,
            font_size=theme.BODY,
            padding=(dp(12), dp(15), dp(12), dp(10)),
            background_normal="",
            background_active="",
            background_color=rgba(theme.SURFACE),
            foreground_color=rgba(theme.INK),
            cursor_color=rgba(theme.PRIMARY),
            cursor_width=dp(2),
            hint_text=hint,
            hint_text_color=rgba(theme.INK_SOFT),
            input_type=input_type,
            **options,
        )
        self._on_typed = on_typed
        self._handed = ""
        self._pause = Clock.create_trigger(lambda _: self.hand_over(), TYPING_PAUSE_S)
        with self.canvas.after:
            self._ink = Color(*rgba(theme.EDGE))
            self._outline = Line(width=dp(1))
        self.bind(pos=self._paint, size=self._paint, focus=self._focused, text=lambda *_: self._pause())
        self._paint()

    def show(self, text):
        """Takes the presenter's text, unless the user is typing another."""
        if not self.focus and text != self.text:
            self._handed = text
            self.text = text

    def hand_over(self):
        self._pause.cancel()
        if self.text != self._handed and self._on_typed is not None:
            self._handed = self.text
            self._on_typed(self.text)

    def _focused(self, *_):
        self._paint()
        if not self.focus:
            self.hand_over()

    def _paint(self, *_):
        self._ink.rgba = rgba(theme.PRIMARY if self.focus else theme.EDGE)
        self._outline.width = dp(2 if self.focus else 1)
        self._outline.rounded_rectangle = (
            self.x + dp(1),
            self.y + dp(1),
            max(0, self.width - dp(2)),
            max(0, self.height - dp(2)),
            dp(6),
        )


class Field(BoxLayout):
    """A text field under its name."""

    def __init__(self, name, on_typed=None, **options):
        super().__init__(orientation="vertical", spacing=dp(4), size_hint_y=None)
        self.input = TextField(on_typed, **options)
        self.add_widget(Words(name, size=theme.SMALL, colour=theme.INK_SOFT))
        self.add_widget(self.input)
        self.bind(minimum_height=self.setter("height"))

"""Boxes that arrange themselves by the shape of the window."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout
from kivy.uix.layout import Layout
from kivy.uix.scrollview import ScrollView
from kivy.uix.stacklayout import StackLayout

from mobile.ui import theme
from mobile.ui.kit.paint import Panel
from mobile.ui.kit.words import Words


class Split(BoxLayout):
    """Two parts: side by side where it is wider than high, else stacked; `swap_stacked` puts the second on top then."""

    def __init__(self, first, second, share=0.5, swap_stacked=False, **options):
        super().__init__(**{"spacing": dp(12), "padding": dp(12), **options})
        self._parts, self._share, self._swap = (first, second), share, swap_stacked
        self._sideways = None
        self.bind(size=self._arrange)
        self._arrange()

    @property
    def sideways(self):
        return bool(self._sideways)

    def _arrange(self, *_):
        sideways = self.width > self.height
        if sideways == self._sideways:
            return
        self._sideways = sideways
        first, second = self._parts
        self.orientation = "horizontal" if sideways else "vertical"
        self.clear_widgets()
        if sideways:
            first.size_hint, second.size_hint = (self._share, 1), (1 - self._share, 1)
        else:
            for part in self._parts:
                part.size_hint = (1, None if getattr(part, "own_height", False) else 1)
        for part in (second, first) if self._swap and not sideways else (first, second):
            self.add_widget(part)


class TileGrid(Layout):
    """Equal tiles in 4 columns, or in 2 where it is higher than wide; the first is two tiles wide."""

    def __init__(self, **options):
        super().__init__(**options)
        self.bind(pos=self._trigger_layout, size=self._trigger_layout, children=self._trigger_layout)

    def do_layout(self, *_):
        columns = 4 if self.width > self.height else 2
        cells = len(self.children) + 1
        rows = -(-cells // columns)
        gap = dp(12)
        across, up = (self.width - gap * (columns - 1)) / columns, (self.height - gap * (rows - 1)) / rows
        for number, tile in enumerate(reversed(self.children)):
            row, column = divmod(number + 1 if number else 0, columns)
            tile.size = (across if number else across * 2 + gap, up)
            tile.icon_size = min(dp(96), up * 0.42)
            tile.pos = (self.x + column * (across + gap), self.top - (row + 1) * up - row * gap)


class Column(ScrollView):
    """A scrolling column; `add` puts a widget at its end."""

    def __init__(self, *widgets, spacing=12, padding=0, **options):
        super().__init__(do_scroll_x=False, bar_width=dp(6), scroll_type=["bars", "content"], **options)
        self.inner = GridLayout(cols=1, size_hint_y=None, spacing=dp(spacing), padding=padding)
        self.inner.bind(minimum_height=self.inner.setter("height"))
        self.add_widget(self.inner)
        for widget in widgets:
            self.inner.add_widget(widget)


class Columns(GridLayout):
    """As many equal columns as fit, each at least `narrowest` dp wide."""

    def __init__(self, *widgets, narrowest=280, most=3, **options):
        super().__init__(**{"size_hint_y": None, "spacing": dp(12), "cols": 1, **options})
        self._narrowest, self._most = narrowest, most
        self.bind(minimum_height=self.setter("height"), width=self._fit)
        for widget in widgets:
            self.add_widget(widget)

    def _fit(self, *_):
        self.cols = max(1, min(self._most, int((self.width + dp(12)) // dp(self._narrowest))))


class Masonry(Layout):
    """Cards in as many columns as fit, each `narrowest` dp or wider; a card goes below the shortest column so far."""

    def __init__(self, *widgets, narrowest=400, most=2, **options):
        super().__init__(size_hint_y=None, **options)
        self._narrowest, self._most = narrowest, most
        self.bind(pos=self._trigger_layout, width=self._trigger_layout, children=self._trigger_layout)
        for widget in widgets:
            self.add_widget(widget)

    def add_widget(self, widget, *args, **options):
        widget.bind(height=self._trigger_layout)
        return super().add_widget(widget, *args, **options)

    def do_layout(self, *_):
        gap = dp(12)
        count = max(1, min(self._most, int((self.width + gap) // dp(self._narrowest))))
        across = (self.width - gap * (count - 1)) / count
        depths, places = [0] * count, []
        for card in reversed(self.children):
            card.width = across
            column = depths.index(min(depths))
            places.append((card, column, depths[column] + card.height))
            depths[column] += card.height + gap
        self.height = max(max(depths) - gap, 0)
        for card, column, depth in places:
            card.pos = (self.x + column * (across + gap), self.top - depth)


class Wrap(StackLayout):
    """Chips side by side, wrapped."""

    def __init__(self, *widgets, **options):
        super().__init__(size_hint_y=None, height=0, spacing=dp(8), **options)
        self.bind(minimum_height=self.setter("height"))
        for widget in widgets:
            self.add_widget(widget)


class Card(Panel):
    """A white card with a heading."""

    def __init__(self, heading="", *widgets, **options):
        super().__init__(
            **{
                "orientation": "vertical",
                "fill": theme.SURFACE,
                "edge": theme.EDGE,
                "size_hint_y": None,
                "padding": dp(14),
                "spacing": dp(8),
                **options,
            }
        )
        if self.size_hint_y is None:
            self.bind(minimum_height=self.setter("height"))
        self.heading = Words(heading, size=theme.BODY, bold=True)
        if heading:
            self.add_widget(self.heading)
        for widget in widgets:
            self.add_widget(widget)

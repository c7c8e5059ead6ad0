"""Home: the state of the tablet, and a big tile for each thing to do."""

from functools import partial

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keys import Key, Touch
from mobile.ui.kit.layout import TileGrid
from mobile.ui.kit.words import OneLine
from mobile.ui.page import Page


class StatusCell(Touch):
    """A name and what is to say about it; touching it opens its screen."""

    def __init__(self, icon, name, on_touch=None):
        super().__init__(on_touch, size_hint_y=None, height="72dp", padding=(dp(12), dp(8)), spacing=dp(10))
        self._icon = Icon(name=icon, size_hint=(None, None), size=("28dp", "28dp"), pos_hint={"center_y": 0.5})
        self._name = OneLine(name, size=theme.SMALL, colour=theme.INK_SOFT, valign="bottom")
        self._text = OneLine(size=theme.BODY, bold=True, valign="top")
        words = BoxLayout(orientation="vertical")
        words.add_widget(self._name)
        words.add_widget(self._text)
        self.add_widget(self._icon)
        self.add_widget(words)

    def show(self, text, colour=theme.INK, name=None):
        self._text.text, self._icon.colour = text, colour
        self._text.recolour(colour)
        if name is not None:
            self._name.text = name


class HomePage(Page):
    title = texts.APP_NAME
    is_home = True

    def build(self):
        self.body.padding, self.body.spacing = dp(12), dp(12)
        self.cells = {
            "survey": StatusCell("survey", texts.SURVEY, lambda: self.shell.go("survey")),
            "waiting": StatusCell("sync", texts.WAITING, lambda: self.shell.go("sync")),
            "state": StatusCell("storage", texts.STORAGE, self._open_state),
        }
        self.strip = BoxLayout(orientation="vertical", size_hint_y=None, spacing=dp(12))
        self.strip.bind(minimum_height=self.strip.setter("height"))
        self._rows = None
        self.tiles = {}
        self.grid = TileGrid()
        for tile in self.field.home.tiles:
            style = "plain" if self.tiles else "primary"
            key = Key(
                tile.title,
                icon=tile.screen,
                font=theme.TITLE,
                stacked=True,
                size_hint=(None, None),
                style=style,
                on_touch=lambda screen=tile.screen: self.shell.go(screen),
            )
            self.tiles[tile.screen] = key
            self.grid.add_widget(key)
        self.enrol_key = Key(
            texts.NOT_ENROLLED + "　" + texts.NOT_ENROLLED_DETAIL,
            icon="warn",
            style="danger",
            height="64dp",
            on_touch=lambda: self.shell.go("sync"),
        )
        self.asked_key = Key(icon="question", style="asking", height="64dp", on_touch=partial(self._open, "asked"))
        self.conflict_key = Key(icon="warn", style="asking", height="64dp", on_touch=partial(self._open, "conflict"))
        self.body.add_widget(self.strip)
        self.body.add_widget(self.grid)
        self.bind(size=self._fit)

    def watch(self):
        return (self.field.home, self.field.patrol, self.field.sync)

    def enter(self):
        self.field.home.refresh()

    def show(self):
        home = self.field.home
        self.bar.show(self.field.position, f"{texts.APP_NAME}　{home.person_name}".strip())
        self.cells["survey"].show(home.survey_title)
        self.cells["waiting"].show(home.waiting_text, theme.GOOD if home.all_delivered else theme.INFO)
        self._show_state(home)
        self.asked_key.text = texts.ASKED.format(text=home.asked_text)
        self.conflict_key.text = texts.IN_CONFLICT.format(text=home.conflict_text)
        # One after the other: two would leave no room for the tiles of a small tablet.
        self._put_on_top(self.conflict_key, home.conflict_count > 0 and not home.asked_count)
        self._put_on_top(self.asked_key, home.asked_count > 0)
        self._put_on_top(self.enrol_key, not home.enrolled)

    def _put_on_top(self, key, shown):
        if shown and key.parent is None:
            self.body.add_widget(key, index=len(self.body.children))
        elif not shown and key.parent is not None:
            self.body.remove_widget(key)

    def _open(self, state):
        self.field.my_records.set_filter(state)
        self.shell.go("my_records")

    def _show_state(self, home):
        cell = self.cells["state"]
        if home.storage_low:
            cell.show(texts.STORAGE_LOW.format(mb=home.free_mb), theme.BAD, texts.STORAGE)
        elif home.patrol_text:
            cell.show(home.patrol_text, theme.GOOD, texts.PATROL_NOW)
        else:
            cell.show(texts.STORAGE_FREE.format(gb=home.free_mb / 1000), name=texts.STORAGE)

    def _open_state(self):
        self.shell.go("patrol" if self.field.home.patrol_text else "sync")

    def _fit(self, *_):
        """The survey's name has a row of its own where three cells do not fit side by side."""
        cells = list(self.cells.values())
        rows = [cells] if self.width > dp(1000) else [cells[:1], cells[1:]]
        if len(rows) == self._rows:
            return
        self._rows = len(rows)
        self.strip.clear_widgets()
        for row in rows:
            box = BoxLayout(size_hint_y=None, height="72dp", spacing=dp(12))
            for cell in row:
                if cell.parent:
                    cell.parent.remove_widget(cell)
                box.add_widget(cell)
            self.strip.add_widget(box)

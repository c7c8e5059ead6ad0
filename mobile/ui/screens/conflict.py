"""A record that was changed in two places: both values of each field, large enough to be touched with gloves on."""

from functools import partial

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile.presenters.conflict import SAVED
from mobile.ui import texts, theme
from mobile.ui.kit.keys import Key, Touch
from mobile.ui.kit.layout import Card, Column, Columns
from mobile.ui.kit.words import Words, unbroken
from mobile.ui.page import Page

SMALLEST = 80


class Side(Touch):
    """One value, and below it who wrote it and when. The chosen one says so in a word, not by its colour alone."""

    def __init__(self, on_touch):
        self._words = Words(size=theme.LARGE, bold=True)
        self._detail = Words(size=theme.SMALL)
        self._who = Words(size=theme.SMALL, colour=theme.INK_SOFT)
        self._mark = Words(size=theme.BODY, bold=True, colour=theme.GOOD)
        super().__init__(on_touch, orientation="vertical", padding=(dp(16), dp(12)), spacing=dp(6), size_hint_y=None)
        for part in (self._words, self._detail, Widget(), self._who, self._mark):
            self.add_widget(part)

    def show(self, option):
        self._words.text, self._detail.text = unbroken(option.words), unbroken(option.detail)
        self._who.text = unbroken(option.who)
        self._mark.text = texts.CHOSEN_SIDE if option.chosen else texts.CHOOSE_SIDE
        self._mark.recolour(theme.GOOD if option.chosen else theme.INK_SOFT)
        self.style = "chosen" if option.chosen else "plain"


class Sides(Columns):
    """All as tall as the tallest: none is the smaller target."""

    def __init__(self, *sides):
        super().__init__(*sides, most=2)
        for side in sides:
            side.bind(minimum_height=self._level)
        self._level()

    def _level(self, *_):
        tallest = max([dp(SMALLEST), *(side.minimum_height for side in self.children)])
        for side in self.children:
            side.height = tallest


class ConflictPage(Page):
    title = texts.CONFLICT

    def build(self):
        self.about = Words(colour=theme.INK_SOFT)
        self.refusal = Words(colour=theme.WARN, size=theme.LARGE)
        self.head = Card("", self.about, self.refusal)
        self.column = Column(self.head, padding=dp(12))
        self.save_key = Key(
            texts.SAVE_CHOICE, icon="check", style="primary", font=theme.LARGE, height="72dp", on_touch=self._save
        )
        foot = BoxLayout(size_hint_y=None, height="96dp", padding=dp(12))
        foot.add_widget(self.save_key)
        self.body.add_widget(self.column)
        self.body.add_widget(foot)
        self.sides, self._laid = {}, ()

    def watch(self):
        return (self.field.conflict,)

    def enter(self):
        self.field.conflict.refresh()

    def show(self):
        conflict = self.field.conflict
        self.bar.show(self.field.position, self.title)
        self.about.text = f"{conflict.title}\n{texts.CONFLICT_HINT}" if conflict.rows else conflict.title
        self.refusal.text = unbroken(conflict.refusal)
        self._lay(conflict.rows)
        for row in conflict.rows:
            for option in row.options:
                self.sides[row.name, option.key].show(option)
        self.save_key.text = texts.CHOICES_LEFT.format(count=conflict.left) if conflict.left else texts.SAVE_CHOICE
        self.save_key.disabled = not conflict.can_save

    def _lay(self, rows):
        """Cards stay while the fields and their versions do, so that nothing moves under a finger."""
        wanted = tuple((row.name, tuple(option.key for option in row.options)) for row in rows)
        if wanted == self._laid:
            return
        self._laid, self.sides = wanted, {}
        self.column.inner.clear_widgets()
        self.column.inner.add_widget(self.head)
        for row in rows:
            sides = {
                (row.name, one.key): Side(partial(self.field.conflict.choose, row.name, one.key)) for one in row.options
            }
            self.sides |= sides
            self.column.inner.add_widget(Card(row.label, Sides(*sides.values())))

    def _save(self):
        """What was said here went with this page: it is said on the one below."""
        if self.field.conflict.save():
            self.shell.back()
            self.shell.tell(SAVED, "ok")

"""A bird transect: one touch per bird; targets that were not seen become zeros."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keys import HoldKey, Key, Touch
from mobile.ui.kit.layout import Card, Column, Columns, Wrap
from mobile.ui.kit.species import SpeciesPane
from mobile.ui.kit.words import Fitted, Words
from mobile.ui.page import Page
from mobile.ui.screens.patrol import Meter, StartForm


class TallyTile(BoxLayout):
    """The name and number, which is touched for one more, and a smaller key for one less."""

    def __init__(self, transect, row):
        super().__init__(size_hint_y=None, height="104dp", spacing=dp(8))
        key = row.key
        self.plus = Touch(lambda: transect.plus(key), padding=(dp(16), dp(8)), spacing=dp(8))
        names = BoxLayout(orientation="vertical", size_hint_y=None, pos_hint={"center_y": 0.5})
        names.bind(minimum_height=names.setter("height"))
        self._name = Words(row.name_zh or row.scientific_name, size=theme.LARGE, bold=True)
        self._latin = Words(row.scientific_name if row.name_zh else "", size=theme.SMALL, colour=theme.INK_SOFT)
        self._number = Fitted(size=theme.FIGURE, bold=True, pos_hint={"center_y": 0.5})
        names.add_widget(self._name)
        names.add_widget(self._latin)
        self.plus.add_widget(names)
        if row.target:
            self.plus.add_widget(
                Fitted(texts.TARGET, size=theme.SMALL, colour=theme.INFO, bold=True, pos_hint={"center_y": 0.5})
            )
        self.plus.add_widget(self._number)
        self.plus.add_widget(
            Icon(
                name="plus",
                size_hint=(None, None),
                size=("26dp", "26dp"),
                pos_hint={"center_y": 0.5},
                colour=theme.PRIMARY,
            )
        )
        self.minus = Key(icon="minus", size_hint=(None, 1), width="64dp", on_touch=lambda: transect.minus(key))
        self.add_widget(self.plus)
        self.add_widget(self.minus)

    def show(self, row):
        self._number.text = str(row.count)
        self.plus.style = "chosen" if row.count else "plain"
        self.minus.disabled = row.count == 0


class TransectPage(Page):
    title = texts.TRANSECT

    def build(self):
        self.targets = {}
        self.target_chips = Wrap()
        self.target_words = Words(texts.NO_TARGETS, colour=theme.INK_SOFT)
        self.add_target_key = Key(
            texts.ADD_TARGET, icon="plus", height="56dp", on_touch=lambda: self.shell.go("transect_species")
        )
        card = Card(texts.TARGETS, self.target_words, self.target_chips, self.add_target_key)
        self.idle = StartForm(
            "transect",
            texts.TRANSECT_HINT,
            texts.TRANSECT_PLACE,
            texts.START_TRANSECT,
            self._start,
            lambda: self.shell.go("notice"),
            card,
        )
        self.meter = Meter(texts.LENGTH, texts.ELAPSED, texts.TOTAL)
        self.tiles = {}
        self.sheet = Columns(narrowest=380, most=3)
        self.hint = Words(texts.TALLY_EMPTY, colour=theme.INK_SOFT)
        self.add_key = Key(
            texts.ADD_SPECIES,
            icon="plus",
            style="primary",
            height="64dp",
            on_touch=lambda: self.shell.go("transect_species"),
        )
        self.end_key = HoldKey(texts.END_TRANSECT, icon="stop", height="64dp", on_hold=self.field.transect.end)
        self.active = BoxLayout(orientation="vertical", padding=dp(12), spacing=dp(12))
        keys = BoxLayout(size_hint_y=None, height="64dp", spacing=dp(12))
        keys.add_widget(self.end_key)
        keys.add_widget(self.add_key)
        for part in (self.meter, self.hint, Column(self.sheet), keys):
            self.active.add_widget(part)

    def watch(self):
        return (self.field.transect,)

    def enter(self):
        self.field.transect.open()

    def show(self):
        transect = self.field.transect
        running = transect.state == "running"
        shown = self.active if running else self.idle
        if shown.parent is None:
            self.body.clear_widgets()
            self.body.add_widget(shown)
        if running:
            self._show_tally(transect)
        else:
            self._show_targets()

    def add_target(self, species):
        self.targets[species.key] = species

    def _show_tally(self, transect):
        self.meter.show(transect.length_text, transect.elapsed_text, texts.INDIVIDUALS.format(count=transect.total))
        keys = [row.key for row in transect.tally]
        if keys != list(self.tiles):
            self.sheet.clear_widgets()
            self.tiles = {row.key: TallyTile(transect, row) for row in transect.tally}
            for tile in self.tiles.values():
                self.sheet.add_widget(tile)
        for row in transect.tally:
            self.tiles[row.key].show(row)
        self.hint.text = "" if transect.tally else texts.TALLY_EMPTY

    def _show_targets(self):
        self.target_words.text = "" if self.targets else texts.NO_TARGETS
        if len(self.target_chips.children) != len(self.targets):
            self.target_chips.clear_widgets()
            for key, species in self.targets.items():
                self.target_chips.add_widget(_TargetChip(species, lambda key=key: self._drop_target(key)))

    def _drop_target(self, key):
        del self.targets[key]
        self._show_targets()

    def _start(self):
        if self.field.notice.needed:
            self.shell.go("notice")
        elif self.field.transect.start(self.idle.place.input.text, tuple(self.targets.values())):
            self.targets = {}
            self.idle.place.input.text = ""


class _TargetChip(Key):
    def __init__(self, species, on_touch):
        super().__init__(
            species.display,
            icon="cross",
            icon_size="18dp",
            bold=False,
            size_hint_x=None,
            height="56dp",
            on_touch=on_touch,
        )
        self.radius = dp(24)
        self._middle.bind(width=lambda _, width: setattr(self, "width", width + dp(36)))


class TransectSpeciesPage(Page):
    """Adds a bird to the sheet, or, before the start, to the targets."""

    title = texts.ADD_SPECIES

    def build(self):
        self.pane = SpeciesPane(self.field.transect.picker, self._choose)
        self.body.add_widget(self.pane)

    def watch(self):
        return (self.field.transect.picker, self.field.transect)

    def enter(self):
        self.field.transect.picker.clear()
        self.field.transect.picker.refresh()

    def show(self):
        self.pane.show(None)

    def _choose(self, key):
        species = self.field.transect.picker.by_key(key)
        if self.field.transect.state == "running":
            self.field.transect.add_species(species, 1)
        else:
            self.shell.screens.get_screen("transect").add_target(species)
        self.shell.back()

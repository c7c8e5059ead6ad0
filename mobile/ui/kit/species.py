"""Species lists and the pane in which one is found: keypad, what was typed, results, what the chosen one is taken for."""

from kivy.metrics import dp
from kivy.properties import ObjectProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.recycleboxlayout import RecycleBoxLayout
from kivy.uix.recycleview import RecycleView
from kivy.uix.recycleview.views import RecycleDataViewBehavior

from mobile.ui import texts, theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keypad import InitialsKeypad
from mobile.ui.kit.keys import Key, Touch
from mobile.ui.kit.layout import Column, Split
from mobile.ui.kit.look_alikes import LookAlikes
from mobile.ui.kit.mark import Mark, edge_of
from mobile.ui.kit.paint import Panel
from mobile.ui.kit.words import OneLine, Words

ROW = 76
HEADING = 44
MOST_OF_SIDE = 0.45
"""Look-alikes take no more than this share of the results' side; what is more is scrolled."""


class SpeciesRow(RecycleDataViewBehavior, Touch):
    """Chinese name, Latin name, protection in words and as a coloured edge."""

    species = ObjectProperty(None, allownone=True)
    picked = ObjectProperty(None, allownone=True)
    on_pick = ObjectProperty(None, allownone=True)

    def __init__(self, **options):
        self._side = Panel(size_hint_x=None, width="8dp", radius=dp(3))
        self._name = OneLine(size=theme.LARGE, bold=True, valign="bottom")
        self._latin = OneLine(size=theme.SMALL, colour=theme.INK_SOFT, valign="top")
        self._mark = Mark()
        self._tick = Icon(
            size_hint=(None, None), size=("28dp", "28dp"), pos_hint={"center_y": 0.5}, colour=theme.PRIMARY
        )
        super().__init__(padding=(dp(8), dp(8), dp(12), dp(8)), spacing=dp(12))
        names = BoxLayout(orientation="vertical", spacing=dp(2))
        names.add_widget(self._name)
        names.add_widget(self._latin)
        for part in (self._side, names, self._tick, self._mark):
            self.add_widget(part)
        self.bind(on_release=lambda *_: self.on_pick(self.species.key))

    def refresh_view_attrs(self, rv, index, data):
        super().refresh_view_attrs(rv, index, data)
        species = self.species
        self._name.text, self._latin.text = (
            species.display,
            species.scientific_name if species.name_zh else species.family,
        )
        self._mark.show(species.mark)
        self._side.fill = edge_of(species.mark)
        chosen = species.key == self.picked
        self._tick.name, self.style = ("check", "chosen") if chosen else ("", "plain")


class SectionRow(RecycleDataViewBehavior, BoxLayout):
    """A heading between rows."""

    def __init__(self, **options):
        super().__init__(padding=(dp(4), 0), **options)
        self._title = OneLine(size=theme.BODY, bold=True)
        self.add_widget(self._title)

    def refresh_view_attrs(self, rv, index, data):
        self._title.text = data["title"]


class SpeciesList(RecycleView):
    """Each section under its title; the first title is the pane's own heading."""

    def __init__(self, on_pick, **options):
        super().__init__(do_scroll_x=False, bar_width=dp(6), scroll_type=["bars", "content"], **options)
        self._on_pick = on_pick
        inner = RecycleBoxLayout(
            orientation="vertical",
            default_size=(None, dp(ROW)),
            default_size_hint=(1, None),
            key_size="row_size",
            size_hint_y=None,
            spacing=dp(8),
        )
        inner.bind(minimum_height=inner.setter("height"))
        self.add_widget(inner)
        self.key_viewclass = "row_class"
        self._shown = None

    def show(self, sections, picked):
        if (sections, picked) == self._shown:
            return
        if self._shown is None or sections != self._shown[0]:
            self.scroll_y = 1
        self._shown = (sections, picked)
        rows = []
        for number, (title, found) in enumerate(sections):
            if number:
                rows.append({"row_class": "SectionRow", "row_size": (None, dp(HEADING)), "title": title})
            rows += [self._row(species, picked) for species in found]
        self.data = rows

    def _row(self, species, picked):
        return {
            "row_class": "SpeciesRow",
            "row_size": (None, dp(ROW)),
            "species": species,
            "picked": picked,
            "on_pick": self._on_pick,
        }


class SpeciesPane(Split):
    """Bound to a SpeciesPicker; `on_pick(key)` for a touched row or look-alike, `on_unknown()` for 待鉴定."""

    def __init__(self, picker, on_pick, on_unknown=None, **options):
        self.picker = picker
        self.keypad = InitialsKeypad(picker)
        self.typed = OneLine(size=theme.TITLE, bold=True)
        self.list = SpeciesList(on_pick)
        self._heading = OneLine(size=theme.BODY, bold=True)
        self._empty = Words(colour=theme.INK_SOFT)
        self.look_alikes = LookAlikes(on_pick)
        self._on_unknown = on_unknown
        self._keys_side, self._found_side = self._keys(), self._found()
        super().__init__(self._keys_side, self._found_side, share=0.46, swap_stacked=True, **options)
        self.bind(size=self._stack)

    def show(self, picked, look_alikes=()):
        picker = self.picker
        self.typed.text = " ".join(picker.query.upper()) if picker.query else texts.INITIALS_HINT
        self.typed.font_size = theme.TITLE if picker.query else theme.BODY
        sections = self._sections()
        self._heading.text = sections[0][0]
        self.list.show(sections, picked)
        self._empty.text = "" if picker.results else self._empty_text()
        self.look_alikes.show(look_alikes)
        self._arrange_found()

    def _sections(self):
        picker, count = self.picker, len(self.picker.results)
        if picker.query:
            return (((texts.FOUND_MANY if count >= 40 else texts.FOUND).format(count=count), picker.results),)
        return tuple((part.title, part.species) for part in picker.sections) or ((texts.NOTHING_YET, ()),)

    def _empty_text(self):
        if self.picker.query:
            return texts.NOTHING_FOUND
        hint = texts.NOTHING_RECENT if self.sideways else texts.NOTHING_RECENT_STACKED
        return f"{hint}\n\n{self.picker.pack_text}"

    def _keys(self):
        side = BoxLayout(orientation="vertical", spacing=dp(8))
        side.own_height = True
        box = Panel(fill=theme.SURFACE, edge=theme.EDGE, size_hint_y=None, height="56dp", padding=(dp(16), 0))
        box.add_widget(self.typed)
        side.add_widget(box)
        side.add_widget(self.keypad)
        return side

    def _found(self):
        side = BoxLayout(orientation="vertical", spacing=dp(8))
        head = BoxLayout(size_hint_y=None, height="56dp", spacing=dp(8))
        head.add_widget(self._heading)
        if self._on_unknown is not None:
            self.unknown_key = Key(
                texts.UNKNOWN, icon="unknown", size_hint=(None, None), size=("136dp", "56dp"), on_touch=self._on_unknown
            )
            head.add_widget(self.unknown_key)
        self._taken_for = Column(self.look_alikes, size_hint_y=None, height=0)
        self.look_alikes.bind(height=self._cap)
        side.bind(height=self._cap)
        self._head = head
        return side

    def _arrange_found(self):
        """Only what has something to say takes room."""
        shown = [self._head, *([self._empty] if self._empty.text else [])]
        shown += [self._taken_for] if self.look_alikes.rows else []
        shown.append(self.list)
        if shown != self._found_side.children[::-1]:
            self._found_side.clear_widgets()
            for part in shown:
                self._found_side.add_widget(part)

    def _cap(self, *_):
        self._taken_for.height = min(self.look_alikes.height, self._found_side.height * MOST_OF_SIDE)

    def _stack(self, *_):
        if not self.sideways:
            self._keys_side.height = dp(64) + InitialsKeypad.height_for()

"""Recording a sighting: initials, species, count, save."""

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.presenters.form import SAVED, saved_words
from mobile.ui import texts, theme
from mobile.ui.kit.keys import Key
from mobile.ui.kit.paint import Panel
from mobile.ui.kit.species import SpeciesPane
from mobile.ui.kit.stepper import Stepper
from mobile.ui.kit.words import OneLine, Words
from mobile.ui.page import Page

UNDO_SECONDS = 8


class Dock(Panel):
    """Below everything: what is chosen (or was just saved), how many, photo, details, save."""

    def __init__(self, page):
        super().__init__(
            orientation="vertical", fill=theme.SURFACE, radius=0, size_hint_y=None, padding=dp(12), spacing=dp(8)
        )
        self.chosen = OneLine(size=theme.LARGE, bold=True)
        self.doubt = Words(size=theme.SMALL, colour=theme.WARN)
        self.undo_key = Key(
            texts.UNDO,
            icon="undo",
            size_hint=(None, None),
            size=("120dp", "56dp"),
            pos_hint={"center_y": 0.5},
            on_touch=page.undo,
        )
        self.stepper = Stepper(page.step)
        self.photo_key = Key(
            texts.PHOTO, icon="photo", stacked=True, font=theme.SMALL, size_hint=(None, None), on_touch=page.take_photo
        )
        self.details_key = Key(
            texts.DETAILS,
            icon="details",
            stacked=True,
            font=theme.SMALL,
            size_hint=(None, None),
            on_touch=lambda: page.shell.go("details"),
        )
        self.save_key = Key(
            texts.SAVE, icon="check", style="primary", font=theme.TITLE, height="64dp", on_touch=page.save
        )
        for key in (self.photo_key, self.details_key):
            key.size = ("80dp", "64dp")
        self._words = BoxLayout(spacing=dp(8))
        self._texts = BoxLayout(orientation="vertical")
        self._texts.add_widget(self.chosen)
        self._texts.add_widget(self.doubt)
        self._words.add_widget(self._texts)
        self._keys = BoxLayout(spacing=dp(8), size_hint_y=None, height="64dp")
        for key in (self.stepper, self.photo_key, self.details_key, self.save_key):
            self._keys.add_widget(key)
        self._wide = None
        self.bind(width=self._arrange)
        self._arrange()

    def show(self, record, saved):
        self.chosen.text = saved or record.chosen_text or texts.CHOOSE_FIRST
        self.chosen.recolour(theme.GOOD if saved else theme.INK if record.chosen_text else theme.INK_SOFT)
        self.doubt.text = "" if saved else "；".join(record.flags)
        self.stepper.show(record.count)
        self.photo_key.text = texts.PHOTO_COUNT.format(count=len(record.photos)) if record.photos else texts.PHOTO
        self.photo_key.style = "chosen" if record.photos else "plain"
        self.save_key.disabled = not record.can_confirm
        if bool(saved) != bool(self.undo_key.parent):
            (self._words.add_widget if saved else self._words.remove_widget)(self.undo_key)

    def _arrange(self, *_):
        wide = self.width > dp(1000)
        if wide == self._wide:
            return
        self._wide = wide
        self.clear_widgets()
        self.orientation = "horizontal" if wide else "vertical"
        self.height = dp(88 if wide else 152)
        self._words.size_hint_y, self._words.height = (1, dp(64)) if wide else (None, dp(56))
        self._keys.size_hint_x = 1.1 if wide else 1
        self.add_widget(self._words)
        self.add_widget(self._keys)


class RecordPage(Page):
    title = texts.RECORD

    def build(self):
        record = self.field.record
        self.pane = SpeciesPane(record.picker, record.choose, record.choose_unknown)
        self.dock = Dock(self)
        self.body.add_widget(self.pane)
        self.body.add_widget(self.dock)
        self._saved = ""
        self._forget = Clock.create_trigger(lambda _: self._forget_saved(), UNDO_SECONDS)

    def watch(self):
        return (self.field.record, self.field.record.picker)

    def enter(self):
        self.field.record.open()

    def show(self):
        record = self.field.record
        if record.chosen_text:
            self._saved = ""
        self.pane.show(record.chosen.key if record.chosen else None, record.look_alikes)
        self.dock.show(record, self._saved)

    def step(self, number):
        self.field.record.add(number)

    def take_photo(self):
        self.field.record.take_photo()

    def save(self):
        record = self.field.record
        saved = f"{record.chosen_text} × {record.count}"
        if not record.confirm():
            return
        self.shell.notice.hide()
        self._saved = f"{SAVED}：{saved}{saved_words(record.saved).removeprefix(SAVED)}"
        record.open()
        self._forget()

    def undo(self):
        self._saved = ""
        self.field.record.undo()

    def leave(self):
        self._saved = ""

    def _forget_saved(self):
        self._saved = ""
        self.show()

"""A plot of an invasive plant: species, area, cover, damage, control."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.fields import Field
from mobile.ui.kit.keys import Key
from mobile.ui.kit.layout import Card, Column, Columns
from mobile.ui.kit.look_alikes import LookAlikes
from mobile.ui.kit.pictures import PhotoStrip
from mobile.ui.kit.species import SpeciesPane
from mobile.ui.page import Page
from mobile.ui.screens.details import Choices

TEXT_FIELDS = {
    "location_name": texts.LOCATION_NAME,
    "damaged_object": texts.DAMAGED_OBJECT,
    "control_action": texts.CONTROL,
    "spread_trend": texts.TREND,
    "remarks": texts.REMARKS,
}


class InvasivePage(Page):
    title = texts.INVASIVE

    def build(self):
        invasive = self.field.invasive
        self.species_key = Key(
            texts.CHOOSE_INVASIVE,
            icon="invasive",
            font=theme.LARGE,
            height="72dp",
            on_touch=lambda: self.shell.go("invasive_species"),
        )
        self.look_alikes = LookAlikes(invasive.choose)
        self.numbers = {
            choice.code: Field(
                choice.name, lambda text, code=choice.code: invasive.set_number(code, text), input_type="number"
            )
            for choice in invasive.number_fields
        }
        self.damage = Choices(invasive.damage_grades, invasive.set_damage)
        self.texts = {
            code: Field(name, lambda text, code=code: invasive.set_field(code, text.strip() or None))
            for code, name in TEXT_FIELDS.items()
        }
        self.photos = PhotoStrip(invasive.remove_photo)
        take = Key(texts.TAKE_PHOTO, icon="photo", height="64dp", on_touch=invasive.take_photo)
        self.column = Column(
            self.species_key,
            self.look_alikes,
            Card("", Columns(*self.numbers.values(), narrowest=260)),
            Card(texts.DAMAGE, self.damage),
            Card("", Columns(*self.texts.values(), narrowest=260)),
            Card(texts.PHOTOS, self.photos, take),
            padding=dp(12),
        )
        self.save_key = Key(
            texts.SAVE_PLOT, icon="check", style="primary", font=theme.TITLE, height="64dp", on_touch=self._save
        )
        foot = BoxLayout(size_hint_y=None, height="88dp", padding=dp(12))
        foot.add_widget(self.save_key)
        self.body.add_widget(self.column)
        self.body.add_widget(foot)

    def watch(self):
        return (self.field.invasive,)

    def enter(self):
        self.field.invasive.open()

    def leave(self):
        for field in (*self.numbers.values(), *self.texts.values()):
            field.input.hand_over()

    def show(self):
        invasive = self.field.invasive
        self.species_key.text = invasive.chosen_text or texts.CHOOSE_INVASIVE
        self.species_key.style = "chosen" if invasive.chosen_text else "plain"
        self.look_alikes.show(invasive.look_alikes)
        for code, field in self.numbers.items():
            field.input.show(invasive.numbers[code])
        for code, field in self.texts.items():
            field.input.show(invasive.form.values.get(code) or "")
        self.damage.show(invasive.damage_grade)
        self.photos.show(invasive.photos)
        self.save_key.disabled = not invasive.can_confirm

    def _save(self):
        self.leave()
        if self.field.invasive.confirm():
            self.field.invasive.open()
            self.column.scroll_y = 1


class InvasiveSpeciesPage(Page):
    title = texts.CHOOSE_INVASIVE

    def build(self):
        self.pane = SpeciesPane(self.field.invasive.picker, self._choose)
        self.body.add_widget(self.pane)

    def watch(self):
        return (self.field.invasive.picker, self.field.invasive)

    def show(self):
        self.pane.show(None)

    def _choose(self, key):
        if self.field.invasive.choose(key):
            self.shell.back()

"""Details of the open sighting: sex, age, behaviour, remarks, photos, place. All of them may stay empty."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.fields import Field
from mobile.ui.kit.keys import Chip, HoldKey, Key
from mobile.ui.kit.layout import Card, Column, Masonry, Wrap
from mobile.ui.kit.look_alikes import LookAlikes
from mobile.ui.kit.pictures import PhotoStrip
from mobile.ui.kit.words import Words
from mobile.ui.page import Page


class Choices(Wrap):
    """Chips of which one is chosen; touching it again takes the choice back."""

    def __init__(self, choices, on_choose):
        self.chips = {choice.code: Chip(choice.name, height="56dp") for choice in choices}
        super().__init__(*self.chips.values())
        for code, chip in self.chips.items():
            chip.bind(on_release=lambda chip, code=code: on_choose(None if chip.chosen else code))

    def show(self, chosen):
        for code, chip in self.chips.items():
            chip.chosen = code == chosen


class DetailsPage(Page):
    title = texts.DETAILS

    def build(self):
        record = self.field.record
        self.sex = Choices(record.sexes, lambda code: record.set_field("sex", code))
        self.stage = Choices(record.life_stages, lambda code: record.set_field("life_stage", code))
        self.behavior = Field(texts.BEHAVIOR, lambda text: record.set_field("behavior", text.strip() or None))
        self.remarks = Field(texts.REMARKS, record.set_remarks)
        self.photos = PhotoStrip(record.remove_photo)
        self.place = Words()
        self.seen = Chip(texts.SEEN, height="56dp")
        self.told = Chip(texts.TOLD, height="56dp")
        self.seen.bind(on_release=lambda *_: record.set_interview(False))
        self.told.bind(on_release=lambda *_: record.set_interview(True))
        self.interview_words = Words(colour=theme.INK_SOFT)
        self.agreements = Choices(record.agreements, record.set_agreement)
        self.source = Card(texts.SOURCE, Wrap(self.seen, self.told), self.interview_words)
        take = Key(texts.TAKE_PHOTO, icon="photo", height="64dp", on_touch=record.take_photo)
        self.look_alikes = LookAlikes(record.choose)
        self._taken_for = Card("", self.look_alikes)
        self._cards = Masonry(
            Card(texts.SEX, self.sex),
            Card(texts.LIFE_STAGE, self.stage),
            Card("", self.behavior, self.remarks),
            Card(texts.PHOTOS, self.photos, take),
            self.source,
            Card(texts.PLACE, self.place),
        )
        self.body.add_widget(Column(self._cards, padding=dp(12)))
        row = BoxLayout(size_hint_y=None, height="88dp", padding=dp(12), spacing=dp(12))
        row.add_widget(HoldKey(texts.DISCARD, height="64dp", on_hold=self._discard))
        row.add_widget(
            Key(texts.DONE, icon="check", style="primary", font=theme.LARGE, height="64dp", on_touch=self.shell.back)
        )
        self.body.add_widget(row)

    def watch(self):
        return (self.field.record,)

    def show(self):
        record, position = self.field.record, self.field.position
        self.bar.show(position, f"{texts.DETAILS}　{record.chosen_text}".strip())
        self._show_look_alikes(record.look_alikes)
        self.sex.show(record.sex)
        self.stage.show(record.life_stage)
        self.behavior.input.show(record.behavior)
        self.remarks.input.show(record.remarks)
        self.photos.show(record.photos)
        self._show_source(record)
        known = position.longitude is not None
        here = (
            texts.COORDINATES.format(longitude=position.longitude, latitude=position.latitude)
            if known
            else texts.NO_COORDINATES
        )
        self.place.text = "\n".join(filter(None, (record.place_text or f"{here}\n{position.text}", *record.flags)))

    def _show_source(self, record):
        self.seen.chosen, self.told.chosen = not record.interview, record.interview
        self.interview_words.text = record.interview_notice
        self.agreements.show(record.agreement)
        if record.interview != bool(self.agreements.parent):
            (self.source.add_widget if record.interview else self.source.remove_widget)(self.agreements)

    def _show_look_alikes(self, found):
        self.look_alikes.show(found)
        if bool(found) != bool(self._taken_for.parent):
            if found:
                self._cards.add_widget(self._taken_for, index=len(self._cards.children))
            else:
                self._cards.remove_widget(self._taken_for)

    def leave(self):
        self.behavior.input.hand_over()
        self.remarks.input.hand_over()

    def _discard(self):
        self.field.record.discard()
        self.shell.back()
        self.shell.tell(texts.DISCARDED, "ok")

"""A finding on patrol: what it is, what was done, evidence, photos."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.fields import Field
from mobile.ui.kit.keys import Key
from mobile.ui.kit.layout import Card, Column, Masonry
from mobile.ui.kit.pictures import PhotoStrip
from mobile.ui.page import Page
from mobile.ui.screens.details import Choices

TEXT_FIELDS = {"action_taken": texts.ACTION_TAKEN, "evidence_number": texts.EVIDENCE_NUMBER, "remarks": texts.REMARKS}


class FindingPage(Page):
    title = texts.ADD_FINDING

    def build(self):
        finding = self.field.patrol.finding
        self.types = Choices(finding.finding_types, lambda code: finding.set_field("finding_type", code))
        self.fields = {
            code: Field(name, lambda text, code=code: finding.set_field(code, text.strip() or None))
            for code, name in TEXT_FIELDS.items()
        }
        self.photos = PhotoStrip(finding.remove_photo)
        take = Key(texts.TAKE_PHOTO, icon="photo", height="64dp", on_touch=finding.take_photo)
        cards = (
            Card(texts.FINDING_TYPE, self.types),
            Card("", *self.fields.values()),
            Card(texts.PHOTOS, self.photos, take),
        )
        self.body.add_widget(Column(Masonry(*cards), padding=dp(12)))
        self.save_key = Key(
            texts.SAVE_FINDING, icon="check", style="primary", font=theme.TITLE, height="64dp", on_touch=self._save
        )
        foot = BoxLayout(size_hint_y=None, height="88dp", padding=dp(12))
        foot.add_widget(self.save_key)
        self.body.add_widget(foot)

    def watch(self):
        return (self.field.patrol.finding,)

    def leave(self):
        for field in self.fields.values():
            field.input.hand_over()

    def show(self):
        finding = self.field.patrol.finding
        self.types.show(finding.finding_type)
        for code, field in self.fields.items():
            field.input.show(finding.form.values.get(code) or "")
        self.photos.show(finding.photos)
        self.save_key.disabled = finding.finding_type is None

    def _save(self):
        self.leave()
        finding = self.field.patrol.finding
        if finding.confirm():
            self.shell.back()
            self.shell.tell("已保存", "ok")

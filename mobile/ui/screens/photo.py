"""Photo first, name later."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.keys import Key
from mobile.ui.kit.layout import Card, Column, Split
from mobile.ui.kit.pictures import PhotoStrip, Picture
from mobile.ui.page import Page


class PhotoPage(Page):
    title = texts.PHOTO

    def build(self):
        photo = self.field.photo
        self.picture = Picture()
        self.strip = PhotoStrip(photo.remove)
        self.take_key = Key(
            texts.TAKE_PHOTO, icon="photo", font=theme.LARGE, style="primary", height="80dp", on_touch=photo.take
        )
        self.name_key = Key(texts.NAME_IT, icon="record", height="64dp", on_touch=lambda: self.shell.go("record"))
        self.unknown_key = Key(texts.SAVE_UNKNOWN, icon="check", height="64dp", on_touch=self._save)
        side = BoxLayout(orientation="vertical", spacing=dp(12))
        side.add_widget(self.take_key)
        side.add_widget(Column(Card(texts.PHOTOS, self.strip)))
        keys = BoxLayout(size_hint_y=None, height="64dp", spacing=dp(12))
        keys.add_widget(self.name_key)
        keys.add_widget(self.unknown_key)
        side.add_widget(keys)
        self.body.add_widget(Split(self.picture, side, share=0.55))

    def watch(self):
        return (self.field.photo,)

    def enter(self):
        self.field.photo.open()

    def show(self):
        photo = self.field.photo
        self.picture.show(photo.latest.path if photo.latest else None)
        self.strip.show(photo.photos)
        self.name_key.disabled = self.unknown_key.disabled = not photo.photos

    def _save(self):
        if self.field.photo.confirm_unidentified():
            self.field.photo.open()

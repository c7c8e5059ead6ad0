"""The notice before the first track: its text, who I am, and for the young their guardian; then one key."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.keys import Chip, Key
from mobile.ui.kit.layout import Card, Column, Split
from mobile.ui.kit.words import Words, unbroken
from mobile.ui.page import Page
from mobile.ui.screens.details import Choices


class NoticePage(Page):
    title = texts.NOTICE

    def build(self):
        notice = self.field.notice
        self.text = Words()
        self.version = Words(size=theme.SMALL, colour=theme.INK_SOFT)
        self.said = Words(colour=theme.GOOD, bold=True)
        self.roles = Choices(notice.roles, notice.choose_role)
        self.basis = Words(size=theme.SMALL, colour=theme.INK_SOFT)
        self.ages = Choices(notice.ages, notice.choose_age)
        self.guardian = Chip(texts.GUARDIAN_AGREES, height="64dp")
        self.guardian.bind(on_release=lambda chip: notice.set_guardian(not chip.chosen))
        self.age_card = Card(texts.MY_AGE, self.ages)
        self.guardian_card = Card(texts.GUARDIAN, Words(unbroken(texts.GUARDIAN_HINT)), self.guardian)
        self.asked = Column(
            Card(texts.MY_ROLE, self.roles, self.basis),
            Words(texts.REFUSE_HINT, size=theme.SMALL, colour=theme.INK_SOFT),
        )
        self.accept_key = Key(
            texts.ACCEPT, icon="check", style="primary", font=theme.LARGE, height="72dp", on_touch=self._accept
        )
        self.refuse_key = Key(texts.REFUSE, height="72dp", size_hint_x=0.6, on_touch=self.shell.back)
        keys = BoxLayout(size_hint_y=None, height="72dp", spacing=dp(12))
        keys.add_widget(self.refuse_key)
        keys.add_widget(self.accept_key)
        side = BoxLayout(orientation="vertical", spacing=dp(12))
        side.add_widget(self.asked)
        side.add_widget(keys)
        self.notice_card = Card("", self.text, self.said, self.version)
        self.body.add_widget(Split(Column(self.notice_card), side, share=0.56))

    def watch(self):
        return (self.field.notice,)

    def enter(self):
        self.field.notice.open()

    def show(self):
        notice = self.field.notice
        self.bar.show(self.field.position, notice.title)
        self.text.text, self.version.text, self.said.text = (
            unbroken(notice.text),
            notice.version_text,
            notice.accepted_text,
        )
        self.roles.show(notice.role)
        self.ages.show(notice.age)
        self.basis.text = notice.basis_text
        self.guardian.chosen = notice.guardian
        self.accept_key.disabled = not notice.can_accept
        self.refuse_key.text = texts.REFUSE if notice.needed else texts.BACK
        wanted = [
            card
            for card, asks in ((self.age_card, notice.asks_age), (self.guardian_card, notice.asks_guardian))
            if asks
        ]
        column = self.asked.inner
        if [card for card in reversed(column.children) if card in (self.age_card, self.guardian_card)] != wanted:
            for card in (self.age_card, self.guardian_card):
                column.remove_widget(card)
            for place, card in enumerate(wanted):
                column.add_widget(card, index=1 if place == len(wanted) - 1 else len(column.children) - 1)

    def _accept(self):
        if self.field.notice.accept():
            self.shell.back()
            self.shell.tell(self.field.notice.message, "ok")

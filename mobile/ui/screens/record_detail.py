"""One record of mine: how it stands, what was said of it, and the answer to a reviewer's question."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout

from mobile.ui import texts, theme
from mobile.ui.kit.fields import Field
from mobile.ui.kit.keys import HoldKey, Key
from mobile.ui.kit.layout import Card, Column, Masonry
from mobile.ui.kit.pictures import Picture
from mobile.ui.kit.species import SpeciesPane
from mobile.ui.kit.words import Words, unbroken
from mobile.ui.page import Page


class HistoryLine(BoxLayout):
    """When and who above, what and in which words below."""

    def __init__(self, row):
        super().__init__(orientation="vertical", size_hint_y=None, spacing=dp(2))
        self.bind(minimum_height=self.setter("height"))
        self.add_widget(Words("　".join(filter(None, (row.when, row.who))), size=theme.SMALL, colour=theme.INK_SOFT))
        self.add_widget(Words(row.what, bold=True))
        if row.words:
            self.add_widget(Words(row.words))


class RecordDetailPage(Page):
    title = texts.RECORD_DETAIL

    def build(self):
        detail = self.field.record_detail
        self.state = Words(size=theme.LARGE, bold=True)
        self.about = Words(colour=theme.INK_SOFT)
        self.reason = Words(colour=theme.WARN)
        self.picture = Picture(size_hint_y=None, height="200dp")
        self.state_card = Card("", self.state, self.about, self.reason)
        self.history = Card(texts.HISTORY)
        self.question = Words(size=theme.LARGE)
        self.answer = Field(texts.ANSWER, detail.set_answer, height="128dp", multiline=True)
        self.rename_key = Key(
            texts.RENAME, icon="record", height="56dp", on_touch=lambda: self.shell.go("answer_taxon")
        )
        self.keep_key = Key(texts.KEEP_NAME, icon="undo", height="56dp", on_touch=detail.clear_taxon)
        self.send_key = Key(
            texts.SEND_ANSWER, icon="check", style="primary", font=theme.LARGE, height="64dp", on_touch=self._send
        )
        self.question_card = Card(
            texts.QUESTION,
            self.question,
            self.answer,
            Words(texts.ANSWER_HINT, size=theme.SMALL, colour=theme.INK_SOFT),
            self.rename_key,
            self.send_key,
            fill=theme.WARN_PAPER,
        )
        self.conflict_words = Words(size=theme.LARGE)
        self.settle_key = Key(
            texts.SETTLE, icon="details", style="primary", font=theme.LARGE, height="72dp", on_touch=self._settle
        )
        self.conflict_card = Card(texts.CONFLICT, self.conflict_words, fill=theme.WARN_PAPER)
        self.withdraw_key = HoldKey(texts.WITHDRAW, icon="undo", height="64dp", on_hold=detail.withdraw)
        self.withdraw_card = Card(
            texts.WITHDRAW_HEADING,
            Words(texts.WITHDRAW_HINT, colour=theme.INK_SOFT, size=theme.SMALL),
            self.withdraw_key,
        )
        self.amend_key = Key(texts.AMEND, icon="record", height="64dp", on_touch=self._amend)
        self.amend_card = Card(
            texts.AMEND, Words(texts.AMEND_HINT, colour=theme.INK_SOFT, size=theme.SMALL), self.amend_key
        )
        self.cards = Masonry()
        self.column = Column(self.cards, padding=dp(12))
        self.body.add_widget(self.column)
        self._rows = None

    def watch(self):
        return (self.field.record_detail, self.field.sync)

    def enter(self):
        self.field.record_detail.refresh()

    def leave(self):
        self.answer.input.hand_over()

    def show(self):
        detail = self.field.record_detail
        self.bar.show(self.field.position, detail.title or self.title)
        self.state.text = detail.state_name
        self.state.recolour(theme.STATE_COLOURS.get(detail.state, theme.INFO))
        self.about.text, self.reason.text = detail.subtitle, detail.reason
        self._show_picture(detail.photo_path)
        self.question.text = detail.question
        self.answer.input.show(detail.answer_text)
        self._show_taxon(detail.taxon_text)
        if detail.history != self._rows:
            self._rows = detail.history
            for line in [line for line in self.history.children if isinstance(line, HistoryLine)]:
                self.history.remove_widget(line)
            for row in detail.history:
                self.history.add_widget(HistoryLine(row))
        self._show_conflict(detail)
        self._lay(detail)

    def _lay(self, detail):
        wanted = [self.conflict_card] if detail.conflict_text else []
        wanted += [self.question_card] if detail.question else []
        wanted += [self.state_card, self.history]
        wanted += [self.amend_card] if detail.can_amend else []
        wanted += [self.withdraw_card] if detail.can_withdraw else []
        if list(reversed(self.cards.children)) != wanted:
            self.cards.clear_widgets()
            for card in wanted:
                self.cards.add_widget(card)

    def _show_conflict(self, detail):
        self.conflict_words.text = unbroken(detail.conflict_text)
        if detail.can_settle != bool(self.settle_key.parent):
            change = self.conflict_card.add_widget if detail.can_settle else self.conflict_card.remove_widget
            change(self.settle_key)

    def _settle(self):
        self.field.conflict.open(self.field.record_detail.record_id)
        self.shell.go("conflict")

    def _show_picture(self, path):
        if path:
            self.picture.show(path)
        if bool(path) != bool(self.picture.parent):
            (self.state_card.add_widget if path else self.state_card.remove_widget)(self.picture)

    def _show_taxon(self, name):
        self.rename_key.text = texts.RENAMED.format(name=name) if name else texts.RENAME
        self.rename_key.style = "chosen" if name else "plain"
        if bool(name) != bool(self.keep_key.parent):
            if name:
                self.question_card.add_widget(self.keep_key, index=1)
            else:
                self.question_card.remove_widget(self.keep_key)

    def _amend(self):
        if self.field.record.amend(self.field.record_detail.record_id):
            self.shell.go("record")

    def _send(self):
        self.answer.input.hand_over()
        self.field.record_detail.send()


class AnswerTaxonPage(Page):
    title = texts.CHOOSE_TAXON

    def build(self):
        self.pane = SpeciesPane(self.field.record_detail.picker, self._choose)
        self.body.add_widget(self.pane)

    def watch(self):
        return (self.field.record_detail.picker, self.field.record_detail)

    def show(self):
        self.pane.show(None)

    def _choose(self, key):
        if self.field.record_detail.choose(key):
            self.shell.back()

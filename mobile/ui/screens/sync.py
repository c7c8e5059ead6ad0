"""Sync: how many are on the tablet, at the server, waiting, and why; enrolment of a new tablet."""

from functools import partial

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from mobile.ui import texts, theme
from mobile.ui.kit.fields import Field
from mobile.ui.kit.keys import Key
from mobile.ui.kit.layout import Card, Column, Masonry
from mobile.ui.kit.paint import Panel
from mobile.ui.kit.words import OneLine, Words, unbroken
from mobile.ui.page import Page


class Figure(Panel):
    """A number with its name above and a remark below."""

    def __init__(self, name):
        super().__init__(
            orientation="vertical",
            fill=theme.SURFACE,
            edge=theme.EDGE,
            padding=(dp(12), dp(12)),
            size_hint_y=None,
            height="148dp",
        )
        self._number = OneLine("0", size=theme.FIGURE, bold=True, halign="center")
        self._detail = OneLine(
            size=theme.SMALL, colour=theme.INK_SOFT, halign="center", size_hint_y=None, height="26dp"
        )
        self.add_widget(OneLine(name, size=theme.BODY, halign="center", size_hint_y=None, height="28dp"))
        self.add_widget(self._number)
        self.add_widget(self._detail)

    def show(self, number, detail, colour=theme.INK):
        self._number.text, self._detail.text = str(number), detail
        self._number.recolour(colour)


class SyncPage(Page):
    title = texts.SYNC

    def build(self):
        sync = self.field.sync
        self.figures = {name: Figure(name) for name in (texts.ON_TABLET, texts.AT_SERVER, texts.STILL_WAITING)}
        figures = GridLayout(cols=3, size_hint_y=None, height="148dp", spacing=dp(12))
        for figure in self.figures.values():
            figures.add_widget(figure)
        self.lines = Words()
        self.problems = Card(texts.HINDRANCES, fill=theme.BAD_PAPER)
        self.problem_words = Words(colour=theme.BAD)
        self.problems.add_widget(self.problem_words)
        self.warning_words = Words(colour=theme.WARN)
        self.warnings = Card(texts.TO_KNOW, self.warning_words, fill=theme.WARN_PAPER)
        self.person = Words()
        self.survey = Words()
        self.address = Field(texts.SERVER_ADDRESS, sync.set_server, input_type="url")
        self.code = Field(texts.ENROL_CODE)
        self.device_name = Field(texts.DEVICE_NAME)
        self.scan_key = Key(texts.SCAN, icon="scan", height="64dp", on_touch=self._scan)
        self.enrol_key = Key(texts.ENROL, icon="check", height="64dp", on_touch=self._enrol)
        self.refused_words = Words(colour=theme.BAD)
        self.refused_card = Card(texts.REFUSED, self.refused_words, fill=theme.BAD_PAPER)
        self.enrol_card = Card(
            texts.NOT_ENROLLED,
            Words(unbroken(texts.ENROL_HINT), colour=theme.INK_SOFT),
            self.scan_key,
            self.code,
            self.device_name,
            self.enrol_key,
        )
        change = Key(texts.CHOOSE_SURVEY, icon="survey", height="56dp", on_touch=lambda: self.shell.go("survey"))
        self.survey_card = Card(texts.SURVEY, self.survey, change)
        self.state_card = Card(texts.STATE, self.lines)
        self.over_keys = {
            kind: Key("", height="56dp", on_touch=partial(self._turn, kind)) for kind in ("original", "copy")
        }
        self.by_itself_key = Key("", height="56dp", on_touch=lambda: sync.sync_by_itself(not sync.by_itself))
        self.server_card = Card(texts.SERVER, self.person, self.address, self.by_itself_key, *self.over_keys.values())
        self.wifi_words = Words(colour=theme.INK_SOFT)
        pay = Key(texts.ORIGINALS_NOW, icon="sync", height="56dp", on_touch=sync.send_originals_now)
        self.wifi_card = Card(texts.ORIGINALS_WAIT, self.wifi_words, pay)
        self.carrying_card = self._carrying_card()
        self.cards = Masonry()
        self.column = Column(figures, self.cards, padding=dp(12))
        self.sync_key = Key(
            texts.SYNC_NOW, icon="sync", style="primary", font=theme.TITLE, height="72dp", on_touch=sync.sync
        )
        foot = BoxLayout(size_hint_y=None, height="96dp", padding=dp(12))
        foot.add_widget(self.sync_key)
        self.body.add_widget(self.column)
        self.body.add_widget(foot)

    def _carrying_card(self):
        carrying = self.field.carrying
        self.station = Field(texts.STATION_ADDRESS, carrying.set_station, input_type="url")
        self.stick = Field(texts.STICK_FOLDER, carrying.set_folder)
        self.carried = Words(colour=theme.INK_SOFT)
        self.carrying_keys = (
            Key(texts.BY_STATION, icon="sync", height="56dp", on_touch=self._visit),
            Key(texts.EXPORT, height="56dp", on_touch=self._export),
            Key(texts.TAKE_RECEIPTS, height="56dp", on_touch=self._take_receipts),
        )
        by_station, *by_stick = self.carrying_keys
        hint = Words(unbroken(texts.WITHOUT_LINE_HINT), colour=theme.INK_SOFT)
        return Card(texts.WITHOUT_LINE, hint, self.station, by_station, self.stick, *by_stick, self.carried)

    def watch(self):
        return (self.field.sync, self.field.carrying, self.field.home)

    def enter(self):
        self.field.home.refresh()
        self.field.sync.refresh()
        self.device_name.input.show(self.field.sync.device_name)

    def leave(self):
        for field in (self.address, self.station, self.stick):
            field.input.hand_over()

    def show(self):
        sync, home = self.field.sync, self.field.home
        waits = sync.waiting_records + sync.waiting_photos
        self.figures[texts.ON_TABLET].show(sync.on_tablet, texts.RECORDS_UNIT)
        self.figures[texts.AT_SERVER].show(
            sync.at_server, texts.PHOTOS_AT_SERVER.format(count=sync.photos_at_server), theme.GOOD
        )
        waiting_photos = texts.WAITING_PHOTOS.format(count=sync.waiting_photos)
        self.figures[texts.STILL_WAITING].show(sync.waiting_records, waiting_photos, theme.INFO if waits else theme.INK)
        self.lines.text = unbroken("\n".join(filter(None, (*sync.lines, sync.clock_text))))
        self.problem_words.text = unbroken("\n".join(sync.problems))
        self.warning_words.text = unbroken("\n".join(sync.warnings))
        self.wifi_words.text = unbroken(sync.wifi_text)
        self.by_itself_key.text = texts.SYNC_BY_ITSELF if sync.by_itself else texts.SYNC_BY_HAND
        originals, copies = self.over_keys["original"], self.over_keys["copy"]
        originals.text = texts.ORIGINALS_OVER_WIFI if sync.originals_wait else texts.ORIGINALS_OVER_ANY
        copies.text = texts.COPIES_OVER_WIFI if sync.copies_wait else texts.COPIES_OVER_ANY
        self.person.text = (
            texts.PERSON.format(person=sync.person_name, device=sync.device_name) if sync.enrolled else ""
        )
        self.address.input.show(sync.server_url)
        self.survey.text = home.survey_title
        self._show_carrying()
        self.sync_key.text = (sync.progress or texts.SYNCING) if sync.running else texts.SYNC_NOW
        self.sync_key.disabled = sync.running or not sync.enrolled
        self.enrol_key.disabled = self.scan_key.disabled = sync.running
        self.enrol_key.style = "primary"
        self.refused_words.text = unbroken(sync.refused_text)
        self.sync_key.style = "plain" if sync.refused else "primary"
        self.enrol_card.heading.text = texts.ENROL_AGAIN if sync.enrolled else texts.NOT_ENROLLED
        self._lay(sync)

    def _show_carrying(self):
        carrying = self.field.carrying
        self.station.input.show(carrying.station_url)
        self.stick.input.show(carrying.folder)
        self.carried.text = unbroken("\n".join(carrying.lines))
        for key in self.carrying_keys:
            key.disabled = carrying.running or self.field.sync.running

    def _lay(self, sync):
        wanted = [self.refused_card, self.enrol_card] if sync.refused else []
        wanted += [self.problems] if sync.problems and not sync.refused else []
        wanted += [self.warnings] if sync.warnings else []
        wanted += [self.wifi_card] if sync.wifi_text and not sync.refused else []
        wanted += (
            [self.state_card, self.survey_card, self.server_card, self.carrying_card]
            if sync.enrolled
            else [self.enrol_card, self.server_card, self.state_card]
        )
        if list(reversed(self.cards.children)) != wanted:
            self.cards.clear_widgets()
            for card in wanted:
                self.cards.add_widget(card)

    def _turn(self, kind):
        sync = self.field.sync
        sync.let_wait(kind, not (sync.originals_wait if kind == "original" else sync.copies_wait))

    def _visit(self):
        self.station.input.hand_over()
        self.field.carrying.visit_station()

    def _export(self):
        self.stick.input.hand_over()
        self.field.carrying.export()

    def _take_receipts(self):
        self.stick.input.hand_over()
        self.field.carrying.take_receipts()

    def _scan(self):
        """Where images are read instead of a camera, the code field may hold the path of one."""
        typed = self.code.input.text.strip()
        found = self.field.sync.scan(typed if typed.lower().endswith(".png") else None)
        if found:
            self.code.input.show(found)

    def _enrol(self):
        self.address.input.hand_over()
        self.field.sync.enrol(self.code.input.text, self.device_name.input.text)

"""A patrol: start, pause, resume, hold to end; the track, its gaps, and what was found."""

from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from mobile.ui import texts, theme
from mobile.ui.kit.fields import Field
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keys import HoldKey, Key
from mobile.ui.kit.layout import Card, Column, Split
from mobile.ui.kit.paint import Panel
from mobile.ui.kit.track import TrackSketch
from mobile.ui.kit.words import OneLine, Words
from mobile.ui.page import Page


class Meter(Panel):
    """Numbers of the walk side by side, each under its name."""

    def __init__(self, *names):
        super().__init__(fill=theme.SURFACE, edge=theme.EDGE, size_hint_y=None, height="88dp", padding=(dp(8), dp(10)))
        self.numbers = {name: OneLine(size=theme.TITLE, bold=True, halign="center") for name in names}
        for name, number in self.numbers.items():
            cell = BoxLayout(orientation="vertical")
            cell.add_widget(OneLine(name, size=theme.SMALL, colour=theme.INK_SOFT, halign="center"))
            cell.add_widget(number)
            self.add_widget(cell)

    def show(self, *values):
        for number, value in zip(self.numbers.values(), values, strict=True):
            number.text = value


class StartForm(Split):
    """What is shown before a walk begins: what it is about, a name, and a big key."""

    def __init__(self, icon, hint, name, start, on_start, on_notice, *more):
        self.place = Field(name)
        self.notice_key = Key(texts.READ_NOTICE, icon="my_records", height="56dp", on_touch=on_notice)
        self.start_key = Key(start, icon="play", style="primary", font=theme.TITLE, height="80dp", on_touch=on_start)
        about = Panel(orientation="vertical", fill=theme.SURFACE, edge=theme.EDGE, padding=dp(24), spacing=dp(16))
        about.add_widget(Icon(name=icon, colour=theme.PRIMARY))
        about.add_widget(Words(hint, halign="center"))
        side = BoxLayout(orientation="vertical", spacing=dp(12))
        side.add_widget(Column(Card("", self.place), *more, self.notice_key))
        side.add_widget(self.start_key)
        super().__init__(about, side, share=0.5)


class PatrolPage(Page):
    title = texts.PATROL

    def build(self):
        patrol = self.field.patrol
        self.idle = StartForm(
            "patrol", texts.PATROL_HINT, texts.PATROL_PLACE, texts.START_PATROL, self._start, self._read_notice
        )
        self.meter = Meter(texts.DISTANCE, texts.ELAPSED, texts.POINTS)
        self.sketch = TrackSketch()
        left = BoxLayout(orientation="vertical", spacing=dp(12))
        left.add_widget(self.meter)
        left.add_widget(self.sketch)
        self.gaps = Card(texts.GAPS)
        self.gap_words = Words(colour=theme.WARN)
        self.gaps.add_widget(self.gap_words)
        self.found = Words()
        self.findings = Card(texts.FINDINGS, self.found)
        self.events = Column(self.findings)
        self.pause_key = Key(texts.PAUSE, icon="pause", height="64dp", on_touch=self._pause_or_resume)
        self.end_key = HoldKey(texts.END_PATROL, icon="stop", height="64dp", on_hold=patrol.end)
        self.record_key = Key(
            texts.RECORD, icon="record", style="primary", height="64dp", on_touch=lambda: self.shell.go("record")
        )
        self.finding_key = Key(texts.ADD_FINDING, icon="flag", style="primary", height="64dp", on_touch=self._find)
        keys = GridLayout(cols=2, size_hint_y=None, height="136dp", spacing=dp(8))
        for key in (self.pause_key, self.end_key, self.record_key, self.finding_key):
            keys.add_widget(key)
        right = BoxLayout(orientation="vertical", spacing=dp(12))
        right.add_widget(self.events)
        right.add_widget(keys)
        self.active = Split(left, right, share=0.55)

    def watch(self):
        return (self.field.patrol,)

    def enter(self):
        self.field.patrol.open()

    def show(self):
        patrol = self.field.patrol
        self._lay(self.idle if patrol.state == "idle" else self.active)
        if patrol.state == "idle":
            return
        name = texts.PAUSED if patrol.state == "paused" else texts.RUNNING
        self.bar.show(self.field.position, patrol.location_name or name)
        self.meter.show(patrol.distance_text, patrol.elapsed_text, str(patrol.point_count))
        self.sketch.show(patrol.line)
        self.gap_words.text = "\n".join(patrol.gaps)
        if bool(patrol.gaps) != bool(self.gaps.parent):
            (self.events.inner.add_widget if patrol.gaps else self.events.inner.remove_widget)(self.gaps)
        self.found.text = (
            "\n".join("　".join(filter(None, (f.title, f.detail))) for f in patrol.findings) or texts.NO_FINDINGS
        )
        paused = patrol.state == "paused"
        self.pause_key.text, self.pause_key.icon = (texts.RESUME, "play") if paused else (texts.PAUSE, "pause")
        self.pause_key.style = "chosen" if paused else "plain"

    def _lay(self, shown):
        if shown.parent is None:
            self.body.clear_widgets()
            self.body.add_widget(shown)
            self.bar.show(self.field.position, self.title)

    def _start(self):
        if self.field.notice.needed:
            self.shell.go("notice")
        elif self.field.patrol.start(self.idle.place.input.text):
            self.idle.place.input.text = ""

    def _read_notice(self):
        self.shell.go("notice")

    def _pause_or_resume(self):
        patrol = self.field.patrol
        (patrol.resume if patrol.state == "paused" else patrol.pause)()

    def _find(self):
        if self.field.patrol.open_finding():
            self.shell.go("finding")

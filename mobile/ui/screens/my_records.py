"""My records: what was saved, and where each stands, in words."""

from math import ceil

from kivy.metrics import dp, sp
from kivy.properties import ObjectProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.recycleboxlayout import RecycleBoxLayout
from kivy.uix.recycleview import RecycleView
from kivy.uix.recycleview.views import RecycleDataViewBehavior
from kivy.uix.scrollview import ScrollView

from mobile.ui import texts, theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keys import Chip, Key, Touch
from mobile.ui.kit.notice import Sheet
from mobile.ui.kit.pictures import Picture
from mobile.ui.kit.words import Fitted, OneLine, Words
from mobile.ui.page import Page

STATE_ICONS = {
    "draft": "details",
    "waiting": "waiting",
    "sent": "waiting",
    "held": "check",
    "conflict": "warn",
    "settled": "waiting",
    "quarantined": "warn",
    "withdrawn": "undo",
    "pending": "waiting",
    "asked": "question",
    "answered": "waiting",
    "confirmed": "check",
    "reidentified": "check",
    "rejected": "cross",
    "escalated": "next",
}
ROW, REASON_LINE = 84, 24


class RecordLine(RecycleDataViewBehavior, Touch):
    """Title, when and where, the state in words and colour; below it the reason, where there is one."""

    row = ObjectProperty(None, allownone=True)
    on_pick = ObjectProperty(None, allownone=True)

    def __init__(self, **options):
        self._title = OneLine(size=theme.LARGE, bold=True, valign="bottom")
        self._subtitle = OneLine(size=theme.SMALL, colour=theme.INK_SOFT, valign="top")
        self._icon = Icon(size_hint=(None, None), size=("24dp", "24dp"), pos_hint={"center_y": 0.5})
        self._state = Fitted(size=theme.BODY, bold=True, pos_hint={"center_y": 0.5})
        self._reason = Words(size=theme.SMALL, colour=theme.WARN)
        super().__init__(orientation="vertical", padding=(dp(16), dp(8)), spacing=0)
        self._picture = Picture(size_hint_x=None, width="72dp")
        self._top = top = BoxLayout(spacing=dp(8), size_hint_y=None, height=dp(ROW - 16))
        names = BoxLayout(orientation="vertical", spacing=dp(2))
        names.add_widget(self._title)
        names.add_widget(self._subtitle)
        for part in (names, self._icon, self._state):
            top.add_widget(part)
        self.add_widget(top)
        self.add_widget(self._reason)
        self.bind(on_release=lambda *_: self.on_pick(self.row))

    def refresh_view_attrs(self, rv, index, data):
        super().refresh_view_attrs(rv, index, data)
        row, colour = self.row, theme.STATE_COLOURS.get(self.row.state, theme.INFO)
        self._title.text, self._subtitle.text, self._reason.text = row.title, row.subtitle, row.reason
        self._state.text, self._icon.name, self._icon.colour = (
            row.state_name,
            STATE_ICONS.get(row.state, "waiting"),
            colour,
        )
        self._state.recolour(colour)
        self._top.remove_widget(self._picture)
        if row.photo_path:
            self._picture.show(row.photo_path)
            self._top.add_widget(self._picture, index=len(self._top.children))


class RecordLines(RecycleView):
    def __init__(self, on_pick):
        super().__init__(do_scroll_x=False, bar_width=dp(6), scroll_type=["bars", "content"])
        self._on_pick, self._rows = on_pick, ()
        inner = RecycleBoxLayout(
            orientation="vertical",
            default_size=(None, dp(ROW)),
            default_size_hint=(1, None),
            key_size="size",
            size_hint_y=None,
            spacing=dp(8),
        )
        inner.bind(minimum_height=inner.setter("height"))
        self.add_widget(inner)
        self.viewclass = RecordLine
        self.bind(width=lambda *_: self._lay(self._rows))

    def show(self, rows):
        if rows != self._rows:
            self._rows = rows
            self._lay(rows)

    def _lay(self, rows):
        self.data = [{"row": row, "on_pick": self._on_pick, "size": (None, self._height(row.reason))} for row in rows]

    def _height(self, reason):
        """Chinese characters are as wide as the font is high, others about half, so lines can be told before they are drawn."""
        room = max(1, self.width - dp(32)) / sp(16) - 1
        width = sum(1 if ord(character) > 0x2E80 else 0.6 for character in reason)
        return dp(ROW) + ceil(width / room) * dp(REASON_LINE)


class MyRecordsPage(Page):
    title = texts.MY_RECORDS

    def build(self):
        records = self.field.my_records
        self.body.padding, self.body.spacing = dp(12), dp(12)
        self.chips = {choice.code: Chip(choice.name, height="56dp") for choice in records.filters}
        row = BoxLayout(size_hint=(None, None), height="56dp", spacing=dp(8))
        row.bind(minimum_width=row.setter("width"))
        for code, chip in self.chips.items():
            chip.bind(on_release=lambda _, code=code: records.set_filter(code))
            row.add_widget(chip)
        filters = ScrollView(
            size_hint_y=None, height="64dp", do_scroll_y=False, bar_width=dp(4), scroll_type=["bars", "content"]
        )
        filters.add_widget(row)
        self.lines = RecordLines(self.ask)
        self.more_key = Key(texts.MORE, height="56dp", on_touch=records.more)
        self.empty = Words(colour=theme.INK_SOFT)
        for part in (filters, self.empty, self.lines):
            self.body.add_widget(part)

    def watch(self):
        return (self.field.my_records, self.field.sync)

    def enter(self):
        self.field.my_records.refresh()

    def show(self):
        records = self.field.my_records
        for choice in records.filters:
            chip, count = self.chips[choice.code], records.counts.get(choice.code, 0)
            chip.text = f"{choice.name} {count}" if count else choice.name
            chip.chosen = choice.code == records.filter
        self.lines.show(records.rows)
        first = f"{texts.NO_RECORDS}。{texts.NO_RECORDS_DETAIL}" if records.filter == "all" else texts.NO_RECORDS
        self.empty.text = "" if records.rows else first
        if records.has_more != bool(self.more_key.parent):
            (self.body.add_widget if records.has_more else self.body.remove_widget)(self.more_key)

    def ask(self, row):
        """A draft is taken up on its own screen; a record opens with all that was said of it."""
        if row.state == "draft":
            self.sheet = Sheet(row.title, "\n".join(filter(None, (row.subtitle, row.state_name))))
            self.sheet.open(animation=False)
            return
        self.field.record_detail.open(row.record_id)
        self.shell.go("record_detail")

    def leave(self):
        sheet = getattr(self, "sheet", None)
        if sheet is not None:
            sheet.dismiss(animation=False)

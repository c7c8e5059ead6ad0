"""Which survey the next records belong to."""

from kivy.metrics import dp

from mobile.ui import texts, theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keys import Touch
from mobile.ui.kit.layout import Column
from mobile.ui.kit.words import Words
from mobile.ui.page import Page


class SurveyLine(Touch):
    def __init__(self, survey, on_touch):
        style = "chosen" if survey.chosen else "plain"
        super().__init__(on_touch, style=style, size_hint_y=None, padding=(dp(16), dp(14)), spacing=dp(12))
        words = Words(survey.title, size=theme.LARGE, bold=True, pos_hint={"center_y": 0.5})
        tick = Icon(
            name="check" if survey.chosen else "",
            size_hint=(None, None),
            size=("28dp", "28dp"),
            colour=theme.PRIMARY,
            pos_hint={"center_y": 0.5},
        )
        words.bind(height=lambda _, height: setattr(self, "height", max(dp(72), height + dp(28))))
        self.height = dp(72)
        self.add_widget(words)
        self.add_widget(tick)


class SurveyPage(Page):
    title = texts.CHOOSE_SURVEY

    def build(self):
        self.column = Column(padding=dp(12))
        self.body.add_widget(self.column)
        self._shown = None

    def watch(self):
        return (self.field.home,)

    def enter(self):
        self.field.home.refresh()

    def show(self):
        surveys, lines = self.field.home.surveys, (*self.field.home.place_lines, *self.field.home.team_lines)
        if (surveys, lines) == self._shown:
            return
        self._shown = surveys, lines
        self.column.inner.clear_widgets()
        for survey in surveys:
            self.column.inner.add_widget(SurveyLine(survey, lambda survey_id=survey.survey_id: self._choose(survey_id)))
        if not surveys:
            self.column.inner.add_widget(Words(texts.NO_SURVEYS, colour=theme.INK_SOFT))
        for line in lines:
            self.column.inner.add_widget(Words(line, colour=theme.INK_SOFT))

    def _choose(self, survey_id):
        self.field.home.choose_survey(survey_id)
        self.shell.back()

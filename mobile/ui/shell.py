"""The window's content: screens made when first needed, the way back, and words that pass over them."""

from kivy.metrics import dp
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.screenmanager import NoTransition, ScreenManager

from mobile.ui.kit.notice import Notice
from mobile.ui.screens import PAGES

HOME = "home"
HOME_REFRESH_TICKS = 5


class Shell(FloatLayout):
    def __init__(self, field):
        super().__init__()
        self.field = field
        self.screens = ScreenManager(transition=NoTransition())
        self.notice = Notice()
        self.add_widget(self.screens)
        self.add_widget(self.notice)
        self.bind(size=self._place)
        self.notice.bind(height=self._place)
        self._way = []
        self._ticks = 0
        self.go(HOME)

    @property
    def page(self):
        return self.screens.current_screen

    def go(self, name):
        """Opens a screen; the way back leads to the one before."""
        if self._way and self._way[-1] == name:
            return
        self._way = [HOME] if name == HOME else [*self._way, name]
        self._open(name)

    def back(self):
        """To the screen before; False on the home screen."""
        if len(self._way) < 2:
            return False
        self._way.pop()
        self._open(self._way[-1])
        return True

    def tell(self, text, level):
        self.notice.tell(text, level)

    def tick(self):
        """About once a second."""
        self.field.tick()
        self._ticks += 1
        if self.page.name == HOME and self._ticks % HOME_REFRESH_TICKS == 0:
            self.field.home.refresh()

    def _open(self, name):
        self.notice.hide()
        if not self.screens.has_screen(name):
            self.screens.add_widget(PAGES[name](self, self.field, name))
        self.screens.current = name

    def _place(self, *_):
        self.notice.width = min(self.width - dp(24), dp(720))
        self.notice.pos = (self.center_x - self.notice.width / 2, self.top - dp(72) - self.notice.height)

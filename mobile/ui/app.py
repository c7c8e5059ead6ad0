"""Opens the window on a field app."""

import threading

from kivy.app import App
from kivy.clock import Clock
from kivy.config import Config
from kivy.core.window import Window
from kivy.logger import Logger

from mobile.ui import fonts, texts
from mobile.ui.quiet import without_cutbuffer_noise
from mobile.ui.shell import Shell

ANDROID_BACK = 27
LOOK_EVERY_S = 5


def in_background(work):
    """A runner: the work has a thread of its own, so that the window stays alive while a sync lasts."""
    threading.Thread(target=work, name="sync", daemon=True).start()


def on_window_thread(call):
    """A post: carries a callback to the window's thread."""
    Clock.schedule_once(lambda _: call(), 0)


class XiangyeApp(App):
    title = texts.APP_NAME

    def __init__(self, field, enrol_code=None):
        super().__init__()
        self.field = field
        self._enrol_code = enrol_code
        self._closed = False

    def build_config(self, config):
        """Nothing is kept in Kivy's own settings."""

    def load_config(self):
        return None

    def open_settings(self, *_):
        return False

    def build(self):
        self.shell = Shell(self.field)
        Clock.schedule_interval(lambda _: self.shell.tick(), 1)
        Clock.schedule_interval(lambda _: self.field.look(), LOOK_EVERY_S)
        Window.bind(on_keyboard=self._key)
        return self.shell

    def on_start(self):
        if self._enrol_code:
            self.shell.go("sync")
            self.field.sync.enrol(self._enrol_code)

    def on_pause(self):
        self._hand_over()
        self.field.show(False)
        return True

    def on_resume(self):
        self.field.show(True)

    def on_stop(self):
        """Kivy says so twice when the app ends itself."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self.field.close()

    def _hand_over(self):
        """What is being typed, and the newest track points, reach the store before the app may be killed."""
        self.shell.page.leave()
        self.field.patrol.patrol.flush()
        self.field.transect.transect.flush()

    def _key(self, _, key, *__):
        return key == ANDROID_BACK and self.shell.back()


def open_window(make_field, enrol_code=None):
    """Runs until the window closes. `make_field(runner, post)` builds the field app (see mobile.wiring.build). Returns 0, or 1
    where no window can be opened."""
    if Window is None:
        Logger.critical("no window can be opened here")
        return 1
    without_cutbuffer_noise()
    Config.set("input", "mouse", "mouse,multitouch_on_demand")  # else a right click leaves red dots
    fonts.register()
    Window.softinput_mode = "below_target"
    XiangyeApp(make_field(in_background, on_window_thread), enrol_code).run()
    return 0

"""What every screen is: a bar above a body, bound to presenters only while it is seen."""

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.screenmanager import Screen

from mobile.ui import theme
from mobile.ui.kit.bar import AppBar, RecordingSign
from mobile.ui.kit.paint import Panel


class Page(Screen):
    """Subclasses give `title`, fill `self.body` in `build`, name the presenters that they `watch`, open them in `enter`, and copy
    their state to the widgets in `show`."""

    title = ""
    is_home = False

    def __init__(self, shell, field, name):
        super().__init__(name=name)
        self.shell, self.field = shell, field
        self._unsubscribe = []
        self.bar = AppBar(self.title, None if self.is_home else shell.back)
        self.recording = RecordingSign()
        self._ground = ground = Panel(orientation="vertical", fill=theme.PAPER, radius=0)
        self.body = BoxLayout(orientation="vertical")
        ground.add_widget(self.bar)
        ground.add_widget(self.body)
        self.add_widget(ground)
        self.build()

    def build(self):
        """Makes the widgets, once."""

    def watch(self):
        """The presenters whose changes are shown."""
        return ()

    def enter(self):
        """Opens the presenters, each time the screen is entered."""

    def show(self):
        """Copies what the presenters hold to the widgets; cheap, since it runs after every change."""

    def leave(self):
        """Hands over what is still being typed."""

    def on_pre_enter(self, *_):
        self.enter()
        watched = (*self.watch(), self.field.position, self.field.patrol, self.field.transect)
        self._unsubscribe = [presenter.subscribe(self._heard) for presenter in watched]
        self._refresh()

    def on_pre_leave(self, *_):
        self.leave()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []

    def speak(self, presenter):
        """Shows the presenter's words once, then clears them."""
        if presenter.message:
            text, level = presenter.message, presenter.message_level
            presenter.clear_message()
            self.shell.tell(text, level)

    def _heard(self, presenter):
        self._refresh()
        self.speak(presenter)

    def _refresh(self):
        self.bar.show(self.field.position)
        self._show_recording()
        self.show()

    def _show_recording(self):
        if self.field.tracking != bool(self.recording.parent):
            if self.field.tracking:
                self._ground.add_widget(self.recording, index=1)
            else:
                self._ground.remove_widget(self.recording)

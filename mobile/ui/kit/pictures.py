"""Photos as small pictures. A photo lies on the tablet without a file ending, so its first bytes tell what it is."""

from io import BytesIO
from pathlib import Path

from kivy.core.image import Image as CoreImage
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.image import Image

from mobile.ui import texts, theme
from mobile.ui.kit.icons import Icon
from mobile.ui.kit.keys import Key
from mobile.ui.kit.paint import Panel
from mobile.ui.kit.words import OneLine, Words

KINDS = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"RIFF", "webp"))
_KEPT = 24
_textures: dict[str, object] = {}


def texture_of(path):
    """The picture as a texture, or None where this device cannot decode it; the last ones shown are kept."""
    if path not in _textures:
        while len(_textures) >= _KEPT:
            _textures.pop(next(iter(_textures)))
        _textures[path] = _load(path)
    return _textures[path]


def _load(path):
    try:
        data = Path(path).read_bytes()
    except OSError:
        return None
    kind = next((kind for start, kind in KINDS if data.startswith(start)), None)
    if kind is None:
        return None
    try:
        return CoreImage(BytesIO(data), ext=kind).texture
    except Exception:  # noqa: BLE001 - the decoders of Kivy raise whatever their library does; the photo itself stays untouched
        return None


class Picture(Panel):
    """A photo in full, or words where it cannot be shown."""

    def __init__(self, **options):
        super().__init__(fill=theme.SURFACE, edge=theme.EDGE, padding=dp(6), **options)
        self._path = ""
        self.show(None)

    def show(self, path):
        if path == self._path:
            return
        self._path = path
        self.clear_widgets()
        texture = texture_of(path) if path else None
        if texture is not None:
            self.add_widget(Image(texture=texture, fit_mode="contain"))
        elif path:
            self.add_widget(OneLine(texts.UNREADABLE_PHOTO, colour=theme.INK_SOFT, halign="center"))
        else:
            self.add_widget(_Placeholder())


class _Placeholder(BoxLayout):
    def __init__(self):
        super().__init__(orientation="vertical", padding=dp(16), spacing=dp(12))
        self.add_widget(Icon(name="photo", colour=theme.GREY))
        self.add_widget(Words(texts.PHOTO_HINT, colour=theme.INK_SOFT, halign="center"))


class PhotoStrip(BoxLayout):
    """Rows of photo, caption and a key that takes it off the record again; the original stays where it is."""

    def __init__(self, on_remove, **options):
        super().__init__(orientation="vertical", size_hint_y=None, spacing=dp(8), **options)
        self._on_remove = on_remove
        self._shown = None
        self.bind(minimum_height=self.setter("height"))

    def show(self, photos):
        if photos == self._shown:
            return
        self._shown = photos
        self.clear_widgets()
        for photo in photos:
            self.add_widget(self._row(photo))
        if not photos:
            self.add_widget(Words(texts.NO_PHOTOS, colour=theme.INK_SOFT))

    def _row(self, photo):
        row = BoxLayout(size_hint_y=None, height="88dp", spacing=dp(12))
        picture = Picture(size_hint_x=None, width="112dp")
        picture.show(photo.path)
        row.add_widget(picture)
        row.add_widget(Words(photo.caption or photo.file_name, size=theme.SMALL, pos_hint={"center_y": 0.5}))
        row.add_widget(
            Key(
                texts.REMOVE,
                size_hint=(None, None),
                size=("88dp", "56dp"),
                pos_hint={"center_y": 0.5},
                on_touch=lambda: self._on_remove(photo.sha256),
            )
        )
        return row

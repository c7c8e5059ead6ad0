"""What the screens with a form share: the draft behind them, photos, confirming."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mobile.capture.camera import PhotoDesk
from mobile.capture.form import FormCapture
from mobile.capture.place import picked_place, place_of
from mobile.capture.recorder import Saved
from mobile.photos.kept import KeptPhoto
from mobile.presenters.observable import Presenter
from mobile.presenters.position import PositionPresenter
from mobile.presenters.rows import PhotoRow

SAVED = "已保存"
SEALED_WORDS = "已密封：位置仅省级可读"
UNSEALED_WORDS = "这台平板还没有密封公钥，敏感物种的位置未密封：请同步一次"


def saved_words(saved: Sequence[Saved]) -> str:
    """已保存, and of guarded species whether they were sealed."""
    if any(one.sealed for one in saved):
        return f"{SAVED}（{SEALED_WORDS}）"
    return f"{SAVED}（{UNSEALED_WORDS}）" if any(one.guarded for one in saved) else SAVED


class FormPresenter(Presenter):
    """`is_open`; `photos` (PhotoRow); `photo_choices` (names in the photo folder; empty with a real camera); `place_text`;
    `saved_ids` of the last confirmation; `message` begins with 已保存 only after the commit. Every
    change is kept in a draft at once."""

    def __init__(self, form: FormCapture, desk: PhotoDesk, position: PositionPresenter) -> None:
        super().__init__()
        self.form = form
        self.position = position
        self._desk = desk
        self.is_open = False
        self.photos: tuple[PhotoRow, ...] = ()
        self.photo_choices: tuple[str, ...] = ()
        self.place_text = ""
        self.saved: tuple[Saved, ...] = ()
        self.saved_ids: tuple[str, ...] = ()

    def open(self, fresh: bool = False) -> None:
        """Takes up the draft that was left, else begins one. Call when the screen is entered. `fresh` leaves an old draft
        where it is and begins another."""
        self.message, self.message_level = "", ""
        if fresh or (not self.form.is_open and not self.form.restore()):
            self.attempt(self.form.begin)
        self.photo_choices = self._desk.choices()
        self.show()

    def discard(self) -> None:
        self.form.discard()
        self.show()

    def take_photo(self, name: str | None = None) -> bool:
        """The named photo, or the camera's next; the original is kept untouched before this returns."""
        return self._change(lambda: self.form.add_photo(self._desk.take(name, place_of(self.position.fix))))

    def remove_photo(self, sha256: str) -> None:
        self._change(lambda: self.form.remove_photo(sha256))

    def pick_on_map(self, longitude: float, latitude: float) -> bool:
        """A point touched on the map takes the place of the position."""
        return self._change(lambda: self.form.set("place", picked_place(longitude, latitude)))

    def set_field(self, name: str, value: str | int | None) -> bool:
        """A free field of the form (remarks, sex, life_stage, behavior, weather, …)."""
        return self._change(lambda: self.form.set(name, value))

    def confirm(self) -> bool:
        """True once the records are committed; `message` then says 已保存, and whether it was sealed. False leaves the draft and says
        what is missing."""
        if not self.attempt(self._confirm):
            return False
        self.show()
        self.say(saved_words(self.saved), "ok")
        return True

    def export_photo(self, sha256: str, target: Path) -> bool:
        """A copy with the tablet's position written into it; the original stays untouched."""
        photo = next((photo for photo in self.form.photos() if photo.sha256 == sha256), None)
        return photo is not None and self.attempt(lambda: self._desk.copy_with_position(photo, target))

    def show(self) -> None:
        """Copies the draft to the attributes that the screen shows."""
        self.is_open = self.form.is_open
        self.photos = tuple(_row(photo, self._desk) for photo in self.form.photos())
        place = self.form.values.get("place")
        self.place_text = (
            f"地图选点 {place['longitude_e7'] / 1e7:.5f}, {place['latitude_e7'] / 1e7:.5f}" if place else ""
        )
        self.changed()

    def _confirm(self) -> None:
        self.saved = tuple(self.form.confirm(place_of(self.position.fix)))
        self.saved_ids = tuple(one.record_id for one in self.saved)

    def _change(self, action: Callable[[], object]) -> bool:
        done = self.attempt(action)
        if done:
            self.show()
        return done


def _row(photo: KeptPhoto, desk: PhotoDesk) -> PhotoRow:
    own = photo.exif_place
    where = f"{own['longitude_e7'] / 1e7:.5f}, {own['latitude_e7'] / 1e7:.5f}" if own else "照片内无位置"
    when = (photo.captured_at or "照片内无时间").replace("T", " ")
    return PhotoRow(
        photo.sha256,
        str(desk.path(photo.sha256)),
        photo.file_name,
        "　".join(filter(None, (when, where, photo.warning))),
    )

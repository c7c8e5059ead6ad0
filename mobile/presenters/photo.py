"""Photo first: the picture now, its name later. It fills the same draft as the record screen."""

from mobile.presenters.observable import Presenter
from mobile.presenters.record import RecordPresenter
from mobile.presenters.rows import PhotoRow


class PhotoPresenter(Presenter):
    """`photos` of the open sighting; `choices` (names in the photo folder; empty with a real camera); `latest` (PhotoRow or
    None). After `take`, either `confirm_unidentified` or go to the record screen, which holds the same draft."""

    def __init__(self, record: RecordPresenter) -> None:
        super().__init__()
        self.record = record
        self.photos: tuple[PhotoRow, ...] = ()
        self.choices: tuple[str, ...] = ()
        self.latest: PhotoRow | None = None
        record.subscribe(lambda _: self._show())

    def open(self) -> None:
        self.record.open()

    def take(self, name: str | None = None) -> bool:
        done = self.record.take_photo(name)
        self.message, self.message_level = self.record.message, self.record.message_level
        self.changed()
        return done

    def remove(self, sha256: str) -> None:
        self.record.remove_photo(sha256)

    def confirm_unidentified(self) -> bool:
        """Saves the photo as a sighting 待鉴定."""
        done = self.record.choose_unknown() and self.record.confirm()
        self.message, self.message_level = self.record.message, self.record.message_level
        self.changed()
        return done

    def _show(self) -> None:
        self.photos = self.record.photos
        self.choices = self.record.photo_choices
        self.latest = self.photos[-1] if self.photos else None
        self.changed()

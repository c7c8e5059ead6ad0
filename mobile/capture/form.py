"""The life of a form: open, filled field by field (each kept at once), then confirmed or discarded."""

from collections.abc import Sequence
from typing import Any

from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part, Recorder, Saved
from mobile.photos.kept import KeptPhoto
from mobile.store.drafts import Drafts
from shared.ids import uuid7


class FormCapture:
    """States: closed → open → closed. `draft_id` becomes the id of the main record; `values` is what the draft holds."""

    form = ""

    def __init__(self, recorder: Recorder, drafts: Drafts) -> None:
        self.recorder = recorder
        self._drafts = drafts
        self.draft_id: str | None = None
        self.values: dict[str, Any] = {}

    @property
    def is_open(self) -> bool:
        return self.draft_id is not None

    def restore(self, draft_id: str | None = None) -> bool:
        """Takes up the newest draft of this form, or a certain one, as a switched-off tablet left it; False where there is none."""
        left = [draft for draft in self._drafts.all(self.form) if draft_id in (None, draft.draft_id)]
        if not left:
            return False
        self.draft_id, self.values = left[0].draft_id, dict(left[0].values)
        return True

    def begin(self, **values: Any) -> None:
        self.draft_id, self.values = str(uuid7()), {}
        self.set_all(opened_at=self.recorder.stamp(), **values)

    def set(self, field: str, value: Any) -> None:
        """One field, kept at once. The value is JSON."""
        self.set_all(**{field: value})

    def set_all(self, **values: Any) -> None:
        self._drafts.keep(self._open_id(), self.form, values, self.recorder.now())
        self.values.update(values)

    def add_photo(self, photo: KeptPhoto) -> None:
        kept = [p for p in self.values.get("photos", []) if p["sha256"] != photo.sha256]
        self.set("photos", [*kept, photo.as_json()])

    def remove_photo(self, sha256: str) -> None:
        self.set("photos", [p for p in self.values.get("photos", []) if p["sha256"] != sha256])

    def photos(self) -> list[KeptPhoto]:
        return [KeptPhoto.from_json(p) for p in self.values.get("photos", [])]

    def put_away(self) -> None:
        """Leaves the draft where it is, for later."""
        self._close()

    def discard(self) -> None:
        if self.draft_id is not None:
            self._drafts.discard(self.draft_id)
        self._close()

    def confirm(self, here: dict[str, Any] | None = None) -> list[Saved]:
        """Writes the records of the form in one transaction; after it returns they cannot be lost. `here` is the place unless
        one was picked; a refusal leaves the draft without it, since the user may walk on."""
        filled = self.values
        self.values = {**filled, "place": filled.get("place") or here}
        try:
            saved = self.recorder.commit(self.parts(), self._open_id())
        except BaseException:
            self.values = filled
            raise
        self._close()
        return saved

    def parts(self) -> Sequence[Part]:
        """The records that the filled form stands for. FieldProblem names what is missing."""
        raise FieldProblem("此表单没有内容")

    def media_parts(self, subject_id: str) -> list[Part]:
        return [self.recorder.media_part(photo, [subject_id], number) for number, photo in enumerate(self.photos())]

    def _open_id(self) -> str:
        if self.draft_id is None:
            raise FieldProblem("表单尚未打开")
        return self.draft_id

    def _close(self) -> None:
        self.draft_id, self.values = None, {}

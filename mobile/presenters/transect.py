"""A bird transect: one touch per bird counted; a target not seen becomes a zero."""

from collections.abc import Sequence

from mobile.capture.camera import PhotoDesk
from mobile.capture.place import place_of
from mobile.capture.transect import TransectCapture
from mobile.device.ports import Fix
from mobile.presenters.form import FormPresenter, saved_words
from mobile.presenters.position import PositionPresenter
from mobile.presenters.rows import TallyRow
from mobile.presenters.species_picker import SpeciesPicker
from mobile.species.entry import Species


class TransectPresenter(FormPresenter):
    """`state` is idle or running; `tally` (TallyRow; `key` goes to `plus`, `minus`, `set_count`); `total`; `length_m`,
    `length_text`, `elapsed_text`; `picker` to add species. `set_field` takes weather, observers (int), location_name,
    habitat_code, remarks, length_m (text: the marked line's own length)."""

    def __init__(
        self,
        form: TransectCapture,
        desk: PhotoDesk,
        position: PositionPresenter,
        picker: SpeciesPicker,
    ) -> None:
        super().__init__(form, desk, position)
        self.transect = form
        self.picker = picker
        self.state = "idle"
        self.tally: tuple[TallyRow, ...] = ()
        self.total = 0
        self.length_m = 0.0
        self.length_text = "0 米"
        self.elapsed_text = "0 分钟"

    def restore(self) -> bool:
        """Takes up a transect that the app left running; call at start."""
        found = self.transect.restore()
        self.show()
        return found

    def open(self, fresh: bool = False) -> None:
        """Shows the screen, with a transect that was left running; one begins only with `start`."""
        self.photo_choices = self._desk.choices()
        if fresh:
            self.form.put_away()
        elif not self.form.is_open:
            self.form.restore()
        self.picker.reset()
        self.show()

    def start(self, location_name: str = "", targets: Sequence[Species] = (), target_group: str = "birds") -> bool:
        """`targets` are looked for: those not seen are recorded as absent with count 0."""
        fix = self.position.fix
        done = self._change(lambda: self.transect.start(location_name.strip(), targets, target_group, place_of(fix)))
        if done and fix is not None and self.transect.started_by(fix):
            self.receive([fix])
        return done

    def add_species(self, species: Species, count: int = 0) -> bool:
        """Puts a species on the sheet (a touch in the picker), counted or not yet."""
        return self._change(lambda: self.transect.count(species, count, place_of(self.position.fix)))

    def plus(self, key: str, number: int = 1) -> bool:
        return self._change(lambda: self.transect.add(key, number, place_of(self.position.fix)))

    def minus(self, key: str) -> bool:
        return self.plus(key, -1)

    def set_count(self, key: str, count: int) -> bool:
        return self._change(lambda: self.transect.set_count(key, count, place_of(self.position.fix)))

    def end(self) -> bool:
        """Ends and saves the event, the counts and the zeros in one act."""
        if not self.attempt(self._end):
            return False
        self.show()
        self.say(saved_words(self.saved), "ok")
        return True

    def receive(self, fixes: list[Fix]) -> None:
        if self.transect.is_open and self.transect.receive(fixes):
            self.show()

    def keep_time(self) -> None:
        """Lets the time go on while no position comes in."""
        if self.form.is_open and _elapsed(self.transect.summary().duration_s) != self.elapsed_text:
            self.show()

    def show(self) -> None:
        self.state = "running" if self.form.is_open else "idle"
        self.tally = tuple(
            TallyRow(row.key, row.species.name_zh, row.species.scientific_name, row.count, row.target)
            for row in self.transect.rows()
        )
        self.total = sum(row.count for row in self.tally)
        summary = self.transect.summary()
        self.length_m = summary.length_m
        self.length_text = f"{summary.length_m:.0f} 米"
        self.elapsed_text = _elapsed(summary.duration_s)
        super().show()

    def _end(self) -> None:
        self.saved = tuple(self.transect.end())
        self.saved_ids = tuple(one.record_id for one in self.saved)


def _elapsed(seconds: float) -> str:
    return f"{int(seconds // 60)} 分钟"

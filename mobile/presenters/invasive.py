"""A plot of an invasive plant: area, cover, damage, control."""

from mobile.capture.camera import PhotoDesk
from mobile.capture.invasive import InvasiveCapture
from mobile.presenters.form import FormPresenter
from mobile.presenters.position import PositionPresenter
from mobile.presenters.rows import Choice
from mobile.presenters.species_picker import SpeciesPicker
from mobile.species.entry import Species
from mobile.species.likely import LookAlike
from shared.vocabulary import DAMAGE_GRADES

FIELDS = (
    Choice("occurrence_area_m2", "发生面积（平方米）"),
    Choice("cover_pct", "盖度（%）"),
    Choice("density", "密度（株/平方米）"),
    Choice("treated_area_m2", "防治面积（平方米）"),
    Choice("plot_area_m2", "样地面积（平方米）"),
)


class InvasivePresenter(FormPresenter):
    """`picker`; `chosen_text`; `look_alikes` (LookAlike; `choose` with the key of one switches to it); `number_fields` (Choice
    of code and label: decimal text goes to `set_number(code, text)`); `numbers` (code → text); `damage_grades` (Choice),
    `damage_grade`; `can_confirm`. `set_field` takes damaged_object, control_action, spread_trend, habitat_code, location_name,
    pathway, remarks."""

    def __init__(
        self,
        form: InvasiveCapture,
        desk: PhotoDesk,
        position: PositionPresenter,
        picker: SpeciesPicker,
    ) -> None:
        super().__init__(form, desk, position)
        self.invasive = form
        self.picker = picker
        self.number_fields = FIELDS
        self.damage_grades = tuple(Choice(code, name) for code, name in DAMAGE_GRADES.items())
        self.numbers: dict[str, str] = {}
        self.damage_grade: str | None = None
        self.chosen_text = ""
        self.look_alikes: tuple[LookAlike, ...] = ()
        self.can_confirm = False

    def open(self, fresh: bool = False) -> None:
        super().open(fresh)
        self.picker.reset()

    def choose(self, key: str) -> bool:
        species = self.picker.by_key(key)
        return species is not None and self.choose_species(species)

    def choose_species(self, species: Species) -> bool:
        return self._change(lambda: self.invasive.set("taxon", species.as_taxon()))

    def set_number(self, code: str, text: str) -> bool:
        return self._change(lambda: self.invasive.set_number(code, text))

    def set_damage(self, grade: str | None) -> bool:
        return self._change(lambda: self.invasive.set_damage(grade))

    def show(self) -> None:
        values = self.form.values
        taxon = values.get("taxon")
        self.chosen_text = taxon["verbatim_name"] if taxon else ""
        self.look_alikes = self.picker.look_alikes(self.picker.by_key(taxon["taxon_id"]) if taxon else None)
        self.numbers = {choice.code: values.get(choice.code) or "" for choice in FIELDS}
        self.damage_grade = values.get("damage_grade")
        self.can_confirm = taxon is not None
        super().show()

"""Recording a sighting: species, count, position; three touches when the species is in the recent list."""

from typing import Any

from mobile.capture.camera import PhotoDesk
from mobile.capture.place import place_of
from mobile.capture.sighting import SightingCapture
from mobile.presenters.form import FormPresenter
from mobile.presenters.position import PositionPresenter
from mobile.presenters.rows import Choice
from mobile.presenters.species_picker import SpeciesPicker
from mobile.species.entry import Species, unlisted
from mobile.species.likely import LookAlike
from shared.checks import FLAGS, place_flags
from shared.notices import INTERVIEW
from shared.vocabulary import LIFE_STAGES, SEXES

UNKNOWN = "待鉴定"
AMENDING = "重新填写密封记录：平板读不出原来的内容，请填写全部项目并在地图上选点"
AGREEMENTS = (Choice("self", "受访者已同意"), Choice("guardian", "未满 14 周岁，监护人已同意"))


class RecordPresenter(FormPresenter):
    """`picker` (SpeciesPicker: query, results, recent); `chosen` (Species or None), `chosen_text`; `look_alikes` of the chosen
    (LookAlike; `choose` with the key of one switches to it); `count`; `remarks`, `sex`, `life_stage`, `behavior`; `flags`
    (words of doubt, never a refusal); `can_confirm`; `undo_id` (record that `undo` withdraws, or None); `position`, `photos`,
    `place_text` as in FormPresenter. Choices: `sexes`, `life_stages`. `amending`: a sealed record is filled in
    anew. `interview` (somebody told it) with `interview_notice` to be read
    to them, `agreements` (Choice) and `agreement`."""

    def __init__(
        self,
        form: SightingCapture,
        desk: PhotoDesk,
        position: PositionPresenter,
        picker: SpeciesPicker,
    ) -> None:
        super().__init__(form, desk, position)
        self.sighting = form
        self.picker = picker
        self.sexes = tuple(Choice(code, name) for code, name in SEXES.items())
        self.life_stages = tuple(Choice(code, name) for code, name in LIFE_STAGES.items())
        self.chosen: Species | None = None
        self.chosen_text = ""
        self.look_alikes: tuple[LookAlike, ...] = ()
        self.count = 1
        self.remarks = ""
        self.sex: str | None = None
        self.life_stage: str | None = None
        self.behavior = ""
        self.flags: tuple[str, ...] = ()
        self.can_confirm = False
        self.undo_id: str | None = None
        self.amending = False
        self.interview = False
        self.interview_notice = ""
        self.agreements = AGREEMENTS
        self.agreement: str | None = None
        position.subscribe(lambda _: self.show() if self.is_open else None)

    def open(self, fresh: bool = False) -> None:
        super().open(fresh)
        self.picker.reset()

    def amend(self, record_id: str) -> bool:
        """A fresh form for a sealed record of mine, all of it to be filled in anew; what else was begun stays a draft."""
        self.message, self.message_level = "", ""
        self.form.put_away()
        self.picker.reset()
        done = self._change(lambda: self.sighting.amend(record_id))
        if done:
            self.say(AMENDING, "ok")
        return done

    def choose(self, key: str) -> bool:
        """A row of the picker, by its `Species.key`."""
        species = self.picker.by_key(key)
        return species is not None and self.choose_species(species)

    def choose_name(self, name: str) -> bool:
        """A species by its exact name; an unlisted name is kept as it is."""
        return self.choose_species(self.picker.by_name(name))

    def choose_unknown(self) -> bool:
        return self.choose_species(unlisted(UNKNOWN))

    def choose_species(self, species: Species) -> bool:
        return self._change(lambda: self.sighting.set_all(taxon=species.as_taxon(), mark=species.mark))

    def set_count(self, count: int) -> bool:
        return self._change(lambda: self.sighting.set_count(count))

    def add(self, number: int = 1) -> bool:
        """The + and − keys; never below 1."""
        return self.set_count(max(1, self.count + number))

    def set_remarks(self, text: str) -> bool:
        return self.set_field("remarks", text.strip() or None)

    def set_interview(self, told: bool) -> bool:
        return self._change(lambda: self.sighting.set_interview(told))

    def set_agreement(self, code: str | None) -> bool:
        return self._change(lambda: self.sighting.set_agreed(code is not None, code == "guardian"))

    def confirm(self) -> bool:
        amended = self.amending
        done = super().confirm()
        if done:
            self.undo_id = None if amended else self.saved_ids[0]  # to undo an amendment would withdraw the record
            self.picker.reset()
            self.changed()
        return done

    def undo(self) -> bool:
        """Withdraws the sighting just saved, with a tombstone: nothing is erased."""
        if self.undo_id is None:
            return False
        target, self.undo_id = self.undo_id, None
        done = self.attempt(lambda: self.sighting.recorder.withdraw(target, "撤销"))
        if done:
            self.say("已撤销", "ok")
        return done

    def show(self) -> None:
        values = self.form.values
        taxon = values.get("taxon")
        self.chosen = (
            (self.picker.by_key(taxon["taxon_id"]) if taxon["taxon_id"] else unlisted(taxon["verbatim_name"]))
            if taxon
            else None
        )
        self.chosen_text = f"{taxon['verbatim_name']} {values.get('mark') or ''}".strip() if taxon else ""
        self.look_alikes = self.picker.look_alikes(self.chosen)
        self.count = values.get("count", 1)
        self.remarks, self.behavior = values.get("remarks") or "", values.get("behavior") or ""
        self.sex, self.life_stage = values.get("sex"), values.get("life_stage")
        self._show_interview(values)
        self.can_confirm = taxon is not None
        self.amending = bool(values.get("amends"))
        place = values.get("place") or place_of(self.position.fix)
        flags = place_flags(place) + (["name_unknown"] if taxon and not taxon["taxon_id"] else [])
        told = ([AMENDING] if self.amending else []) + [FLAGS[flag] for flag in flags]
        self.flags = tuple(told) if self.form.is_open else ()
        super().show()

    def _show_interview(self, values: dict[str, Any]) -> None:
        self.interview, given = bool(values.get("interview")), values.get("notice")
        self.interview_notice = self.sighting.recorder.notices.text(INTERVIEW).text if self.interview else ""
        self.agreement = ("guardian" if given["guardian"] else "self") if given else None

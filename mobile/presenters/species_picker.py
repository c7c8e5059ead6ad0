"""The species search that several screens share: recent and likely species, the initials keypad, pinyin, Chinese and Latin."""

from collections.abc import Callable
from dataclasses import dataclass

from mobile.presenters.observable import Presenter
from mobile.species.entry import Species, unlisted
from mobile.species.likely import Expected, Guide, LookAlike
from mobile.species.search import SpeciesIndex

MAX_RESULTS = 40
MAX_LIKELY = 30
RECENT = "最近记录"


@dataclass(frozen=True)
class SpeciesSection:
    """Part of what is shown while nothing is typed."""

    title: str
    species: tuple[Species, ...]


class SpeciesPicker(Presenter):
    """`query` is what was typed; `results` the ranked `Species`; while nothing is typed, those of `sections` (SpeciesSection):
    `recent` ones, then what is likely in this county and month. `fits` says which are offered then; the search finds all.
    `pack_text` says which list is installed, or that none is. Each `Species` has taxon_id, scientific_name, name_zh, mark,
    protection_class."""

    def __init__(
        self,
        index: Callable[[], SpeciesIndex],
        recent: Callable[[], list[Species]],
        guide: Guide,
        fits: Callable[[Species], bool] = lambda _: True,
    ) -> None:
        super().__init__()
        self._index = index
        self._recent = recent
        self._guide = guide
        self._fits = fits
        self._expected = Expected()
        self.query = ""
        self.recent: tuple[Species, ...] = ()
        self.sections: tuple[SpeciesSection, ...] = ()
        self.results: tuple[Species, ...] = ()
        self.pack_text = ""

    def refresh(self) -> None:
        index = self._index()
        recent = (index.by_id(species.key) or species for species in self._recent())
        self.recent = tuple(filter(self._fits, recent))
        self._expected = self._guide.expected()
        self.sections = tuple(
            section for section in (SpeciesSection(RECENT, self.recent), self._likely()) if section.species
        )
        self.pack_text = (
            f"名录 {index.version}，{len(index)} 种" if len(index) else "平板上还没有物种名录：同步后即可搜索"
        )
        self.search(self.query)

    def reset(self) -> None:
        """As on entering the screen: nothing typed, recent and likely species anew."""
        self.query = ""
        self.refresh()

    def search(self, text: str) -> None:
        self.query = text
        self.results = (
            self._found(text) if text.strip() else tuple(one for part in self.sections for one in part.species)
        )
        self.changed()

    def type_letter(self, letter: str) -> None:
        """One key of the initials keypad."""
        self.search(self.query + letter.lower())

    def backspace(self) -> None:
        self.search(self.query[:-1])

    def clear(self) -> None:
        self.search("")

    def by_key(self, key: str) -> Species | None:
        """The species behind a row's key (`Species.key`), from the list shown or from the pack."""
        shown = next((species for species in self.results + self.recent if species.key == key), None)
        return shown or self._index().by_id(key)

    def by_name(self, name: str) -> Species:
        """The species of exactly this name; else the name itself, unlisted."""
        return self._index().exact(name) or unlisted(name)

    def look_alikes(self, species: Species | None) -> tuple[LookAlike, ...]:
        """What it is taken for, with what tells the two apart."""
        return self._guide.look_alikes(species)

    def _found(self, text: str) -> tuple[Species, ...]:
        recent = [species.key for species in self.recent]
        return tuple(self._index().find(text, MAX_RESULTS, likely=self._expected.weights, recent=recent))

    def _likely(self) -> SpeciesSection:
        weights, index = self._expected.weights, self._index()
        ordered = sorted(weights, key=lambda key: (-weights[key], key))
        known = (index.by_id(key) for key in ordered)
        fresh = [
            species for species in known if species is not None and species not in self.recent and self._fits(species)
        ]
        return SpeciesSection(
            f"{self._expected.county_name} {self._expected.month} 月常见".strip(), tuple(fresh[:MAX_LIKELY])
        )

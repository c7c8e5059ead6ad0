"""The species search that several screens share: recent species, the initials keypad, pinyin, Chinese and Latin."""

from collections.abc import Callable

from mobile.presenters.observable import Presenter
from mobile.species.entry import Species, unlisted
from mobile.species.search import SpeciesIndex

MAX_RESULTS = 40


class SpeciesPicker(Presenter):
    """`query` is what was typed; `results` the ranked `Species` (those of `recent` while nothing is typed); `pack_text` says
    which list is installed, or that none is. Each `Species` has taxon_id, scientific_name, name_zh, mark, protection_class."""

    def __init__(self, index: Callable[[], SpeciesIndex], recent: Callable[[], list[Species]]) -> None:
        super().__init__()
        self._index = index
        self._recent = recent
        self.query = ""
        self.recent: tuple[Species, ...] = ()
        self.results: tuple[Species, ...] = ()
        self.pack_text = ""

    def refresh(self) -> None:
        index = self._index()
        self.recent = tuple(index.by_id(species.key) or species for species in self._recent())
        self.pack_text = (
            f"名录 {index.version}，{len(index)} 种" if len(index) else "平板上还没有物种名录：同步后即可搜索"
        )
        self.search(self.query)

    def reset(self) -> None:
        """As on entering the screen: nothing typed, and the recent species anew."""
        self.query = ""
        self.refresh()

    def search(self, text: str) -> None:
        self.query = text
        self.results = tuple(self._index().find(text, MAX_RESULTS)) if text.strip() else self.recent
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

"""One taxon as the pack tells it."""

from dataclasses import dataclass

CLASS_NAMES = {"I": "国家一级", "II": "国家二级"}


@dataclass(frozen=True, slots=True)
class Species:
    """`protection_class` is I, II or empty, `provincial`: on a list of the province; `sensitivity` 1–4 where the place will be
    generalised, else None."""

    taxon_id: str | None
    scientific_name: str
    name_zh: str
    group_zh: str = ""
    rank: str = ""
    family: str = ""
    protection_class: str = ""
    invasive: bool = False
    sensitivity: int | None = None
    provincial: bool = False

    @property
    def key(self) -> str:
        return self.taxon_id or self.scientific_name or self.name_zh

    @property
    def display(self) -> str:
        return self.name_zh or self.scientific_name

    @property
    def mark(self) -> str:
        """国家一级, 国家二级, 省级, 外来入侵, or nothing."""
        other = "省级" if self.provincial else "外来入侵" if self.invasive else ""
        return CLASS_NAMES.get(self.protection_class) or other

    def as_taxon(self) -> dict[str, str | None]:
        """The wire's taxon; an unlisted name stays as the user gave it."""
        return {
            "taxon_id": self.taxon_id,
            "scientific_name": self.scientific_name or None,
            "name_zh": self.name_zh or None,
            "verbatim_name": self.display,
        }


def unlisted(name: str) -> Species:
    """A name that the pack does not know: kept as it is, for an expert (待鉴定 is one)."""
    name = name.strip()
    is_latin = bool(name) and all(ord(character) < 0x250 for character in name)
    known = name and name != "待鉴定"
    return Species(None, name if known and is_latin else "", "" if is_latin else name)

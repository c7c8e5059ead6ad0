"""Reads a report's HTML with the standard library alone and says what a reader would object to.

`check(html)` returns the complaints; `read(html)` what was found, for tests that compare figures.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

ALLOWED_TERMS = Path(__file__).resolve().parents[2] / "server" / "reporting" / "allowed_terms.txt"
_VOID = {"meta", "img", "br", "hr", "link", "input", "use", "path", "image"}
_FOREIGN_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ][A-Za-zÀ-ÖØ-öø-ÿ0-9'./_-]*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_NUMBERED = re.compile(r"(表|图)([0-9A-Z]+)-([0-9]+)")
_NO_VALUE = re.compile(r"\b(None|none|nan|NaN|null|undefined|inf)\b")
_MAP_FURNITURE = {
    "north arrow": "北",
    "scale": " km",
    "datum": "坐标系",
    "sources": "资料来源：",
    "date": "数据日期：",
    "border note": "行政界线不作划界依据",
}
NOT_APPROVED = "内部工作用图 未经审核 不得公开"


@dataclass
class Plate:
    """A table or a figure as it stands in the page."""

    kind: str
    name: str
    chapter: str | None
    number: str = ""
    title: str = ""
    unit: str = ""
    source: str = ""
    counted: str = ""
    text: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    is_map: bool = False
    is_photos: bool = False


@dataclass
class Section:
    heading: str = ""
    chapter: str | None = None
    reason: str = ""
    content: list[str] = field(default_factory=list)


@dataclass
class Page:
    plates: dict[str, Plate] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    counts: dict[str, list[str]] = field(default_factory=dict)


def read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


def check(html: str) -> list[str]:
    page = read(html)
    complaints: list[str] = []
    for plate in page.plates.values():
        complaints += _check_plate(plate)
    complaints += _check_numbers(page)
    complaints += [
        f"empty without a reason: {s.heading!r}"
        for s in page.sections
        if not s.reason and not "".join(s.content).strip()
    ]
    complaints += [
        f"no value: {match.group()!r} in {text!r}" for text in page.words for match in _NO_VALUE.finditer(text)
    ]
    complaints += [f"foreign word {word!r} in {text!r}" for text in page.prose for word in foreign_words(text)]
    complaints += [f"id twice: {name}" for name in sorted(set(page.ids)) if page.ids.count(name) > 1]
    complaints += [
        f"link to nothing: {link}" for link in page.links if link.startswith("#") and link[1:] not in page.ids
    ]
    complaints += [
        f"{name} is counted differently: {values}" for name, values in page.counts.items() if len(set(values)) > 1
    ]
    complaints += [f"not self-contained: {a[:60]}" for a in page.addresses if not a.startswith(("data:", "#"))]
    return complaints


def foreign_words(text: str, allowed: Iterable[str] | None = None) -> list[str]:
    terms = allowed_terms() if allowed is None else set(allowed)
    text = _NUMBERED.sub(" ", text)
    for term in sorted((t for t in terms if " " in t), key=len, reverse=True):
        text = text.replace(term, " ")
    return [
        word for word in (w.strip(".'-/_") for w in _FOREIGN_WORD.findall(text)) if len(word) > 1 and word not in terms
    ]


def allowed_terms() -> set[str]:
    lines = ALLOWED_TERMS.read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def _check_plate(plate: Plate) -> list[str]:
    wanted = {"number": plate.number, "title": plate.title, "unit": plate.unit, "source": plate.source}
    if not plate.is_photos:
        wanted["counted"] = plate.counted
    complaints = [f"{plate.kind} {plate.name}: no {what}" for what, text in wanted.items() if not text.strip()]
    if plate.kind == "table":
        complaints += [f"table {plate.name}: caption not above"] if plate.order[:1] != ["caption"] else []
        complaints += [f"table {plate.name}: no rows"] if not plate.rows else []
        complaints += [f"table {plate.name}: a row of {len(r)} cells" for r in plate.rows if len(r) != len(plate.head)]
    elif plate.order[-1:] != ["caption"]:
        complaints.append(f"figure {plate.name}: caption not below")
    if plate.is_map:
        complaints += _check_map(plate)
    return complaints


def _check_map(plate: Plate) -> list[str]:
    text = "".join(plate.text)
    complaints = [f"map {plate.name}: no {what}" for what, mark in _MAP_FURNITURE.items() if mark not in text]
    if NOT_APPROVED not in text and "审图号：" not in text:
        complaints.append(f"map {plate.name}: neither approved nor marked")
    return complaints


def _check_numbers(page: Page) -> list[str]:
    complaints, seen = [], dict[tuple[str, str], int]()
    for plate in page.plates.values():
        match = _NUMBERED.fullmatch(plate.number)
        if match is None or match[2] != plate.chapter or (match[1] == "表") != (plate.kind == "table"):
            complaints.append(f"{plate.kind} {plate.name}: number {plate.number!r} in chapter {plate.chapter}")
            continue
        key = (match[1], match[2])
        seen[key] = seen.get(key, 0) + 1
        if int(match[3]) != seen[key]:
            complaints.append(f"{plate.number} is number {seen[key]} of its chapter")
    return complaints


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._open: list[tuple[str, str]] = []
        self._plate: Plate | None = None
        self._sections: list[Section] = []
        self._chapter: str | None = None
        self._counting: str | None = None
        self._front = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {key: value or "" for key, value in attrs}
        kind = facts.get("class", "")
        self._note_addresses(tag, facts)
        if tag not in _VOID:
            self._open.append((tag, kind or facts.get("style", "") or facts.get("lang", "") or facts.get("id", "")))
        if "data-count" in facts:
            self.page.counts.setdefault(facts["data-count"], []).append("")
            self._counting = facts["data-count"]
        if "front" in kind.split():
            self._front = facts.get("id", "")
        if tag == "section" and ("data-chapter" in facts or kind == "part"):
            self._chapter = facts.get("data-chapter", self._chapter)
            section = Section(chapter=self._chapter)
            self.page.sections.append(section)
            self._sections.append(section)
        elif tag == "figure":
            self._begin_plate(facts, kind)
        elif self._plate is not None:
            self._inside_plate(tag, kind)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note_addresses(tag, {key: value or "" for key, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, kind = self._open.pop()
            if opened == "section" and self._sections and (kind in ("chapter", "part")):
                self._sections.pop()
            if opened == "figure":
                self._plate = None
            if opened == tag:
                return

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        if self._counting is not None:
            self.page.counts[self._counting][-1] += data
            self._counting = None
        if not data.strip() or "style" in tags or ("title" in tags and "svg" not in tags):
            return
        self.page.words.append(data)
        if "i" not in tags and "code" not in tags and not self._may_be_foreign():
            self.page.prose.append(data)
        if self._plate is not None:
            self._fill_plate(data, tags)
        self._fill_sections(data, tags)

    def _may_be_foreign(self) -> bool:
        """A name set in italics on a drawing, or a citation in the list of references."""
        kinds = [kind for _, kind in self._open]
        return any("font-style: italic" in kind for kind in kinds) or ("en" in kinds and self._front == "references")

    def _note_addresses(self, tag: str, facts: dict[str, str]) -> None:
        if "id" in facts:
            self.page.ids.append(facts["id"])
        if tag == "a":
            self.page.links.append(facts.get("href", ""))
        self.page.addresses += [facts[key] for key in ("src", "srcset") if key in facts]
        self.page.addresses += [facts["href"]] if tag == "link" else []

    def _begin_plate(self, facts: dict[str, str], kind: str) -> None:
        name = facts.get("data-table") or facts.get("data-figure") or "?"
        is_table, kinds = "data-table" in facts, kind.split()
        self._plate = Plate(
            "table" if is_table else "figure", name, self._chapter, is_map="map" in kinds, is_photos="photos" in kinds
        )
        self.page.plates[name] = self._plate
        for section in self._sections:
            section.content.append(name)

    def _inside_plate(self, tag: str, kind: str) -> None:
        assert self._plate is not None
        if tag in ("figcaption", "table", "svg", "img"):
            self._plate.order.append("caption" if tag == "figcaption" else "body")
        elif tag == "tr" and any(opened == "tbody" for opened, _ in self._open):
            self._plate.rows.append([])
        elif tag == "td":
            self._plate.rows[-1].append("")
        elif tag == "th":
            self._plate.head.append("")

    def _fill_plate(self, data: str, tags: list[str]) -> None:
        assert self._plate is not None
        kind = next((kind for tag, kind in reversed(self._open) if kind or tag in ("td", "th")), "")
        if "td" in tags:
            self._plate.rows[-1][-1] += data
        elif "th" in tags:
            self._plate.head[-1] += data
        elif kind in ("number", "title", "unit", "source", "counted"):
            setattr(self._plate, kind, getattr(self._plate, kind) + data)
        if "svg" in tags:
            self._plate.text.append(data)

    def _fill_sections(self, data: str, tags: list[str]) -> None:
        if not self._sections:
            return
        if tags[-1] in ("h2", "h3", "h4", "h5", "h6"):
            self._sections[-1].heading += data
        elif any(kind == "reason" for _, kind in self._open):
            self._sections[-1].reason += data
        else:
            for section in self._sections:
                section.content.append(data)

"""The features of a file on their way to places: named, in WGS84, with shapes that their kind can have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from shapely.geometry.base import BaseGeometry

from server.places.reading import RawLayer
from server.places.refusal import LayerRefused
from server.places.staging import LIMIT_BYTES
from server.places.validity import NotAllowed, mend


@dataclass(frozen=True)
class Options:
    """What a user says beside the file. `gone`: codes that end with this version."""

    crs: str | None = None
    datum: str | None = None
    name_field: str | None = None
    code_field: str | None = None
    layer: str | None = None
    label: str | None = None
    source: str | None = None
    valid_from: date | None = None
    drop_missing: bool = False
    gone: tuple[str, ...] = ()
    limit_bytes: int = LIMIT_BYTES


@dataclass(frozen=True)
class Draft:
    """`no` is the feature's place in the file, from 1."""

    no: int
    code: str
    name: str
    fields: Mapping[str, str]
    shape: BaseGeometry

    def __str__(self) -> str:
        known = " ".join(part for part in (self.code, self.name) if part)
        return f"第 {self.no} 个要素" + (f"（{known}）" if known else "")


@dataclass
class Findings:
    """`problems` refuse the file, all of them at once; `told` is what the user should know."""

    problems: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def refuse_if_any(self, file: str) -> None:
        if self.problems:
            raise LayerRefused(file, *self.problems)


def drafts(
    raw: RawLayer, shapes: Sequence[BaseGeometry | None], code: str | None, name: str | None, findings: Findings
) -> list[Draft]:
    """`code` and `name` are columns. A feature without a shape is a problem."""
    made = []
    for feature, shape in zip(raw.features, shapes, strict=True):
        written = feature.fields.get(code or "", ""), feature.fields.get(name or "", "")
        if shape is None:
            known = " ".join(part for part in written if part)
            findings.problems.append(f"第 {feature.no} 个要素（{known or '无代码无名称'}）没有图形")
        else:
            made.append(Draft(feature.no, *written, feature.fields, shape))
    return made


def mended(given: Sequence[Draft], kind: str, findings: Findings) -> list[Draft]:
    kept = []
    for draft in given:
        try:
            done = mend(draft.shape, kind)
        except NotAllowed as error:
            findings.problems.append(f"{draft}{error}")
            continue
        if done.told:
            findings.told.append(f"{draft}{done.told}")
        kept.append(replace(draft, shape=done.shape))
    return kept

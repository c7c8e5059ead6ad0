"""From a file to what it would change. Reads, checks everything, and writes nothing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from server.places import counties, datum, named, provinces, zoning
from server.places.columns import chosen, required
from server.places.counties import CodeTable
from server.places.crs import to_wgs84
from server.places.difference import Difference, compare
from server.places.drafts import Draft, Findings, Options, drafts, mended
from server.places.features import KINDS, Place
from server.places.matching_names import NameTable
from server.places.queries import BoundariesMissing
from server.places.reading import RawLayer, read_vector
from server.places.refusal import LayerRefused
from server.places.shift import Measured
from server.places.standing import Standing, counties_near, places, standing
from shared.clock import SystemClock, today_in_china

# A layer with less than this in the home province is another's. Priority areas and grids span several provinces.
_LEAST_OWN_SHARE = 0.1
_OWN_SHARE: Mapping[str, float] = {"priority_area": 0.01, "grid": 0.01}


@dataclass(frozen=True)
class Prepared:
    """`places` are what the file brings, changed or not; `gone` codes end; all others are carried over from `before`."""

    kind: str
    file: str
    version: str
    digest: str
    before: str | None
    valid_from: date
    places: tuple[Place, ...]
    gone: tuple[str, ...]
    source: str
    crs: str
    label: str | None
    difference: Difference
    told: tuple[str, ...]


def prepare(session: Session, file: Path, kind: str, options: Options, home: str) -> Prepared:
    """LayerRefused with all that is wrong. `home` is the province's two digits."""
    if kind not in KINDS:
        raise LayerRefused(file.name, f"没有 {kind} 这种图层；可用 {'、'.join(KINDS)}")
    county = standing(session, "county")
    if county.version is None:
        raise BoundariesMissing
    at = county if kind == "county" else standing(session, kind)
    job = _Job(session, file.name, kind, options, at, county, counties.code_table(session, county.version), home)
    since = _since(job)
    raw = read_vector(file, options.layer, options.limit_bytes)
    placed = to_wgs84(file.name, [one.shape for one in raw.features], raw.crs, raw.assumes_wgs84, options.crs)
    findings = Findings(told=[*raw.told, *placed.told])
    made = mended(_drafts(job, raw, placed.shapes, findings), kind, findings)
    findings.refuse_if_any(file.name)
    made = datum.in_wgs84(made, options.datum, _measured(job, made), findings)
    found = _counties(job, made, since, findings) if kind == "county" else _named(job, raw, made, findings)
    findings.refuse_if_any(file.name)
    return _prepared(job, found, since, placed.crs, findings)


@dataclass(frozen=True)
class _Job:
    session: Session
    file: str
    kind: str
    options: Options
    at: Standing
    county: Standing
    table: CodeTable
    home: str


@dataclass(frozen=True)
class _Found:
    places: Sequence[Place]
    before: Mapping[str, Place]
    gone: Sequence[str]


def _since(job: _Job) -> date:
    since = job.options.valid_from or today_in_china(SystemClock())
    if since > today_in_china(SystemClock()):
        raise LayerRefused(
            job.file, f"生效日期 {since} 在今天（{today_in_china(SystemClock())}）之后；请到生效时再载入"
        )
    if job.at.valid_from is not None and since < job.at.valid_from:
        raise LayerRefused(job.file, f"生效日期 {since} 早于现行版本 {job.at.version} 的生效日期 {job.at.valid_from}")
    return since


def _measured(job: _Job, made: Sequence[Draft]) -> Measured:
    if job.kind == "county":
        return datum.measure_counties(job.session, job.county, made)
    return datum.measure_others(job.session, job.kind, made)


def _drafts(job: _Job, raw: RawLayer, shapes: Sequence[BaseGeometry | None], findings: Findings) -> list[Draft]:
    options, columns, kind = job.options, raw.columns, job.kind
    of = {"county": "county's ", "zone": "zone's "}.get(kind, "")
    if kind in ("county", "grid"):
        code: str | None = required(job.file, columns, f"{of}code", options.code_field, "--code-field")
    else:
        code = chosen(job.file, columns, f"{of}code", options.code_field)
    if kind in ("grid", "zone"):
        name = chosen(job.file, columns, "name", options.name_field)
    else:
        name = required(job.file, columns, f"{of}name", options.name_field, "--name-field")
    return drafts(raw, shapes, code, name, findings)


def _counties(job: _Job, made: Sequence[Draft], since: date, findings: Findings) -> _Found:
    found = counties.identify(made, job.at, job.table, since, findings)
    findings.refuse_if_any(job.file)
    counties.check_province(found, job.table, job.home, findings)
    codes = {place.code for place in found}
    before = places(job.session, job.at, codes)
    counties.check_ground(found, before, findings)
    gone = _gone(job, codes, [code for code in job.at.names if code.startswith(job.home)], findings)
    near = counties_near(job.session, _bounds(found))
    carried = {code: shape for code, shape in near.items() if code not in codes and code not in gone}
    counties.check_carried(found, carried, job.at.names, findings)
    return _Found(counties.completed(found, before), before, gone)


def _named(job: _Job, raw: RawLayer, made: Sequence[Draft], findings: Findings) -> _Found:
    areas = NameTable(standing(job.session, "protected_area").names if job.kind == "zone" else {})
    if job.kind == "zone":
        found = zoning.identify(job.file, made, raw.columns, areas, findings)
    else:
        found = named.identify(job.kind, made, NameTable(job.at.names), job.home, findings)
    findings.refuse_if_any(job.file)
    outlines = [place.shape for place in found if place.shape is not None]
    lies_in = provinces.shares(outlines, counties_near(job.session, _bounds(found)))
    by_province = provinces.by_province(outlines, lies_in, job.table.provinces)
    _check_province(job, by_province, findings)
    before = places(job.session, job.at, None if job.kind == "zone" else {place.code for place in found})
    zoning.check_owners(found if job.kind == "zone" else (), before, areas, findings)
    done = named.completed(found, before, job.options.source, job.file)
    done = [
        place if place.county_codes else replace(place, county_codes=provinces.counties_of(share))
        for place, share in zip(done, lies_in, strict=True)
    ]
    codes = {place.code for place in found}
    gone = _gone(job, codes, list(job.at.names), findings)
    if job.kind == "zone":  # a file brings the whole zoning of each area it names
        parents = {place.parent_code for place in found}
        gone = sorted({*gone, *(c for c, place in before.items() if place.parent_code in parents and c not in codes)})
    return _Found(done, before, gone)


def _check_province(job: _Job, by_province: Mapping[str, float], findings: Findings) -> None:
    own = job.table.provinces.get(f"{job.home}0000", job.home)
    words = "，".join(f"{name} {share:.1%}" for name, share in by_province.items())
    if by_province.get(own, 0.0) < _OWN_SHARE.get(job.kind, _LEAST_OWN_SHARE):
        findings.problems.append(f"不是本省（{own}）的图层：{words}")
    elif len(by_province) > 1:
        findings.told.append(f"有一部分在省外：{words}")


def _gone(job: _Job, codes: Iterable[str], dropped: Sequence[str], findings: Findings) -> list[str]:
    """`dropped`: what --drop-missing reaches (of counties, the home province's alone)."""
    named_gone, present = job.options.gone, set(codes)
    for code in named_gone:
        if code not in job.at.names:
            findings.problems.append(f"--gone {code}：现行版本里没有这个代码")
        elif code in present:
            findings.problems.append(f"--gone {code}：文件里仍有这个代码")
    missing = [code for code in dropped if code not in present] if job.options.drop_missing else []
    return sorted({*named_gone, *missing})


def _bounds(found: Sequence[Place]) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(np.asarray([place.shape for place in found], dtype=object))
    return west, south, east, north


def _prepared(job: _Job, found: _Found, since: date, crs: str, findings: Findings) -> Prepared:
    gone = places(job.session, job.at, found.gone) if found.gone else {}
    known = {place.code: found.before[place.code] for place in found.places if place.code in found.before}
    changes = compare(known, found.places, list(gone.values()), len(job.at.names))
    written = {one.code for one in changes.added} | {one.code for one in changes.changed}
    brought = tuple(place for place in found.places if place.code in written)
    content = [job.kind, job.at.version, since.isoformat(), sorted(place.digest() for place in brought), found.gone]
    digest = sha256(json.dumps(content).encode()).hexdigest()
    return Prepared(
        job.kind,
        job.file,
        f"{job.kind}-{since}-{digest[:8]}",
        digest,
        job.at.version,
        since,
        brought,
        tuple(found.gone),
        job.options.source or job.file,
        crs,
        job.options.label,
        changes,
        tuple(findings.told),
    )

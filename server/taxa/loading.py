"""Writes one version of a list: what it is, every row as it came, and the typed tables that are read instead of the rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from server.taxa.columns import COLUMNS
from server.taxa.inserting import insert
from server.taxa.kinds import BASE, TAIL
from server.taxa.lists import ListError, ParsedList
from server.taxa.nomenclature import Nomenclature, entries
from server.taxa.rules import GROUP_RANKS
from server.taxa.unreadable import Problem
from server.taxa.versions import Row, Version, write_rows

_LIST_COLUMNS = ("kind", "title_zh", "title_en", "short_title_zh", "region", "issuing_body", "legal_basis")
_ENTRY_COLUMNS = ("list_group", "category", "population", "managed_by", "note", "region_code")
_SCOPES = {"中国": "China", "全球": "global"}
_TYPED = frozenset({*BASE, *TAIL, "section", "excludes", "managed_by", "red_list", "endemic", "region_code"})


def write_version(
    session: Session, parsed: ParsedList, version: str, base: Version | None, by: str, unmatched: Collection[str]
) -> None:
    """`unmatched`: numbers of the rows whose name no list had; an agency's stay unverified until a person confirms them."""
    d = dict(parsed.descriptor)
    described = {
        **{column: d.get(column) or "" for column in _LIST_COLUMNS},
        "populations_excluded": d.get("populations_excluded", []),
        "populations_excluded_basis": d.get("populations_excluded_basis", ""),
    }
    overwrite = ", ".join(f"{column} = excluded.{column}" for column in described)
    insert(
        session,
        "species_list",
        [{"list_id": parsed.list_id, **described}],
        f"ON CONFLICT (list_id) DO UPDATE SET {overwrite}",
    )
    unverified = sum(row["status"] == "unverified" or row["no"] in unmatched for row in parsed.rows)
    told = {
        "list_id": parsed.list_id,
        "version": version,
        **{column: d.get(column) or "" for column in ("announcement", "unverified_rows")},
        **{column: d.get(column) or None for column in ("issued_on", "in_force_on")},
        "digest": parsed.digest,
        "taxon_count": sum(row.get("entry_kind") == "taxon" for row in parsed.rows),
        "group_count": sum(row.get("entry_kind") == "group" for row in parsed.rows),
        "unverified_count": unverified,
        "loaded_by": by,
        "replaces": base.version if base else None,
        "descriptor": d,
    }
    insert(session, "list_version", [told])
    write_rows(session, parsed.list_id, version, parsed.rows, unmatched)


class Typed:
    """The typed rows of one version, by the nomenclature of the day it is loaded."""

    def __init__(
        self, session: Session, parsed: ParsedList, version: str, names: Nomenclature, unmatched: Collection[str]
    ) -> None:
        self._session = session
        self._parsed = parsed
        self._key = {"list_id": parsed.list_id, "version": version}
        self._names = names
        self._unmatched = unmatched

    def write(self) -> None:
        write = {
            "pinyin": self._nothing,
            "names": self._check_names,
            "sensitivity": self._write_sensitivity,
            "traits": self._write_traits,
            "lookalikes": self._write_lookalikes,
            "identifiers": self._write_identifiers,
        }.get(self._parsed.kind, self._write_entries)
        try:
            write(self._parsed.rows)
        except (IntegrityError, DataError) as error:  # what the reader of lists did not foresee
            raise ListError(self._parsed.file, f"有一行数据库不收：{str(error.orig).splitlines()[0]}") from error

    def _insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        insert(self._session, table, [{**self._key, **row} for row in rows])

    def _nothing(self, rows: Sequence[Row]) -> None:
        """All that a row says is in the table of readings."""

    def _numbered(self, row: Row) -> dict[str, Any]:
        return {"entry_no": int(row["no"])}

    def _status(self, row: Row) -> str:
        return "unverified" if row["no"] in self._unmatched else row["status"]

    def _check_names(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if self._names.id_of(row["scientific_name"]) not in self._names.taxa:
                self._refuse(row, "scientific_name", f"没有学名为 {row['scientific_name']} 的种（第 {row['no']} 号）")

    def _refuse(self, row: Row, field: str, reason: str) -> None:
        line, heading = _line(self._parsed, row), COLUMNS[field].zh
        raise ListError(self._parsed.file, problems=[Problem(reason, line, field, heading)])

    def _write_entries(self, rows: Sequence[Row]) -> None:
        taxa = list(entries(rows))
        self._insert(
            "list_entry",
            (
                {
                    **self._numbered(row),
                    "taxon_id": self._names.id_of(row["scientific_name"]),
                    "scientific_name": row["scientific_name"],
                    **self._said(row),
                }
                for row in taxa
            ),
        )
        self._write_rules([row for row in rows if row["entry_kind"] == "group"])
        assessed = [(row, row["category"]) for row in taxa] if self._parsed.kind == "red_list" else []
        self._write_assessments(assessed or [(row, row["red_list"]) for row in taxa if row.get("red_list")])

    def _said(self, row: Row) -> dict[str, Any]:
        details = {column: value for column, value in row.items() if column not in _TYPED and value}
        return {
            "name_zh": row["name_zh"],
            **{column: row.get(column) or None for column in _ENTRY_COLUMNS},
            "status": self._status(row),
            "details": details,
        }

    def _write_rules(self, groups: Sequence[Row]) -> None:
        for row in groups:
            if row["rank"] not in GROUP_RANKS:
                self._refuse(row, "entry_kind", "类群应为属、组、科、目或纲，这一行是种或种以下")
        self._insert(
            "list_rule",
            (
                {
                    **self._numbered(row),
                    "rank": row["rank"],
                    "name": row["scientific_name"],
                    "kingdom": row["kingdom"] or None,
                    **self._said(row),
                    "category": row["category"],
                }
                for row in groups
            ),
        )
        self._insert(
            "list_rule_exclusion",
            (
                {**self._numbered(row), "name_zh": name}
                for row in groups
                for name in dict.fromkeys(filter(None, row.get("excludes", "").split(";")))
            ),
        )

    def _write_assessments(self, assessed: Sequence[tuple[Row, str]]) -> None:
        d = self._parsed.descriptor
        scope = str(d.get("red_list_scope") or d["region"])
        self._insert(
            "red_list_assessment",
            (
                {
                    **self._numbered(row),
                    "taxon_id": self._names.id_of(row["scientific_name"]),
                    "scope": _SCOPES.get(scope, scope),
                    "edition": d.get("red_list_edition") or None,
                    "category": category,
                    "source": d.get("red_list_title_zh") or d["title_zh"],
                    "assessed_year": int(row.get("assessed_year") or 0) or None,
                    **{column: row.get(column) or None for column in ("criteria", "population_zh")},
                }
                for row, category in assessed
            ),
        )

    def _write_sensitivity(self, rows: Sequence[Row]) -> None:
        optional = ("kingdom", "population", "condition", "coarsest_name")
        for row in rows:
            if (row["category"] == "1") != bool(row.get("coarsest_name")):
                self._refuse(row, "coarsest_name", "级别 1 须写明公开地名至多到县、市州还是省，其他级别留空")
        self._insert(
            "sensitivity_rule",
            (
                {
                    **self._numbered(row),
                    "rank": row["rank"],
                    "name": row["scientific_name"],
                    "name_zh": row["name_zh"],
                    "taxon_id": self._names.id_of(row["scientific_name"]) if row["entry_kind"] == "taxon" else None,
                    "level": int(row["category"]),
                    **{column: row.get(column) or None for column in optional},
                    "months": [int(month) for month in _parts(row, "months")] or None,
                    "county_codes": _parts(row, "county_codes") or None,
                    "reason": row["reason"],
                    "review_on": row["review_on"],
                    "status": self._status(row),
                }
                for row in rows
            ),
        )

    def _write_traits(self, rows: Sequence[Row]) -> None:
        self._insert(
            "taxon_trait",
            (
                {
                    **self._numbered(row),
                    "taxon_id": self._names.id_of(row["scientific_name"]),
                    "trait": row["trait"],
                    "value": row["value"],
                }
                for row in rows
            ),
        )

    def _write_lookalikes(self, rows: Sequence[Row]) -> None:
        pairs = []
        for row in rows:
            one, other = self._names.id_of(row["scientific_name"]), self._names.id_of(row["other_scientific_name"])
            if one == other:
                self._refuse(row, "other_scientific_name", "与本种是同一个种")
            pairs.append(
                {"taxon_id": one, "other_id": other, "difference_zh": row["difference_zh"], **self._numbered(row)}
            )
        self._insert("taxon_lookalike", pairs)

    def _write_identifiers(self, rows: Sequence[Row]) -> None:
        self._insert(
            "taxon_identifier",
            (
                {
                    **self._numbered(row),
                    "taxon_id": self._names.id_of(row["scientific_name"]),
                    "authority": row["authority"],
                    "identifier": row["identifier"],
                }
                for row in rows
                if row["identifier"]
            ),
        )


def _parts(row: Row, column: str) -> list[str]:
    return list(filter(None, row.get(column, "").split(";")))


def _line(parsed: ParsedList, row: Row) -> int | None:
    return next((line for line, one in zip(parsed.lines, parsed.rows, strict=False) if one is row), None)

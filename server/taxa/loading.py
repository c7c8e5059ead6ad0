"""Puts checked lists into the tables, in one order: readings, lists that name taxa, other names, sensitivity."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa.lists import ListError, ParsedList
from server.taxa.names import fold, taxon_id_for
from server.taxa.provisional import load_readings
from server.taxa.readings import Readings
from server.taxa.rules import group_zh

_PLACES = ("kingdom", "phylum", "class_name", "order_name", "family")
_TAXON_COLUMNS = (
    "scientific_name",
    "authorship",
    "rank",
    *_PLACES,
    "genus",
    "section",
    "group_zh",
    "endemic",
    "endemic_source",
)
_NAME_COLUMNS = (
    "taxon_id",
    "name",
    "language",
    "kind",
    "region",
    "source",
    "status",
    "search_name",
    "pinyin",
    "initials",
)
_Row = Mapping[str, str]


class Loading:
    def __init__(self, session: Session, named: Sequence[ParsedList]) -> None:
        """`named`: lists at hand, whose synonyms count beside those in the database."""
        self._session = session
        stored = session.execute(
            text("""
            SELECT n.name, t.scientific_name FROM xiangye.taxon_name n JOIN xiangye.taxon t USING (taxon_id)
            WHERE n.language = 'la' AND n.kind <> 'accepted'""")
        )
        self._accepted_of: dict[str, str] = {row[0]: row[1] for row in stored}
        for parsed in named:
            if parsed.kind == "names":
                self._accepted_of |= {
                    row["name"]: row["scientific_name"] for row in parsed.rows if row["language"] == "la"
                }
        self._readings = Readings({})

    def apply(self, lists: Sequence[ParsedList]) -> None:
        for parsed in lists:
            self._write_version(parsed)
            if parsed.kind == "pinyin":
                self._load_pinyin(parsed)
                continue
            self._readings = load_readings(self._session)
            {"names": self._load_names, "sensitivity": self._load_sensitivity}.get(parsed.kind, self._load_taxa)(parsed)

    def _many(self, statement: str, rows: Iterable[Mapping[str, Any]]) -> None:
        bound = list(rows)
        if bound:
            self._session.execute(text(statement), bound)

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]], conflict: str = "") -> None:
        if rows:
            columns = list(rows[0])
            self._many(
                f"INSERT INTO xiangye.{table} ({', '.join(columns)}) VALUES ({', '.join(f':{c}' for c in columns)}) {conflict}",
                rows,
            )

    def _write_version(self, parsed: ParsedList) -> None:
        """A changed file of the same version replaces its rows; another version stands beside it."""
        d = parsed.descriptor
        key = {"list_id": d["id"], "version": d["version"]}
        for table in ("list_rule_exclusion", "list_rule", "list_entry", "sensitivity_rule", "red_list_assessment"):
            self._session.execute(
                text(f"DELETE FROM xiangye.{table} WHERE list_id = :list_id AND version = :version"), key
            )
        described = {
            **{
                c: d[c]
                for c in ("kind", "title_zh", "title_en", "short_title_zh", "region", "issuing_body", "legal_basis")
            },
            "populations_excluded": d.get("populations_excluded", []),
            "populations_excluded_basis": d.get("populations_excluded_basis", ""),
        }
        self._insert(
            "species_list",
            [{"list_id": d["id"], **described}],
            f"ON CONFLICT (list_id) DO UPDATE SET {_overwrite(described)}",
        )
        counted = {
            "announcement": d["announcement"],
            "issued_on": d["issued_on"],
            "in_force_on": d["in_force_on"],
            "digest": parsed.digest,
            "taxon_count": sum(row.get("entry_kind") == "taxon" for row in parsed.rows),
            "group_count": sum(row.get("entry_kind") == "group" for row in parsed.rows),
            "unverified_count": sum(row["status"] == "unverified" for row in parsed.rows),
            "unverified_rows": d["unverified_rows"],
        }
        self._insert(
            "list_version", [{**key, **counted}], f"ON CONFLICT (list_id, version) DO UPDATE SET {_overwrite(counted)}"
        )

    def _load_pinyin(self, parsed: ParsedList) -> None:
        self._session.execute(text("DELETE FROM xiangye.pinyin_reading"))
        self._insert("pinyin_reading", [{"text": row["text"], "pinyin": row["pinyin"]} for row in parsed.rows])
        readings = load_readings(self._session)
        stored = (
            self._session.execute(text("SELECT DISTINCT name FROM xiangye.taxon_name WHERE language = 'zh'"))
            .scalars()
            .all()
        )
        again = [
            {"name": name, "pinyin": reading.pinyin, "initials": reading.initials}
            for name in stored
            for reading in [readings.of(name)]
        ]
        self._many(
            "UPDATE xiangye.taxon_name SET pinyin = :pinyin, initials = :initials WHERE name = :name AND language = 'zh'",
            again,
        )

    def _load_taxa(self, parsed: ParsedList) -> None:
        entries = [row for row in parsed.rows if row["entry_kind"] == "taxon"]
        self._upsert_taxa([self._taxon_of(row, parsed) for row in entries])
        self._write_own_names(parsed, entries)
        printed = ("scientific_name", "name_zh", "list_group", "category", "population", "note", "status")
        self._insert(
            "list_entry",
            [
                {
                    "list_id": parsed.list_id,
                    "version": parsed.descriptor["version"],
                    "entry_no": int(row["no"]),
                    "taxon_id": self._id_of(row),
                    **{c: row[c] or None for c in printed},
                    "managed_by": row.get("managed_by") or None,
                }
                for row in entries
            ],
        )
        self._write_rules(parsed, [row for row in parsed.rows if row["entry_kind"] == "group"])
        self._write_red_list(parsed, [row for row in entries if row.get("red_list")])

    def _write_rules(self, parsed: ParsedList, groups: Sequence[_Row]) -> None:
        key = {"list_id": parsed.list_id, "version": parsed.descriptor["version"]}
        kept = ("rank", "name_zh", "kingdom", "list_group", "category", "population", "note", "status")
        self._insert(
            "list_rule",
            [
                {
                    **key,
                    "entry_no": int(row["no"]),
                    "name": row["scientific_name"],
                    **{c: row[c] or None for c in kept},
                    "managed_by": row.get("managed_by") or None,
                }
                for row in groups
            ],
        )
        self._insert(
            "list_rule_exclusion",
            [
                {**key, "entry_no": int(row["no"]), "name_zh": name}
                for row in groups
                for name in filter(None, row.get("excludes", "").split(";"))
            ],
        )

    def _accepted(self, printed: str) -> str:
        return self._accepted_of.get(printed, printed)

    def _id_of(self, row: _Row) -> str:
        return taxon_id_for(self._accepted(row["scientific_name"]))

    def _taxon_of(self, row: _Row, parsed: ParsedList) -> dict[str, Any]:
        name = self._accepted(row["scientific_name"])
        places = {column: row[column.removesuffix("_name")] or None for column in _PLACES}
        above_genus = row["rank"] in ("class", "order", "family")
        return {
            "taxon_id": taxon_id_for(name),
            "scientific_name": name,
            "authorship": row["authorship"] or None,
            "rank": row["rank"],
            **places,
            "genus": None if above_genus else name.split()[0],
            "section": name if row["rank"] == "section" else row.get("section") or None,
            "group_zh": group_zh(places["kingdom"], places["phylum"], places["class_name"]),
            "endemic": True if row.get("endemic") else None,
            "endemic_source": parsed.list_id if row.get("endemic") else None,
        }

    def _upsert_taxa(self, rows: Sequence[Mapping[str, Any]]) -> None:
        kept = ", ".join(f"{c} = coalesce(excluded.{c}, taxon.{c})" for c in _TAXON_COLUMNS)
        self._insert(
            "taxon",
            [{**row, "status": "accepted"} for row in rows],
            f"ON CONFLICT (taxon_id) DO UPDATE SET {kept}, status = 'accepted'",
        )

    def _write_own_names(self, parsed: ParsedList, entries: Sequence[_Row]) -> None:
        self._forget_names(parsed.list_id)
        stored = self._session.execute(
            text("""
            SELECT taxon_id::text, name FROM xiangye.taxon_name
            WHERE language = 'zh' AND kind = 'accepted' AND status <> 'provisional'""")
        )
        have: dict[str, str] = {row[0]: row[1] for row in stored}
        self._many(
            "DELETE FROM xiangye.taxon_name WHERE taxon_id = :taxon_id AND status = 'provisional'",
            [{"taxon_id": self._id_of(row)} for row in entries],
        )
        names: list[dict[str, Any]] = []
        for row in entries:
            taxon_id, status = self._id_of(row), row["status"]
            names.append(
                self._name(taxon_id, self._accepted(row["scientific_name"]), "la", "accepted", parsed.list_id, status)
            )
            kind = "accepted" if have.setdefault(taxon_id, row["name_zh"]) == row["name_zh"] else "vernacular"
            names.append(self._name(taxon_id, row["name_zh"], "zh", kind, parsed.list_id, status))
            others = filter(None, row["other_names_zh"].split(";"))
            names += [self._name(taxon_id, other, "zh", "vernacular", parsed.list_id, status) for other in others]
        self._insert("taxon_name", names, "ON CONFLICT DO NOTHING")

    def _forget_names(self, list_id: str) -> None:
        self._session.execute(
            text(
                "DELETE FROM xiangye.taxon_name WHERE source = :source AND NOT (language = 'la' AND kind = 'accepted')"
            ),
            {"source": list_id},
        )

    def _name(
        self, taxon_id: str, name: str, language: str, kind: str, source: str, status: str, region: str | None = None
    ) -> dict[str, Any]:
        reading = self._readings.of(name) if language == "zh" else None
        pinyin, initials = (reading.pinyin, reading.initials) if reading else (None, None)
        return dict(
            zip(
                _NAME_COLUMNS,
                (taxon_id, name, language, kind, region, source, status, fold(name, language), pinyin, initials),
                strict=True,
            )
        )

    def _write_red_list(self, parsed: ParsedList, rows: Sequence[_Row]) -> None:
        d = parsed.descriptor
        self._insert(
            "red_list_assessment",
            [
                {
                    "list_id": parsed.list_id,
                    "version": d["version"],
                    "entry_no": int(row["no"]),
                    "taxon_id": self._id_of(row),
                    "scope": d["red_list_scope"],
                    "edition": d["red_list_edition"],
                    "category": row["red_list"],
                    "source": d["red_list_title_zh"],
                }
                for row in rows
            ],
        )

    def _load_names(self, parsed: ParsedList) -> None:
        self._forget_names(parsed.list_id)
        stored = set(self._session.execute(text("SELECT taxon_id::text FROM xiangye.taxon")).scalars())
        for row in parsed.rows:
            if taxon_id_for(row["scientific_name"]) not in stored:
                raise ListError(
                    parsed.descriptor["file"],
                    f"没有学名为 {row['scientific_name']} 的种（第 {row['no']} 号）",
                    field="scientific_name",
                )
        self._insert(
            "taxon_name",
            [
                self._name(
                    taxon_id_for(row["scientific_name"]),
                    row["name"],
                    row["language"],
                    row["kind"],
                    parsed.list_id,
                    row["status"],
                    row["region"] or None,
                )
                for row in parsed.rows
            ],
            "ON CONFLICT DO NOTHING",
        )

    def _load_sensitivity(self, parsed: ParsedList) -> None:
        key = {"list_id": parsed.list_id, "version": parsed.descriptor["version"]}
        self._insert(
            "sensitivity_rule",
            [
                {
                    **key,
                    "entry_no": int(row["no"]),
                    "rank": row["rank"],
                    "name": row["scientific_name"],
                    "name_zh": row["name_zh"],
                    "taxon_id": self._known_id(parsed, row) if row["entry_kind"] == "taxon" else None,
                    "level": int(row["category"]),
                    **{c: row[c] or None for c in ("kingdom", "population", "condition", "coarsest_name")},
                    **{c: row[c] for c in ("reason", "review_on", "status")},
                }
                for row in parsed.rows
            ],
        )

    def _known_id(self, parsed: ParsedList, row: _Row) -> str:
        taxon_id = self._id_of(row)
        if (
            self._session.execute(text("SELECT 1 FROM xiangye.taxon WHERE taxon_id = :id"), {"id": taxon_id}).first()
            is None
        ):
            raise ListError(
                parsed.descriptor["file"],
                f"没有学名为 {row['scientific_name']} 的种（第 {row['no']} 号）",
                field="scientific_name",
            )
        return taxon_id


def _overwrite(columns: Iterable[str]) -> str:
    return ", ".join(f"{column} = excluded.{column}" for column in columns)

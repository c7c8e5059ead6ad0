"""Every text column in which a person's name could stand, whatever room it belongs to: found in the catalogue of the database, so
that a new table needs no entry here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# What lists, layers and notices say is nobody's, and a person may be called like a county or a bird.
_PUBLISHED = (
    "taxon%",
    "pinyin_reading",
    "species_list",
    "list_%",
    "sensitivity_rule",
    "red_list_assessment",
    "county%",
    "boundary_version",
    "named_place",
    "raster_layer",
    "scope",
    "organisation",
    "notice_version",
    "verification_rule",
    "retention_setting",
    "alembic_version",
)
_PUBLISHED_COLUMNS = ("scientific_name", "name_zh", "county_name", "prefecture_name", "grid_cell", "boundary_version")
_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL), has_column_privilege(c.oid, a.attnum, 'UPDATE')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'xiangye'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND format_type(a.atttypid, NULL) IN ('text', 'text[]', 'jsonb') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
        AND NOT c.relname LIKE ANY (:published) AND a.attname <> ALL (:published_columns)
    ORDER BY 1, 2
    """
_WITHOUT = {
    "text": "{column} = replace({column}, :word, :instead)",
    "jsonb": "{column} = CAST(replace(CAST({column} AS text), :word, :instead) AS jsonb)",
    "text[]": "{column} = CASE WHEN {column} IS NOT NULL THEN"
    " ARRAY(SELECT replace(one, :word, :instead) FROM unnest({column}) WITH ORDINALITY AS of (one, n) ORDER BY n) END",
}


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    writable: bool

    @property
    def quoted(self) -> str:
        return f'"{self.name}"'


def take_out(session: Session, words: Sequence[str], instead: str) -> dict[str, int]:
    """By table, how many rows named the person and do no longer."""
    done: dict[str, int] = {}
    for table, columns in _tables(session).items():
        writable = [column for column in columns if column.writable]
        for word in words if writable else ():
            changes = ", ".join(_WITHOUT[column.kind].format(column=column.quoted) for column in writable)
            statement = f'UPDATE xiangye."{table}" SET {changes} WHERE {_names_any(writable, ":word")} RETURNING 1'
            count = len(session.execute(text(statement), {"word": word, "instead": instead}).all())
            if count:
                done[table] = done.get(table, 0) + count
    return done


def still_named(session: Session, words: Sequence[str]) -> list[str]:
    """Tables in which the person is named even so: those that only grow."""
    return [
        table
        for table, columns in _tables(session).items()
        if session.execute(
            text(
                f'SELECT EXISTS (SELECT FROM xiangye."{table}" CROSS JOIN unnest(CAST(:words AS text[])) AS word '
                f"WHERE {_names_any(columns, 'word')})"
            ),
            {"words": list(words)},
        ).scalar_one()
    ]


def _tables(session: Session) -> Mapping[str, list[Column]]:
    found: dict[str, list[Column]] = {}
    asked = {"published": list(_PUBLISHED), "published_columns": list(_PUBLISHED_COLUMNS)}
    for table, name, kind, writable in session.execute(text(_COLUMNS), asked).all():
        found.setdefault(table, []).append(Column(name, kind, writable))
    return found


def _names_any(columns: Sequence[Column], word: str) -> str:
    """One pass over a table for all its columns; a character that no text holds keeps them apart."""
    joined = ", ".join(f"CAST({column.quoted} AS text)" for column in columns)
    return f"position({word} IN concat_ws(chr(1), {joined})) > 0"

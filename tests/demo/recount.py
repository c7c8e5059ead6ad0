"""Recounts every figure of a report's tables from the raw version bodies, the CSV files of the lists and the county polygons.

Imports nothing of the project: only the standard library, psycopg, shapely and openpyxl. Prints the differences as JSON, exit 1 where there is one.
    python tests/demo/recount.py REPORT_DIR --dsn DSN --lists species_lists --counties district.geojson
"""

import argparse
import json
import sys
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from recounting.assessment import Assessment
from recounting.baseline import ANY, Baseline
from recounting.bodies import put_together, read_bodies
from recounting.county import County
from recounting.forms import differences_of_forms
from recounting.ground import county_at, read_counties
from recounting.lists import Lists
from recounting.prose import baseline_prose
from recounting.region import Region


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("report", type=Path)
    for name in ("--dsn", "--lists", "--counties"):
        parser.add_argument(name, required=True)
    given = parser.parse_args()
    tables = json.loads((given.report / "tables.json").read_text(encoding="utf-8"))
    told = json.loads((given.report / "provenance.json").read_text(encoding="utf-8"))["parameters"]
    counties = read_counties(Path(given.counties), "43")
    found = Lists(Path(given.lists))
    bodies = read_bodies(given.dsn, date.fromisoformat(told["as_of"]))
    where = cache(lambda point: county_at(counties, point))
    put_together(bodies, found, where, counties)
    differences = differences_of_forms(given.report, tables)
    if "period" in told:
        outlines = Path(given.lists).parent / "server" / "assessments" / "profiles"
        differences += _recount_assessment(tables, told, bodies, found, counties, where, outlines)
    else:
        differences += _recount_baseline(given.report, tables, told, bodies, found, counties, where)
    json.dump(differences, sys.stdout, ensure_ascii=False, indent=1)
    return 1 if differences else 0


def _recount_baseline(
    report: Path, tables: Any, told: Any, bodies: Any, lists: Lists, counties: Any, where: Any
) -> list[str]:
    code = told["counties"][0]
    county = County([one for one in bodies if one.county == code], told["edition"] == "public")
    counted = Baseline(county, code, lists, counties, where)
    return compare(tables, counted.tables) + baseline_prose(report, counted)


def _recount_assessment(
    tables: Any, told: Any, bodies: Any, lists: Lists, counties: Any, where: Any, outlines: Path
) -> list[str]:
    names = {code: name for code, (name, _) in counties.items()}
    years = tuple(map(int, told["period"].split("-")))
    region = Region(
        bodies, names, years, told["edition"] == "public", outlines / f"{told['profile'].replace('/', '-')}.json"
    )
    return compare(tables, Assessment(region, lists, counties, where).tables)


def compare(tables: dict[str, Any], counted: dict[str, list[list[Any]]]) -> list[str]:
    wanted = {name for name, rows in counted.items() if rows}
    found = [f"table {name}: in the report, not recounted" for name in tables.keys() - wanted]
    found += [f"table {name}: recounted, not in the report" for name in wanted - tables.keys()]
    for name in sorted(wanted & tables.keys()):
        found += compare_rows(
            name, tables[name]["rows"], counted[name], [column["key"] for column in tables[name]["columns"]]
        )
    return found


def compare_rows(name: str, printed: list[list[str]], counted: list[list[Any]], keys: list[str]) -> list[str]:
    """Row by row, in whatever order: each printed row is told against the counted row that it differs from least."""
    left, found = list(counted), []
    unmatched = []
    for row in printed:
        same = next((one for one in left if not _differs(row, one)), None)
        if same is None:
            unmatched.append(row)
        else:
            left.remove(same)
    for row in unmatched:
        nearest = min(left, key=lambda one, row=row: len(_differs(row, one)), default=None)
        if nearest is None:
            found.append(f"table {name}: row {row} is in the report alone")
            continue
        left.remove(nearest)
        found += [
            f"table {name}, {row[:3]}, {keys[n]}: printed {row[n]!r}, counted {nearest[n]!r}"
            for n in _differs(row, nearest)
        ]
    return found + [f"table {name}: row {row} is missing in the report" for row in left]


def _differs(printed: list[str], counted: list[Any]) -> list[int]:
    if len(printed) != len(counted):
        return list(range(min(len(printed), len(counted)))) or [0]
    return [n for n, (said, meant) in enumerate(zip(printed, counted, strict=True)) if not _same(said, meant)]


def _same(said: str, meant: Any) -> bool:
    """A set: any of these names; a remark that cannot be computed goes on with its reason."""
    if isinstance(meant, set):
        return said in meant
    return meant == ANY or said == meant or (meant == "不能计算" and said.startswith(meant))


if __name__ == "__main__":
    sys.exit(main())

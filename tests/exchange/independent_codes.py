"""The codes of an import, found again without any code of the project: FILE in, lines of "row code" out. Only the rules in words are shared."""

import collections
import csv
import io
import pathlib
import re
import sys
import zipfile

ISO = re.compile(r"\d{4}(-\d\d){0,2}([T ][\d:.]+(Z|[+-][\d:]+)?)?(/.+)?")
THEIRS = "nom_valide y_centroid_4326 x_centroid_4326 date_debut uuid_perm_sinp id_synthese observationID eventStart"
OURS = "scientificName decimalLatitude decimalLongitude eventDate occurrenceID catalogNumber occurrenceID eventDate"
TERMS = dict(zip(THEIRS.split(), OURS.split(), strict=True))


def table(path):
    if path.suffix != ".zip":
        text = path.read_text("utf-8")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.split("\n")[0] else ","))
    archive = zipfile.ZipFile(path)
    if "meta.xml" not in archive.namelist():
        return list(csv.reader(io.StringIO(archive.read(archive.namelist()[0]).decode(), newline=""), delimiter="\t"))
    names = re.findall(r'term="[^"]*/([^"/]+)"', archive.read("meta.xml").decode())
    return [names] + [line.split("\t") for line in archive.read("occurrence.txt").decode().split("\n")[:-1]]


def codes(path):
    heading, *lines = table(path)
    rows = [
        collections.defaultdict(str, zip([TERMS.get(name, name) for name in heading], line, strict=False))
        for line in lines
    ]
    beside = path.parent / "deployments.csv"
    cameras = {line[0]: (line[3], line[4]) for line in table(beside)} if beside.exists() else {}
    bearers = collections.Counter(row["occurrenceID"] or row["gbifID"] or row["catalogNumber"] for row in rows)
    told = {row["eventID"] for row in rows if row["observationLevel"] == "event"}
    for number, (row, line) in enumerate(zip(rows, lines, strict=True), 1):
        if len(line) != len(heading) or not row["scientificName"]:
            yield number, "no_name" if len(line) == len(heading) else "cannot_split"
            continue
        place = cameras.get(row["deploymentID"], (row["decimalLatitude"], row["decimalLongitude"]))
        date, person = row["eventDate"], row["observationType"] == "human"
        found = {
            "place_missing": "" in place,
            "place_zero": place == ("0.0", "0.0"),
            "date_missing": not date and not row["year"],
        }
        found["date_odd"] = (date and not ISO.fullmatch(date)) or (row["day"] and not row["month"])
        found["duplicate_in_file"] = bearers[row["occurrenceID"] or row["gbifID"] or row["catalogNumber"]] > 1
        found["count_odd"] = int(row["nombre_min"] or 0) > int(row["nombre_max"] or 10**9)
        found["evidence_only"] = person or (row["observationLevel"] == "media" and row["eventID"] in told)
        yield from ((number, code) for code, holds in found.items() if holds)


print("\n".join(f"{row} {code}" for row, code in sorted(codes(pathlib.Path(sys.argv[1])))))

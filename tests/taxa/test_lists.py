"""The lists agree with their descriptors, with the announcements' totals and with the reference copies."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from server.taxa.lists import ListError, read_list
from server.taxa.service import LISTS_DIR, default_paths

OFFICIAL = {
    "protected_animals_2021": {("taxon", "I"): 234, ("group", "I"): 1, ("taxon", "II"): 746, ("group", "II"): 7},
    "protected_plants_2021": {("taxon", "I"): 54, ("group", "I"): 4, ("taxon", "II"): 401, ("group", "II"): 36},
    "invasive_key_managed_2022": {("taxon", "key_managed"): 59},
    "invasive_mee_batch_1": {("taxon", "1"): 16},
    "invasive_mee_batch_2": {("taxon", "2"): 19},
    "invasive_mee_batch_3": {("taxon", "3"): 18},
    "invasive_mee_batch_4": {("taxon", "4"): 18},
}
CLASSES = {
    "哺乳纲": (99, 86),
    "鸟纲": (92, 302),
    "爬行纲": (19, 75),
    "两栖纲": (7, 86),
    "硬骨鱼纲": (10, 73),
    "肠鳃纲": (2, 5),
    "昆虫纲": (3, 72),
}


def rows_of(list_id: str) -> list[dict[str, str]]:
    return [dict(row) for row in read_list(LISTS_DIR / f"{list_id}.csv").rows]


@pytest.mark.parametrize("path", default_paths(), ids=lambda path: path.stem)
def test_every_list_reads_and_has_its_descriptor(path: Path) -> None:
    parsed = read_list(path)
    assert parsed.list_id == path.stem
    assert parsed.rows


@pytest.mark.parametrize("list_id", OFFICIAL)
def test_counts_are_the_announcements(list_id: str) -> None:
    assert Counter((row["entry_kind"], row["category"]) for row in rows_of(list_id)) == OFFICIAL[list_id]


def test_our_classification_is_one_in_all_lists() -> None:
    """A genus that plants and animals have both (Pieris) is placed by what its list is about."""
    assert {row["kingdom"] for row in read_list(LISTS_DIR / "plant_genera.csv").rows} == {"Plantae"}
    above: dict[str, set[tuple[str, ...]]] = {}
    families: dict[tuple[str, str], set[str]] = {}
    for row in (row for path in default_paths() for row in read_list(path).rows if row.get("family")):
        places = tuple(row[rank] for rank in ("kingdom", "phylum", "class", "order"))
        above.setdefault(row["family"], set()).add(places)
        if row["rank"] not in ("family", "order", "class"):
            genus = row["kingdom"], row["scientific_name"].split()[0]
            families.setdefault(genus, set()).add(row["family"])
    assert not [family for family, found in above.items() if len(found) > 1]
    assert not [genus for genus, found in families.items() if len(found) > 1]


def test_animal_counts_by_class_and_department() -> None:
    rows = rows_of("protected_animals_2021")
    by_class = Counter((row["list_group"], row["category"]) for row in rows)
    assert {c: (by_class[c, "I"], by_class[c, "II"]) for c in CLASSES} == CLASSES
    assert Counter((row["managed_by"], row["entry_kind"]) for row in rows) == {
        ("forestry", "taxon"): 686,
        ("agriculture", "taxon"): 294,
        ("agriculture", "group"): 8,
    }
    assert sum(row["population"] == "wild" for row in rows) == 63


def test_unverified_rows_are_the_recalled_ones() -> None:
    key = rows_of("invasive_key_managed_2022")
    assert [int(row["no"]) for row in key if row["status"] == "unverified"] == list(range(38, 60))
    assert sum(row["status"] == "unverified" for n in "1234" for row in rows_of(f"invasive_mee_batch_{n}")) == 14
    assert {row["status"] for row in rows_of("checklist_hunan_common")} == {"unverified"}


def test_descriptors_name_an_announcement_and_no_web_page() -> None:
    for path in default_paths():
        descriptor = json.loads(path.with_suffix(".json").read_text("utf-8"))
        if descriptor["kind"] in ("protected", "invasive"):
            assert (
                descriptor["announcement"]
                and descriptor["issued_on"]
                and descriptor["in_force_on"]
                and descriptor["legal_basis"]
            )
        assert "http" not in path.read_text("utf-8") + path.with_suffix(".json").read_text("utf-8")


@pytest.mark.parametrize(
    ("list_id", "source"),
    [
        ("protected_animals_2021", "protected_animals_2021.csv"),
        ("protected_plants_2021", "protected_plants_2021_species.csv"),
        ("invasive_key_managed_2022", "invasive_key_managed_2022.csv"),
    ],
)
def test_names_and_classes_equal_the_reference_copy(shared_data: Path, list_id: str, source: str) -> None:
    """All but the slips that the README of the lists names."""
    with (shared_data / "species" / source).open(encoding="utf-8") as file:
        copied = {
            (r["name_zh"], r["scientific_name"], r["protection_class"])
            for r in csv.DictReader(file)
            if r.get("rank") != "group"
        }
    ours = {
        (r["name_zh"], r["scientific_name"], r["category"].replace("key_managed", ""))
        for r in rows_of(list_id)
        if r["entry_kind"] == "taxon"
    }
    corrected = {"protected_animals_2021": 9, "protected_plants_2021": 0, "invasive_key_managed_2022": 2}
    assert len(ours) == len(copied)
    assert len(ours - copied) == corrected[list_id]


def test_batches_and_plant_groups_equal_the_reference_copy(shared_data: Path) -> None:
    with (shared_data / "species" / "invasive_mee_batches_1_4.csv").open(encoding="utf-8") as file:
        copied = {(r["name_zh"], r["scientific_name"]) for r in csv.DictReader(file)}
    assert {(r["name_zh"], r["scientific_name"]) for n in "1234" for r in rows_of(f"invasive_mee_batch_{n}")} == copied
    with (shared_data / "species" / "protected_plants_2021_groups.csv").open(encoding="utf-8") as file:
        groups = {(r["taxon"], r["rank"], r["protection_class"], r["exclude_name_zh"]) for r in csv.DictReader(file)}
    ours = rows_of("protected_plants_2021")
    assert {
        (r["scientific_name"], r["rank"], r["category"], r["excludes"]) for r in ours if r["entry_kind"] == "group"
    } == groups


@pytest.fixture
def copy_of_batch(tmp_path: Path) -> Path:
    for suffix in (".csv", ".json"):
        shutil.copy(LISTS_DIR / f"invasive_mee_batch_1{suffix}", tmp_path)
    return tmp_path / "invasive_mee_batch_1.csv"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("old", "new", "line", "field"),
    [
        ("Mikania micrantha", "mikania micrantha", 3, "scientific_name"),
        ("薇甘菊", "薇甘菊 ", 3, "name_zh"),
        ("薇甘菊", "薇甘\ue147", 3, "name_zh"),
        ("薇甘菊", "", 3, "name_zh"),
        ("2,taxon", "1,taxon", 3, "no"),
        ("Mikania micrantha", "Ageratina adenophora", 3, "scientific_name"),
        (",1,,,verified", ",1,,,sure", 2, "status"),
        (",1,,,verified", ",I,,,verified", 2, "category"),
        (",1,,,verified", ",1,tame,,verified", 2, "population"),
        ("2,taxon,species,Mikania", "2,taxon,kind,Mikania", 3, "rank"),
    ],
)
def test_a_broken_row_is_named_by_file_line_and_field(
    copy_of_batch: Path, old: str, new: str, line: int, field: str
) -> None:
    replace(copy_of_batch, old, new)
    with pytest.raises(ListError) as caught:
        read_list(copy_of_batch)
    assert (caught.value.file, caught.value.line, caught.value.field) == ("invasive_mee_batch_1.csv", line, field)
    assert f"invasive_mee_batch_1.csv 第 {line} 行 字段 {field}" in str(caught.value)


def test_a_missing_row_disagrees_with_the_descriptor(copy_of_batch: Path) -> None:
    lines = copy_of_batch.read_text("utf-8").splitlines(keepends=True)
    copy_of_batch.write_text("".join(lines[:-1]), "utf-8")
    with pytest.raises(ListError, match="taxa 应为 16，实有 15"):
        read_list(copy_of_batch)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("no,entry_kind", "nr,entry_kind", "不认识的列“nr”；最接近的是“序号（no）”"),
        ("no,entry_kind,rank", "no,rank,entry_kind", "列名与描述文件的 columns 不符"),
        ("verified\n", "verified,more\n", "有 18 列，应为 17 列"),
    ],
)
def test_a_broken_table_is_refused(copy_of_batch: Path, old: str, new: str, said: str) -> None:
    replace(copy_of_batch, old, new)
    with pytest.raises(ListError, match=said):
        read_list(copy_of_batch)


def test_a_broken_or_absent_descriptor_is_refused(copy_of_batch: Path) -> None:
    copy_of_batch.with_suffix(".json").write_text("{", "utf-8")
    with pytest.raises(ListError, match="不是可读的 JSON"):
        read_list(copy_of_batch)
    copy_of_batch.with_suffix(".json").unlink()
    with pytest.raises(ListError, match="读不到文件"):
        read_list(copy_of_batch)


@pytest.mark.parametrize(
    ("key", "value"), [("kind", "wishes"), ("issued_on", "2003-13-01"), ("title_zh", None), ("counts", [])]
)
def test_a_wrong_descriptor_is_named_by_its_key(copy_of_batch: Path, key: str, value: object) -> None:
    descriptor = copy_of_batch.with_suffix(".json")
    descriptor.write_text(json.dumps({**json.loads(descriptor.read_text("utf-8")), key: value}), "utf-8")
    with pytest.raises(ListError) as caught:
        read_list(copy_of_batch)
    assert caught.value.file == "invasive_mee_batch_1.json"

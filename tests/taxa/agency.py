"""Lists that an agency keeps, made for a test."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

AGENCY = "local operator"
DESCRIBED = {
    "id": "hunan_animals",
    "kind": "protected",
    "title_zh": "湖南省地方重点保护野生动物名录",
    "short_title_zh": "湖南省重点保护野生动物名录（2023）",
    "region": "43",
    "version": "2023",
    "issuing_body": "湖南省林业局",
    "announcement": "湘林护〔2023〕9号",
    "in_force_on": "2023-08-28",
    "legal_basis": "《中华人民共和国野生动物保护法》",
}
PLAIN = {"announcement": "", "in_force_on": None, "legal_basis": ""}


def hand_in(folder: Path, rows: Sequence[Mapping[str, str]], **described: object) -> Path:
    """Rows are numbered as they come; columns are those of all of them."""
    whole = {**DESCRIBED, **described}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{whole['id']}.csv"
    numbered = [{"no": str(number), **row} for number, row in enumerate(rows, start=1)]
    names = list(dict.fromkeys(name for row in numbered for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(numbered)
    path.with_suffix(".json").write_text(json.dumps(whole, ensure_ascii=False), "utf-8")
    return path


def animal(scientific_name: str, name_zh: str, category: str = "provincial", **more: str) -> dict[str, str]:
    return {
        "scientific_name": scientific_name,
        "name_zh": name_zh,
        "kingdom": "Animalia",
        "category": category,
        "status": "已核对",
        **more,
    }

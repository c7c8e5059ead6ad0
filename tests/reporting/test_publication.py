"""A report is in its folder whole or not at all."""

import json
from pathlib import Path

import pytest

from server.reporting.publication import FolderInTheWay, Provenance, publish, sha256

PROOF = Provenance(
    "s", "d" * 64, "xiangye 0.1.0", {"counties": ["431022"]}, [{"list_id": "a"}], "layer", {"t": "e" * 64}
)


def test_files_proof_and_sums(tmp_path: Path) -> None:
    names = publish(tmp_path / "out", {"report.html": b"page", "sub/a.txt": b"a"}, PROOF)
    assert names == ["SHA256SUMS", "provenance.json", "report.html", "sub/a.txt"]
    proof = json.loads((tmp_path / "out/provenance.json").read_text())
    assert proof["files"] == {"report.html": sha256(b"page"), "sub/a.txt": sha256(b"a")}
    assert set(proof) >= {"snapshot", "digest", "software", "parameters", "lists", "boundary_version", "tables"}
    assert f"{sha256(b'page')}  report.html\n" in (tmp_path / "out/SHA256SUMS").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_earlier_report_is_replaced_whole(tmp_path: Path) -> None:
    publish(tmp_path / "out", {"report.html": b"old", "old.txt": b"x"}, PROOF)
    publish(tmp_path / "out", {"report.html": b"new"}, PROOF)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "SHA256SUMS",
        "provenance.json",
        "report.html",
    ]
    assert (tmp_path / "out/report.html").read_bytes() == b"new"


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.doc").write_text("mine")
    with pytest.raises(FolderInTheWay):
        publish(tmp_path / "out", {"report.html": b"page"}, PROOF)
    with pytest.raises(FolderInTheWay, match="不是文件夹"):
        publish(tmp_path / "out/thesis.doc", {"report.html": b"page"}, PROOF)
    assert (tmp_path / "out/thesis.doc").read_text() == "mine"


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    publish(tmp_path / "out", {"report.html": b"old"}, PROOF)
    with pytest.raises(FileExistsError):
        publish(tmp_path / "out", {"a": b"a file", "a/b": b"in a file"}, PROOF)
    assert (tmp_path / "out/report.html").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

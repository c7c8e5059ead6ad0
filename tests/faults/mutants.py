"""Faults planted in the source of the program, one at a time: a harness that does not notice them proves nothing."""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parents[2]
Change = tuple[str, str]


@dataclass(frozen=True)
class Mutant:
    """`module` with each first text of `changes` (once in it) replaced by the second; on the `side` that runs it. `without`: the same for
    a second defence, by which the program gets over this fault: the harness must see the fault and not the defence."""

    side: str
    module: str
    changes: Sequence[Change]
    without: Mapping[str, Sequence[Change]] = field(default_factory=dict)

    def modules(self) -> Mapping[str, Sequence[Change]]:
        return {self.module: self.changes, **self.without}


_NET = {"mobile.sync.enrolment": [("if known >= store.owners.highest_held():", "if known >= 0:")]}
"""What a server is not known to have, though it is held, is sent again."""

MUTANTS: Mapping[str, Mutant] = {
    "held_before_the_receipt": Mutant(
        "tablet", "mobile.store.delivery", [("set state = 'sent', attempts", "set state = 'held', attempts")], _NET
    ),
    "receipt_without_its_digest": Mutant(
        "tablet",
        "mobile.sync.batches",
        [
            (
                "(receipt.record_id, receipt.digest) in open_digests",
                "(sent := {one[0]: one[1] for one in open_digests}.get(receipt.record_id))",
            ),
            (
                "    found: list[Receipt] = []\n",
                "    from dataclasses import replace\n\n    found: list[Receipt] = []\n",
            ),
            (
                "            open_digests.discard((receipt.record_id, receipt.digest))\n",
                (
                    "            receipt = replace(receipt, digest=sent)\n"
                    "            open_digests.discard((receipt.record_id, receipt.digest))\n"
                ),
            ),
        ],
        _NET,
    ),
    "any_holder_frees": Mutant(
        "tablet",
        "mobile.store.delivery",
        [("receipt.outcome in FREES_THE_TABLET and receipt.holder == province", "receipt.outcome in FREES_THE_TABLET")],
        _NET,
    ),
    "synchronous_normal": Mutant(
        "tablet", "mobile.store.database", [("pragma synchronous = full", "pragma synchronous = normal")]
    ),
    "version_put_over_the_one_before": Mutant(
        "tablet",
        "mobile.store.outbox",
        [
            (
                '        connection.execute("insert into outbox (record_id, digest)',
                (
                    '        connection.execute("delete from outbox where record_id = ?", (record["id"],))\n'
                    '        connection.execute("insert into outbox (record_id, digest)'
                ),
            )
        ],
    ),
    "retry_under_a_new_id": Mutant(
        "tablet",
        "mobile.store.delivery",
        [
            (
                "found.offered.append(Offered(one.record_id, one.digest, canonical))",
                "found.offered.append(_anew(self._database, one, canonical))",
            ),
            (
                "def next_try(",
                """def _anew(database: Database, one: Due, canonical: bytes) -> Offered:
    import json

    from shared.canonical import canonical_bytes, digest
    from shared.ids import uuid7

    tries = database.count("select attempts from outbox where (record_id, digest) = (?, ?)", (one.record_id, one.digest))
    record = json.loads(canonical)
    if not tries or "id" not in record:
        return Offered(one.record_id, one.digest, canonical)
    record["id"] = str(uuid7())
    return Offered(record["id"], digest(record), canonical_bytes(record))


def next_try(""",
            ),
        ],
    ),
    "naive_time": Mutant(
        "tablet",
        "mobile.capture.recorder",
        [("return self.now().isoformat(", "return self.now().replace(tzinfo=None).isoformat(")],
    ),
    "cursor_before_its_page": Mutant(
        "tablet",
        "mobile.store.pulled",
        [
            (
                '        """The changes and the cursor behind them, together."""\n',
                (
                    '        """The changes and the cursor behind them."""\n'
                    "        with self._database.transaction() as connection:\n"
                    "            known = {'cursor': str(cursor), 'cursor_of': whose}\n"
                    "            connection.executemany('insert or replace into setting values (?, ?)', known.items())\n"
                ),
            )
        ],
    ),
    "receipt_before_commit": Mutant(
        "server",
        "server.sync.routes",
        [
            (
                '        session.commit()\n    fail("batch_committed")\n',
                "        commit = session.commit\n",
            ),
            (
                (
                    '        answer["signed"] = custody.signed(settings(), session, clock(), device.id, answer["receipts"])\n'
                    "    return jsonify(answer)\n"
                ),
                (
                    '        answer["signed"] = custody.signed(settings(), session, clock(), device.id, answer["receipts"])\n'
                    "    response = jsonify(answer)\n"
                    '    response.call_on_close(lambda: (fail("batch_committed"), commit()))\n'
                    "    return response\n"
                ),
            ),
        ],
    ),
    "validate_for_load": Mutant(
        "server",
        "shared.wire.envelope",
        [
            (
                "loaded: dict[str, Any] = _BODY_SCHEMAS[kind].load(body)",
                "_BODY_SCHEMAS[kind].validate(body); loaded = dict(body)",
            ),
        ],
    ),
    "offset_of_the_client": Mutant(
        "server",
        "server.media.parts",
        [("if at != there or not now.st_nlink:", "if not now.st_nlink:")],
    ),
    "custody_before_the_file": Mutant(
        "server", "server.media.service", [("    store.put_original(sha256, data)", "    pass")]
    ),
    "photo_unchecked": Mutant(
        "server",
        "server.media.parts",
        [
            ("if hashlib.sha256(data).hexdigest() != sha256:", "if not data:"),
            (
                "if checksum and found and came_whole and found.digest() != checksum.digest:",
                "if not came_whole and False:",
            ),
        ],
    ),
}


class NotPlanted(AssertionError):
    """The program is not written any more as the fault has it: it must be told anew."""


def changed(module: str, text: str, changes: Sequence[Change]) -> str:
    for old, new in changes:
        if text.count(old) != 1:
            raise NotPlanted(f"{module}: {text.count(old)} times in it: {old!r}")
        text = text.replace(old, new)
    return text


def check(name: str) -> None:
    """Said by the driver, before a process starts that would only die of it."""
    for module, changes in MUTANTS[name].modules().items():
        path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
        compile(changed(module, path.read_text(encoding="utf-8"), changes), str(path), "exec")


class _Changed(importlib.machinery.SourceFileLoader):
    changes: Sequence[Change] = ()

    def get_code(self, fullname: str) -> CodeType:
        text = changed(fullname, self.get_source(fullname) or "", self.changes)
        return compile(text, self.get_filename(fullname), "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, modules: Mapping[str, Sequence[Change]]) -> None:
        self._modules = modules

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self._modules:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None
        assert spec.origin is not None
        loader = _Changed(name, spec.origin)
        loader.changes = self._modules[name]
        spec.loader = loader
        return spec


def plant(name: str) -> None:
    modules = MUTANTS[name].modules()
    loaded = modules.keys() & sys.modules.keys()
    assert not loaded, f"{loaded} are loaded already"
    sys.meta_path.insert(0, _Finder(modules))

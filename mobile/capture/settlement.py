"""A record that was edited in two places, settled by a person: one new version that stands for all the heads that were shown.

Whatever the province has received meanwhile is no head that this version names: it stands against it as a new conflict, and nothing
is overwritten.
"""

from collections.abc import Mapping

from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part, Recorder, Saved
from mobile.store.conflicts import Claim, Conflict
from shared.wire.envelope import MAX_MERGED

FORM = "settlement/1"
NOTHING = "这条记录没有待处理的冲突"
SEALED = "敏感物种的记录，平板上看不到各处修改的内容：请由审核员在省级平台处理。各处的修改都已保存。"
NOT_TOLD = (
    "服务器没有告诉这条记录的内容，不能在这里选择：请升级应用后再同步，或请专家在省级平台处理。各处的修改都已保存。"
)
UNSENT = "平板上还有这条记录未送达的修改：请先同步，再处理。"


class Settlement:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._store = recorder.store

    def refusal(self, conflict: Conflict) -> str:
        """Why it cannot be settled on this tablet, in words; empty where it can."""
        newest = self._store.outbox.newest_version(conflict.record_id)
        if conflict.sealed or (newest is not None and newest.is_sealed):
            return SEALED
        if conflict.body is None:
            return NOT_TOLD
        return UNSENT if self._store.conflicts.unsent(conflict.record_id) else ""

    def keep(self, record_id: str, heads: tuple[str, ...], chosen: Mapping[str, Claim]) -> Saved:
        """A new version with a chosen value for each field in dispute, and all else as it merges. `heads`: those that were shown."""
        conflict = self._open(record_id, heads)
        missing = conflict.fields.keys() - chosen.keys()
        if missing or conflict.body is None:
            raise FieldProblem("每一项都要选定一个", min(missing, default=""))
        body = dict(conflict.body)
        for name, claim in chosen.items():
            if claim.dropped:
                body.pop(name, None)
            else:
                body[name] = claim.value
        edits = [head for head in conflict.heads if head not in conflict.deleted_heads]
        base, merged = self._parents(conflict, edits or conflict.heads)
        return self._save(Part(conflict.kind, FORM, body, record_id, base, merged))

    def delete(self, record_id: str, heads: tuple[str, ...], reason: str) -> Saved:
        """A tombstone that buries what was edited, too."""
        conflict = self._open(record_id, heads)
        base, merged = self._parents(conflict, conflict.heads)
        body = {"target_id": record_id, "target_kind": conflict.kind, "reason": reason}
        return self._save(Part("tombstone", FORM, body, record_id, base, merged))

    def _open(self, record_id: str, heads: tuple[str, ...]) -> Conflict:
        conflict = self._store.conflicts.of(record_id)
        if conflict is None:
            raise FieldProblem(NOTHING)
        if conflict.heads != heads:
            raise FieldProblem("这条记录刚刚又有新的修改：请看过再选")
        if words := self.refusal(conflict):
            raise FieldProblem(words)
        return conflict

    def _parents(self, conflict: Conflict, bases: tuple[str, ...] | list[str]) -> tuple[str, tuple[str, ...]]:
        """What was made here comes first. Heads beyond those that a version can name stay, and are the next conflict."""
        newest = self._store.outbox.newest_version(conflict.record_id)
        own = newest.digest if newest is not None else ""
        base = own if own in bases else bases[0]
        return base, tuple(head for head in conflict.heads if head != base)[:MAX_MERGED]

    def _save(self, part: Part) -> Saved:
        (saved,) = self._recorder.commit([part])
        return saved

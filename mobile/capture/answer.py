"""The answer to a reviewer's question: words, and a name where the observer now takes it for something else."""

from collections.abc import Sequence

from mobile.capture.form import FormCapture
from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part

LONGEST = 2000
FORM = "identification_answer/1"


class AnswerCapture(FormCapture):
    """Draft fields: occurrence_id, decision_id, survey_id, dataset_id, answer, taxon. One draft a question."""

    form = FORM

    def take_up(self, occurrence_id: str, decision_id: str) -> bool:
        """The draft of an answer to this question, as it was left; False where there is none."""
        self.put_away()
        for draft in self._drafts.all(self.form):
            if (draft.values.get("occurrence_id"), draft.values.get("decision_id")) == (occurrence_id, decision_id):
                self.draft_id, self.values = draft.draft_id, dict(draft.values)
                return True
        return False

    def parts(self) -> Sequence[Part]:
        values = self.values
        answer = (values.get("answer") or "").strip()
        if not answer:
            raise FieldProblem("请先写下答复", "answer")
        if len(answer) > LONGEST:
            raise FieldProblem(f"答复过长：最多 {LONGEST} 字", "answer")
        body = {name: values.get(name) for name in ("survey_id", "dataset_id", "occurrence_id", "decision_id")}
        return [
            Part(
                "identification_answer",
                self.form,
                body | {"answer": answer, "taxon": values.get("taxon")},
                self._open_id(),
            )
        ]

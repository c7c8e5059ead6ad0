"""What the observer says to a reviewer's question."""

from marshmallow import ValidationError, fields, validates

from shared.wire.base import Identifier, WireSchema, optional, text
from shared.wire.occurrence import TaxonName


class IdentificationAnswerBody(WireSchema):
    """`decision_id` is the question; `taxon`, where given, is what the observer now takes it for. The occurrence stays as it is."""

    survey_id = Identifier(required=True)
    dataset_id = optional(Identifier)
    occurrence_id = Identifier(required=True)
    decision_id = Identifier(required=True)
    answer = text(2000, required=True)
    taxon = fields.Nested(TaxonName, allow_none=True, load_default=None)

    @validates("answer")
    def has_words(self, value: str, **_: object) -> None:
        if not value.strip():
            raise ValidationError("an answer needs words")

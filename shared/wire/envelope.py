"""The envelope around every record, and the one door through which records are read."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from shared import protocol
from shared.vocabulary import KINDS, TAKEN_OVER, VERSION, renamed
from shared.wire.answer import IdentificationAnswerBody
from shared.wire.base import SHA256, Identifier, Instant, Whole, WireSchema, codes_of_others, optional_text, text, word
from shared.wire.event import EventBody
from shared.wire.media import MediaBody
from shared.wire.occurrence import OccurrenceBody, TombstoneBody
from shared.wire.patrol import FindingBody, PatrolBody, TrackSegmentBody
from shared.wire.survey import SurveyBody

BODIES: Mapping[str, type[WireSchema]] = {
    "survey": SurveyBody,
    "event": EventBody,
    "occurrence": OccurrenceBody,
    "patrol": PatrolBody,
    "track_segment": TrackSegmentBody,
    "finding": FindingBody,
    "media": MediaBody,
    "identification_answer": IdentificationAnswerBody,
    "tombstone": TombstoneBody,
}


MAX_MERGED = 16
"""Heads that one version may settle beside its base."""


class SavedAtSchema(WireSchema):
    wall = Instant(required=True)
    monotonic_ms = Whole(0, 2**53 - 1, required=True)
    gnss = Instant(allow_none=True, load_default=None)


class EnvelopeSchema(WireSchema):
    protocol = Whole(1, 2**53 - 1, required=True)
    kind = word(*KINDS, required=True)
    id = Identifier(required=True)
    base_digest = fields.String(allow_none=True, load_default=None, validate=SHA256)
    merged_digests = fields.List(
        fields.String(validate=SHA256), load_default=list, validate=validate.Length(max=MAX_MERGED)
    )
    author = Identifier(required=True)
    device = Identifier(required=True)
    seq = Whole(1, 2**53 - 1, required=True)
    app_version = text(40, required=True)
    form = text(80, required=True)
    profile = optional_text(80)
    vocabulary = text(20, required=True)
    saved_at = fields.Nested(SavedAtSchema, required=True)
    body = fields.Dict(required=True)


_ENVELOPE = EnvelopeSchema()
_BODY_SCHEMAS = {kind: schema() for kind, schema in BODIES.items()}


class InvalidRecord(ValueError):
    """`problems` is a list of {field, message}; `record_id` the id if one could be read."""

    def __init__(self, record_id: str | None, problems: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{p['field']}: {p['message']}" for p in problems))
        self.record_id = record_id
        self.problems = problems


class NewerProtocol(InvalidRecord):
    """Not wrong, as far as we can tell: of a protocol that this program does not know."""

    def __init__(self, record_id: str | None, number: int) -> None:
        super().__init__(record_id, [{"field": "protocol", "message": protocol.newer_words(number)}])


def load_record(record: Any) -> dict[str, Any]:
    """The checked record with defaults filled in; the received object itself stays as it is. InvalidRecord names each field."""
    if not isinstance(record, dict):
        raise InvalidRecord(None, [{"field": "/", "message": "a record is a JSON object"}])
    record_id = record.get("id") if isinstance(record.get("id"), str) else None
    if protocol.is_newer(record.get("protocol")):
        raise NewerProtocol(record_id, record["protocol"])
    try:
        envelope: dict[str, Any] = _ENVELOPE.load(record)
    except ValidationError as error:
        raise InvalidRecord(record_id, _flatten(error.messages)) from error
    vocabulary = envelope["vocabulary"]
    body = renamed(envelope["body"], vocabulary)
    envelope["body"] = load_body(envelope["kind"], body, vocabulary != VERSION, record_id)
    return envelope


def vocabulary_of(kind: str, body: Mapping[str, Any]) -> str:
    """What a new version names that takes over parts of its base: another app may have written codes there that we do not know."""
    try:
        load_body(kind, body, foreign=False)
    except InvalidRecord:
        return TAKEN_OVER
    return VERSION


def load_body(kind: str, body: Mapping[str, Any], foreign: bool, record_id: str | None = None) -> dict[str, Any]:
    """With defaults. `foreign`: it may hold codes that our vocabulary does not know; they are kept as they came."""
    try:
        with codes_of_others(foreign):
            loaded: dict[str, Any] = _BODY_SCHEMAS[kind].load(body)
    except ValidationError as error:
        raise InvalidRecord(record_id, _flatten({"body": error.messages})) from error
    return loaded


def _flatten(messages: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(messages, dict):
        return [
            found for key, value in messages.items() for found in _flatten(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(messages, list):
        return [found for value in messages for found in _flatten(value, path)]
    return [{"field": path.removesuffix("._schema"), "message": str(messages)}]

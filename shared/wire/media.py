"""Photos: what the file is, what its EXIF says, what the tablet says, and what it shows."""

from marshmallow import fields, validate

from shared.wire.base import SHA256, Identifier, PlaceSchema, Whole, WireSchema, optional, optional_text, word
from shared.wire.event import ObservedBody


class ExifPlaceSchema(WireSchema):
    latitude_e7 = Whole(-900_000_000, 900_000_000, required=True)
    longitude_e7 = Whole(-1_800_000_000, 1_800_000_000, required=True)


class MediaBody(ObservedBody):
    subject_ids = fields.List(Identifier(), required=True, validate=validate.Length(min=1))
    sha256 = fields.String(required=True, validate=SHA256)
    sealed_sha256 = fields.String(validate=SHA256)  # the sealed file that was uploaded for it
    byte_count = Whole(1, 64 * 1024 * 1024, required=True)
    # No code: the file is given out under this name.
    media_type = word("image/jpeg", "image/png", "image/webp", "image/heic", required=True)
    captured_at = optional_text(40)
    exif_place = fields.Nested(ExifPlaceSchema, allow_none=True, load_default=None)
    tablet_place = fields.Nested(PlaceSchema, allow_none=True, load_default=None)
    file_name = optional_text(255)
    sequence = optional(Whole, 0, 1_000_000)

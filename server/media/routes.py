"""`/v1/uploads`: tus 1.0. `/v1/media`: photos of a record, as renditions; the original only by a grant for exact places."""

from datetime import timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Response, current_app, request, url_for
from marshmallow import Schema, fields, validate
from werkzeug.http import http_date

from server.accounts.rights import ASK_PRECISE, READ_RECORDS
from server.ledger import service as ledger
from server.media import headers, parts, queries, uploads
from server.media.model import Upload
from server.media.store import open_store
from server.sensitivity import granting, reading_rate
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.devices import current_device
from server.web.downloads import disposition
from server.web.paging import PageSchema, key_of, page
from server.web.settings import clock, settings
from server.web.viewers import current_viewer
from shared.failpoints import fail
from shared.ids import is_uuid
from shared.problems import Problem
from shared.protocol import CUSTODY_HEADER, MAX_PHOTO_BYTES, PROTOCOL, PROTOCOL_HEADER, TUS_VERSION

uploading = Blueprint("uploads", __name__, url_prefix="/v1/uploads", description="照片的断点续传 (tus 1.0)")

TAKEN = "XIANGYE_PHOTO_TAKEN"
"""Of the application's configuration: called with the SHA-256 of each photo whose last byte has come."""
PIECE = "application/offset+octet-stream"
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/heic": ".heic"}
viewing = Blueprint("media", __name__, url_prefix="/v1/media", description="记录的照片")


class MediaQuerySchema(PageSchema):
    record = fields.UUID(required=True, metadata={"description": "记录的编号（列表里所示的）"})


class PhotoSchema(Schema):
    id = fields.UUID(required=True)
    media_type = fields.String(required=True)
    captured_at = fields.String(required=True, allow_none=True)
    sequence = fields.Integer(required=True, allow_none=True)
    width_px = fields.Integer(required=True, allow_none=True)
    height_px = fields.Integer(required=True, allow_none=True)
    problem = fields.String(required=True, allow_none=True, metadata={"description": "没有预览图的原因"})
    original_here = fields.Boolean(required=True, metadata={"description": "原片是否已到；未到时所示为先到的小样"})


class PhotosSchema(Schema):
    items = fields.List(fields.Nested(PhotoSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class SizeSchema(Schema):
    size = fields.String(load_default="large", validate=validate.OneOf(("large", "small")))


class GrantSchema(Schema):
    grant = fields.UUID(load_default=None, metadata={"description": "获准的查阅许可（/v1/precise-grants）"})


@uploading.before_request
def check_version() -> None:
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != TUS_VERSION:
        raise Problem("tus_version", f"需要 Tus-Resumable: {TUS_VERSION}")


@uploading.after_request
def name_the_protocol(response: Response) -> Response:
    response.headers["Tus-Resumable"] = TUS_VERSION
    response.headers[PROTOCOL_HEADER] = str(PROTOCOL)
    response.headers["Cache-Control"] = "no-store"
    return response


@uploading.route("", methods=["OPTIONS"])
@uploading.doc(responses={"204": {"description": "版本、扩展与上限"}})
def options() -> Response:
    """上传协议 (tus 1.0) 的能力"""
    response = Response(status=204)
    response.headers["Tus-Version"] = TUS_VERSION
    response.headers["Tus-Extension"] = "creation,creation-with-upload,checksum,expiration,termination"
    response.headers["Tus-Checksum-Algorithm"] = ",".join(headers.ALGORITHMS)
    response.headers["Tus-Max-Size"] = str(MAX_PHOTO_BYTES)
    return response


@uploading.post("")
@uploading.doc(responses={"201": {"description": "上传的地址；请求可以带上开头的内容"}})
def create() -> Response:
    """开始上传一张照片，或照片的小样"""
    desk = _desk()
    upload = uploads.create(
        desk, current_device(), request.headers.get("Upload-Length"), request.headers.get("Upload-Metadata", "")
    )
    address = url_for("uploads.patch", upload_id=upload.id)
    fail("upload_begun")
    begins = upload.completed_at is None and request.content_type == PIECE and uploads.reached(desk.store, upload) == 0
    desk.session.commit()
    if begins:
        upload = _receive(desk, upload, 0)
    elif upload.completed_at is None and uploads.reached(desk.store, upload) == upload.byte_count:
        upload = _settle_or_begin_again(desk, upload)  # its last answer was lost: no more bytes will come for it
    response = _state(desk, upload, 201)
    response.headers["Location"] = address
    return response


@uploading.route("/<uuid:upload_id>", methods=["HEAD"])
@uploading.doc(responses={"200": {"description": "已收到的字节数"}})
def head(upload_id: UUID) -> Response:
    """已收到多少字节"""
    desk = _desk()
    upload = uploads.find(desk, current_device(), upload_id)
    uploads.wait_for_others(desk.store, upload)
    upload = _settle_or_begin_again(desk, upload)
    response = _state(desk, upload, 200)
    response.headers["Upload-Length"] = str(upload.byte_count)
    response.headers["Upload-Metadata"] = headers.as_metadata(uploads.kept_metadata(upload))
    return response


@uploading.patch("/<uuid:upload_id>")
@uploading.doc(responses={"204": {"description": "收到后的字节数"}})
def patch(upload_id: UUID) -> Response:
    """续传"""
    desk = _desk()
    upload = uploads.find(desk, current_device(), upload_id)
    if request.content_type != PIECE:
        raise Problem("upload_malformed", f"Content-Type 应为 {PIECE}", field="Content-Type")
    at = headers.whole(request.headers.get("Upload-Offset"))
    if at is None:
        raise Problem("upload_malformed", "Upload-Offset 应为非负整数", field="Upload-Offset")
    if upload.completed_at is not None:
        upload = _settle(desk, upload.id)
    if upload.completed_at is None:
        upload = _receive(desk, upload, at)
    return _state(desk, upload, 204)


@uploading.delete("/<uuid:upload_id>")
@uploading.doc(responses={"204": {"description": "已终止；已经收妥的照片不因此删除"}})
def delete(upload_id: UUID) -> Response:
    """放弃上传"""
    desk = _desk()
    uploads.terminate(desk, uploads.find(desk, current_device(), upload_id))
    desk.session.commit()
    return Response(status=204)


def _desk() -> uploads.Desk:
    told = settings()
    return uploads.Desk(request_session(), clock(), open_store(told), timedelta(days=told.upload_days))


def _receive(desk: uploads.Desk, upload: Upload, at: int) -> Upload:
    """No transaction stays open while a weak line trickles."""
    upload_id, byte_count = upload.id, upload.byte_count
    checksum = headers.checksum_of(request.headers.get("Upload-Checksum"))
    desk.session.rollback()
    stream = cast(BinaryIO, request.stream)
    parts.append(desk.store, upload_id, byte_count, at, stream, request.content_length, checksum)
    return _settle(desk, upload_id)


def _settle(desk: uploads.Desk, upload_id: UUID) -> Upload:
    """Rooms above want to know of a photo that is whole now: it may say where and when it was taken."""
    upload = uploads.settle(desk, upload_id)
    desk.session.commit()
    fail("photo_committed")
    uploads.clear(desk.store, upload)
    fail("part_removed")
    if TAKEN in current_app.config:
        for sha256 in desk.taken or [upload.sha256] * (upload.completed_at is not None and upload.review_of is None):
            current_app.config[TAKEN](sha256)
    return upload


def _settle_or_begin_again(desk: uploads.Desk, upload: Upload) -> Upload:
    try:
        return _settle(desk, upload.id)
    except Problem as error:
        if error.kind.code != "checksum_mismatch":
            raise
        desk.session.rollback()  # none of its bytes are left: it is told by its offset
        return upload


def _state(desk: uploads.Desk, upload: Upload, status: int) -> Response:
    """Custody is told of originals alone."""
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(uploads.reached(desk.store, upload))
    if upload.completed_at is None:
        response.headers["Upload-Expires"] = http_date(upload.expires_at)
    elif upload.review_of is None:
        response.headers[CUSTODY_HEADER] = f"{upload.sha256};{settings().holder};{ledger.epoch(desk.session)}"
    return response


@viewing.after_request
def keep_no_copy(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@viewing.get("")
@viewing.arguments(MediaQuerySchema, location="query")
@viewing.response(200, PhotosSchema)
def photos_of(asked: dict[str, Any]) -> dict[str, Any]:
    """一条记录的照片"""
    viewer = current_viewer(READ_RECORDS)
    key = key_of(asked["after"])
    if key is not None and not is_uuid(key[0]):
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after")
    after = UUID(key[0]) if key else None
    rows = queries.of_record(request_session(), viewer, asked["record"], after, asked["limit"])
    return page(rows, asked["limit"], lambda photo: (str(photo.listing_key),), lambda photo: photo)


@viewing.get("/<uuid:media_id>/rendition")
@viewing.arguments(SizeSchema, location="query")
@viewing.response(200, content_type="image/jpeg")
def rendition(asked: dict[str, str], media_id: UUID) -> Response:
    """由像素重制的照片，不含任何附加信息"""
    photo = queries.one(request_session(), current_viewer(READ_RECORDS), media_id)
    sha256 = photo.rendition if asked["size"] == "large" else photo.preview
    if sha256 is None:
        raise Problem("not_found")
    return _picture(open_store(settings()).rendition(sha256), "image/jpeg", f"照片 {media_id}.jpg", inline=True)


@viewing.get("/<uuid:media_id>/original")
@viewing.arguments(GrantSchema, location="query")
@viewing.response(200, content_type="application/octet-stream")
def original(asked: dict[str, UUID | None], media_id: UUID) -> Response:
    """原始照片，含拍摄位置：仅凭获准的查阅许可，每次查阅都有记录"""
    session = request_session()
    found = _granted(asked["grant"], media_id)
    data = open_store(settings()).original(found.sha256)
    session.commit()
    name = f"照片 {media_id}{_ENDINGS.get(found.media_type, '')}"
    # Never shown by a browser: these are a stranger's bytes.
    return _picture(data, "application/octet-stream", name)


def _granted(grant_id: UUID | None, media_id: UUID) -> queries.Original:
    """Whoever may not, for whatever reason, hears what is heard of a photo that is not there."""
    session = request_session()
    try:
        viewer = current_viewer(ASK_PRECISE)
        found = queries.original(session, viewer, media_id)
        use = granting.usable(session, viewer, grant_id, found.subject_ids, clock())
    except Problem as error:
        raise Problem("not_found") if error.kind.code == "not_allowed" else error from None
    reading_rate.log_reading(session, viewer, clock(), use.grant_id, use.purpose, found.subject_ids)
    return found


def _picture(data: bytes, media_type: str, name: str, inline: bool = False) -> Response:
    response = Response(data, mimetype=media_type)
    response.headers["Content-Disposition"] = disposition(name, inline)
    return response

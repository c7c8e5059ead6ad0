"""`/v1/uploads`: tus 1.0."""

from typing import BinaryIO, cast
from uuid import UUID

from flask import Response, request, url_for
from flask_smorest import Blueprint

from server.ledger import service as ledger
from server.media import uploads
from server.media.model import Upload
from server.media.store import Store
from server.web.database import request_session
from server.web.devices import current_device
from server.web.settings import clock, settings
from shared.problems import Problem
from shared.protocol import CUSTODY_HEADER, MAX_PHOTO_BYTES, PROTOCOL, PROTOCOL_HEADER, TUS_VERSION

blueprint = Blueprint("uploads", __name__, url_prefix="/v1/uploads", description="照片的断点续传 (tus 1.0)")


@blueprint.before_request
def check_version() -> None:
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != TUS_VERSION:
        raise Problem("tus_version", f"需要 Tus-Resumable: {TUS_VERSION}")


@blueprint.after_request
def name_the_protocol(response: Response) -> Response:
    response.headers["Tus-Resumable"] = TUS_VERSION
    response.headers[PROTOCOL_HEADER] = str(PROTOCOL)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("", methods=["OPTIONS"])
def options() -> Response:
    response = Response(status=204)
    response.headers.update(
        {"Tus-Version": TUS_VERSION, "Tus-Extension": "creation,termination", "Tus-Max-Size": str(MAX_PHOTO_BYTES)}
    )
    return response


@blueprint.post("")
def create() -> Response:
    store = _store()
    upload = uploads.create(
        request_session(),
        clock(),
        store,
        current_device(),
        request.headers.get("Upload-Length"),
        request.headers.get("Upload-Metadata", ""),
    )
    request_session().commit()
    response = _state(upload, uploads.offset(store, upload), 201)
    response.headers["Location"] = url_for("uploads.patch", upload_id=upload.id)
    return response


@blueprint.route("/<uuid:upload_id>", methods=["HEAD"])
def head(upload_id: UUID) -> Response:
    store, session = _store(), request_session()
    upload = uploads.find(session, current_device(), upload_id)
    uploads.settle(session, clock(), store, upload)
    session.commit()
    uploads.clear(store, upload)
    response = _state(upload, uploads.offset(store, upload), 200)
    response.headers["Upload-Length"] = str(upload.byte_count)
    return response


@blueprint.patch("/<uuid:upload_id>")
def patch(upload_id: UUID) -> Response:
    store, session = _store(), request_session()
    upload = uploads.find(session, current_device(), upload_id)
    if request.content_type != "application/offset+octet-stream":
        raise Problem("upload_malformed", "Content-Type 应为 application/offset+octet-stream", field="Content-Type")
    at = uploads.whole(request.headers.get("Upload-Offset"))
    if at is None:
        raise Problem("upload_malformed", "Upload-Offset 应为非负整数", field="Upload-Offset")
    if upload.completed_at is not None:
        return _state(upload, upload.byte_count, 204)
    reached = uploads.append(session, clock(), store, upload, at, cast(BinaryIO, request.stream))
    session.commit()
    uploads.clear(store, upload)
    return _state(upload, reached, 204)


@blueprint.delete("/<uuid:upload_id>")
def delete(upload_id: UUID) -> Response:
    upload = uploads.find(request_session(), current_device(), upload_id)
    uploads.terminate(request_session(), _store(), upload)
    request_session().commit()
    return Response(status=204)


def _store() -> Store:
    return Store(settings().store_dir)


def _state(upload: Upload, reached: int, status: int) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(reached)
    if upload.completed_at is not None:
        response.headers[CUSTODY_HEADER] = f"{upload.sha256};{settings().holder};{ledger.epoch(request_session())}"
    return response

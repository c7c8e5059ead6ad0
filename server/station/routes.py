"""The station's front: the same protocol as the province's for batches and photos, by signature instead of credential."""

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Flask, Response, current_app, jsonify, request, url_for
from werkzeug.exceptions import HTTPException

from server.media import headers, parts
from server.media.store import Store
from server.station.checking import records_of, require_signed
from server.station.spool import Photo, Spool
from server.sync.service import unpack
from shared import protocol
from shared.canonical import NotCanonical, parse
from shared.clock import CHINA, Clock, SystemClock
from shared.failpoints import fail
from shared.ids import is_uuid
from shared.problems import Problem
from shared.wire.signature import batch_statement
from shared.wire.station import photo_statement, visit_statement

_log = logging.getLogger("xiangye.station")
_MOST_DOCUMENTS = 50
_MOST_WAITING = 20 * 2**30
"""Bytes that may wait at a station; beyond it takes in nothing more, and the tablets keep theirs."""


def make_app(home: Path, clock: Clock | None = None) -> Flask:
    app = Flask("server.station")
    app.config["MAX_CONTENT_LENGTH"] = protocol.MAX_PHOTO_BYTES
    app.config.update(SPOOL=Spool(home), STORE=Store(home / "partial"), CLOCK=clock or SystemClock())
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    views: tuple[tuple[str, str, Callable[..., Response]], ...] = (
        ("GET", "/healthz", health),
        ("GET", "/v1/sync/session", session),
        ("POST", "/v1/sync/batches", batches),
        ("POST", "/v1/station/visits", visit),
        ("POST", "/v1/uploads", begin),
        ("HEAD", "/v1/uploads/<uuid:upload_id>", reached),
        ("PATCH", "/v1/uploads/<uuid:upload_id>", patch),
    )
    for method, rule, view in views:
        app.add_url_rule(rule, view_func=view, methods=[method], provide_automatic_options=False)
    app.after_request(_name_the_protocol)
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
    return app


def health() -> Response:
    return jsonify({"status": "ok"})


def session() -> Response:
    """Who this is: a station, which holds for the province and frees nothing."""
    spool = _spool()
    return jsonify({**_told(), "protocol": protocol.PROTOCOL, "station": spool.setting("name")})


def batches() -> Response:
    spool, device_id = _spool(), _device_id()
    body = unpack(_body(protocol.MAX_BODY_BYTES), request.headers.get("Content-Encoding"))
    signature = _signed(device_id, lambda key: batch_statement(key, device_id, body))
    records = records_of(body)
    _require_room()
    known = spool.take_batch(device_id, hashlib.sha256(body).hexdigest(), signature, body, records, _clock().now())
    outcomes = [protocol.ALREADY_HAVE if one else protocol.ACCEPTED for one in known]
    own = {name: _told()[name] for name in ("holder", "server_epoch")}
    receipts = [
        {"record_id": record_id, "digest": digest, "outcome": outcome, **own}
        for (record_id, digest), outcome in zip(records, outcomes, strict=True)
    ]
    return jsonify({**_told(), "receipts": receipts})


def visit() -> Response:
    """{"after": n} → what the province signed for this tablet since."""
    device_id, body = _device_id(), _body(10_000)
    _signed(device_id, lambda key: visit_statement(key, device_id, body))
    after = _whole(body, "after")
    found = _spool().documents(device_id, after, _MOST_DOCUMENTS)
    reached = found[-1][0] if found else after
    more = len(found) == _MOST_DOCUMENTS
    return jsonify({**_told(), "documents": [told for _, told in found], "reached": reached, "more": more})


def begin() -> Response:
    """A new upload, or the one begun before. Its address is a secret of whoever proved to be the tablet."""
    _require_tus()
    device_id = _device_id()
    length = headers.whole(request.headers.get("Upload-Length")) or 0
    if not 0 < length <= protocol.MAX_PHOTO_BYTES:
        raise Problem("upload_malformed", "Upload-Length 超出范围", field="Upload-Length")
    sha256 = headers.metadata_of(request.headers.get("Upload-Metadata", ""))["sha256"]
    _signed(device_id, lambda key: photo_statement(key, device_id, sha256, length))
    _require_room()
    photo = _spool().photo_begun(device_id, sha256, length, _clock().now())
    if photo.byte_count != length:
        raise Problem("upload_malformed", "长度与已有的同一文件不符", field="Upload-Length")
    response = _state(_settled(photo), 201)
    response.headers["Location"] = url_for("patch", upload_id=photo.upload_id)
    return response


def reached(upload_id: UUID) -> Response:
    _require_tus()
    return _state(_settled(_found(upload_id)), 200)


def patch(upload_id: UUID) -> Response:
    _require_tus()
    photo = _found(upload_id)
    at = headers.whole(request.headers.get("Upload-Offset"))
    if at is None:
        raise Problem("upload_malformed", "Upload-Offset 应为非负整数", field="Upload-Offset")
    if not photo.received:
        checksum = headers.checksum_of(request.headers.get("Upload-Checksum"))
        stream = cast(BinaryIO, request.stream)
        parts.append(_store(), upload_id, photo.byte_count, at, stream, request.content_length, checksum)
    return _state(_settled(photo), 204)


def _settled(photo: Photo) -> Photo:
    """A photo whose last byte has come gets its last name, then its row says so; each step can be done again."""
    spool, file = _spool(), _spool().photo_file(photo)
    if photo.received:
        return photo
    part = parts.path(_store(), UUID(photo.upload_id))
    if not file.exists():
        if parts.offset(_store(), UUID(photo.upload_id)) != photo.byte_count:
            return photo
        parts.whole_file(part, photo.sha256)
        part.rename(file)
        _settle(file.parent)
        fail("station_photo_named")
    spool.photo_received(photo, _clock().now())
    return spool.photo(photo.upload_id) or photo


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _state(photo: Photo, status: int) -> Response:
    response = Response(status=status)
    offset = photo.byte_count if photo.received else parts.offset(_store(), UUID(photo.upload_id))
    response.headers["Upload-Offset"] = str(offset)
    response.headers["Upload-Length"] = str(photo.byte_count)
    if photo.received:
        told = _told()
        response.headers[protocol.CUSTODY_HEADER] = f"{photo.sha256};{told['holder']};{told['server_epoch']}"
    return response


def _found(upload_id: UUID) -> Photo:
    photo = _spool().photo(str(upload_id))
    if photo is None:
        raise Problem("not_found")
    return photo


def _require_tus() -> None:
    if request.headers.get("Tus-Resumable") != protocol.TUS_VERSION:
        raise Problem("tus_version", f"需要 Tus-Resumable: {protocol.TUS_VERSION}")


def _require_room() -> None:
    waiting = sum(one["byte_count"] for one in _spool().backlog())
    if waiting > _MOST_WAITING:
        raise Problem("storage_full", "监测站等待转交的内容已满：记录和照片都还在平板上")


def _device_id() -> str:
    device_id = request.headers.get(protocol.DEVICE_HEADER, "")
    if not is_uuid(device_id):
        raise Problem("invalid", f"{protocol.DEVICE_HEADER} 应为平板编号", field=protocol.DEVICE_HEADER)
    return device_id


def _signed(device_id: str, statement: Callable[[str], bytes]) -> str:
    header = request.headers.get(protocol.SIGNATURE_HEADER)
    if header is None:
        raise Problem("signature_missing", "交给监测站的内容须有平板的签名")
    return require_signed(_spool().tablets(), device_id, header, statement)


def _body(most: int) -> bytes:
    body = request.stream.read(most + 1)
    if len(body) > most:
        raise Problem("too_large", f"请求超过 {most} 字节")
    return body


def _whole(body: bytes, name: str) -> int:
    try:
        told = parse(body)
    except NotCanonical as error:
        raise Problem("not_json", error.reason) from error
    value = told.get(name) if isinstance(told, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise Problem("invalid", f"{name} 应为非负整数", field=name)
    return value


def _told() -> dict[str, Any]:
    spool = _spool()
    now = _clock().now().astimezone(CHINA).isoformat()
    return {"holder": spool.holder, "server_epoch": spool.setting("epoch"), "server_time": now}


def _spool() -> Spool:
    return cast(Spool, current_app.config["SPOOL"])


def _store() -> Store:
    return cast(Store, current_app.config["STORE"])


def _clock() -> Clock:
    return cast(Clock, current_app.config["CLOCK"])


def _name_the_protocol(response: Response) -> Response:
    response.headers[protocol.PROTOCOL_HEADER] = str(protocol.PROTOCOL)
    response.headers["Cache-Control"] = "no-store"
    if request.path.startswith("/v1/uploads"):
        response.headers["Tus-Resumable"] = protocol.TUS_VERSION
    return response


def _problem(problem: Problem) -> Response:
    response = jsonify(problem.as_json())
    response.status_code = problem.kind.status
    response.mimetype = "application/problem+json"
    if "offset" in problem.extra:
        response.headers["Upload-Offset"] = str(problem.extra["offset"])
    return response


def _http(error: HTTPException) -> Response:
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    return _problem(Problem(codes.get(error.code or 500, "invalid")))


def _unexpected(error: Exception) -> Response:
    _log.exception("%s", type(error).__name__)
    full = isinstance(error, OSError) or "full" in str(error)
    return _problem(Problem("storage_full" if full else "internal"))

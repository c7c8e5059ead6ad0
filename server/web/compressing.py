"""Long answers to tablets travel packed: on a bad line the receipts of a hundred records weigh more than the records."""

import gzip

from flask import Flask, Response, request

WORTH_BYTES = 1_000
_LEVEL = 6


def register(app: Flask) -> None:
    app.after_request(_packed)


def _packed(response: Response) -> Response:
    """Only where a credential was sent by hand: what a browser sends by itself could be guessed from lengths by another page."""
    if not response.is_json or response.direct_passthrough or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if "Authorization" not in request.headers or not request.accept_encodings["gzip"]:
        return response
    plain = response.get_data()
    if len(plain) >= WORTH_BYTES:
        response.set_data(gzip.compress(plain, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response

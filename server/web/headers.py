"""What every answer tells the browser: nothing here is to be framed, sniffed, kept or scripted."""

from http.client import NO_CONTENT

from flask import Flask, Response, request

from server.settings import Settings

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_KEEP_OUT_OF_CACHES = "no-store"


def register(app: Flask, settings: Settings) -> None:
    over_tls = settings.public_url is not None

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        if response.status_code == NO_CONTENT:
            response.headers.pop("Content-Type", None)
        # A view that says how long its answer may be kept has thought about who may see it.
        response.headers.setdefault("Cache-Control", _KEEP_OUT_OF_CACHES)
        response.vary.update(("Authorization", "Cookie"))
        if over_tls and request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response

"""T11, T18: what is wrong with a line is named, so that a person knows what to mend; nothing is sent over it."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.mobile.tablets import tablet

DAY = timedelta(days=1)
HEARD: list[str | None] = []


class Authority:
    """Signs certificates as anybody with openssl could."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        self.bundle = folder / "ca.pem"
        made = self._begun(self._name, self._key.public_key(), (-9 * DAY, 9 * DAY))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
        self.bundle.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def certificate(self, address: str, valid: tuple[timedelta, timedelta]) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        made = self._begun(name, key.public_key(), valid)
        made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = made.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())
        file = self._folder / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + signed.public_bytes(Encoding.PEM))
        return file

    def _begun(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, valid: tuple[timedelta, timedelta]
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + valid[0])
            .not_valid_after(now + valid[1])
        )


class _Deaf(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        HEARD.append(self.headers.get("Authorization"))
        self.send_response(502)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tablets hang up on wrong certificates here; that is what is tested."""


@contextmanager
def https(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = _Quiet(("127.0.0.1", 0), _Deaf)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("address", "valid", "trusted", "words"),
    [
        ("127.0.0.1", (-DAY, DAY), False, "可能被截获"),
        ("127.0.0.1", (-2 * DAY, -DAY), True, "已过期：请先核对平板的日期和时间"),
        ("127.0.0.1", (DAY, 2 * DAY), True, "尚未生效：请先核对平板的日期和时间"),
        ("10.0.0.1", (-DAY, DAY), True, "另一个网站的证书"),
        ("127.0.0.1", (-DAY, DAY), True, "服务器暂时不可用（502"),
    ],
)
def test_what_is_wrong_with_a_line_is_named(
    tmp_path: Path, address: str, valid: tuple[timedelta, timedelta], trusted: bool, words: str
) -> None:
    authority = Authority(tmp_path)
    HEARD.clear()
    with https(authority.certificate(address, valid)) as url, tablet(tmp_path / "data", server_url=url) as held:
        held.app.sync.set_ca_bundle(str(authority.bundle) if trusted else "")
        held.sighting()
        assert held.app.sync.sync() is False
        assert words in held.app.sync.message and held.app.store.outbox.waiting_count() == 1
        assert bool(HEARD) == ("502" in words), "no credential goes over a line that is not proved"


def test_a_ca_bundle_that_is_gone_is_named(tmp_path: Path) -> None:
    with tablet(tmp_path, server_url="https://127.0.0.1:9") as held:
        held.app.sync.set_ca_bundle(str(tmp_path / "gone.pem"))
        assert held.app.sync.sync() is False and "gone.pem" in held.app.sync.message

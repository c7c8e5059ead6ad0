"""HTTP to one server: only an answer that bears the protocol's header counts as an answer."""

import gzip
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from mobile.sync.certificates import refused
from mobile.sync.failures import (
    Away,
    BrokenAnswer,
    CredentialRefused,
    NotOurServer,
    NotReady,
    Refused,
    TooManyTries,
    Unreachable,
)
from mobile.sync.invitation import safe_address
from mobile.sync.parts import Note, Part
from mobile.sync.patience import CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from shared.canonical import NotCanonical, parse
from shared.protocol import CUSTODY_HEADER, PROTOCOL, PROTOCOL_HEADER, SIGNATURE_HEADER, TUS_VERSION
from shared.wire.answers import ANSWER_HEADER, mark_of_answer

MAX_PACK_BYTES = 200_000_000
_PIECE, _MAX_DIGITS = 4096, 16  # of a piece that a cut breaks nothing is kept


class Transport:
    def __init__(
        self,
        base_url: str,
        credential: str | None = None,
        ca_bundle: str | None = None,
        check: Callable[[str], str] = safe_address,
    ) -> None:
        self.base_url = check(base_url)  # before a credential is put beside it
        self._session = requests.Session()
        self._session.trust_env = False  # neither a proxy nor a .netrc of the machine may see the credential
        if ca_bundle and not Path(ca_bundle).is_file():
            raise NotReady(f"找不到根证书文件 {ca_bundle}：请核对“根证书”设置；记录都还在平板上")
        self._session.verify = ca_bundle or True
        self._credential = credential or ""
        if credential:
            self._session.headers["Authorization"] = f"Bearer {credential}"

    def close(self) -> None:
        self._session.close()

    def always(self, **headers: str) -> None:
        """Sent along with every request from now on; underscores stand for hyphens."""
        self._session.headers.update({name.replace("_", "-"): value for name, value in headers.items()})

    def get_json(self, path: str, **query: int | str) -> dict[str, Any]:
        """What was asked here and by nobody else, bit by bit, where the server says so; one from before does not."""
        answer = self._send("GET", path, params=query)
        found, told = self._json(answer), answer.headers.get(ANSWER_HEADER)
        asked = [(name, str(value)) for name, value in query.items()]
        if told and not hmac.compare_digest(told, mark_of_answer(self._credential, path, asked, answer.content)):
            raise BrokenAnswer
        return found

    def post_json(
        self, path: str, body: bytes, compressed: bool = False, signature: str | None = None
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if signature:
            headers[SIGNATURE_HEADER] = signature
        if compressed:
            body, headers["Content-Encoding"] = gzip.compress(body, mtime=0), "gzip"
        return self._json(self._send("POST", path, data=body, headers=headers))

    def get_file(self, path: str, part: Part, **query: str) -> str | None:
        """Its media type, once `part` is complete; None where the server says that it is unchanged. What a cut leaves in `part` is gone
        on from at the next call."""
        asked = part.headers()
        headers = {"Accept-Encoding": "gzip", **asked}
        with self._send("GET", path, params=query, headers=headers, stream=True) as answer:
            self._require_ours(answer)
            if answer.status_code == 304:
                return None
            if answer.status_code == 416 and asked:
                part.drop()
                raise BrokenAnswer  # the next try begins at the first byte
            self._require_success(answer)
            note = _note(answer)
            if answer.status_code != 206:
                part.begin(note)
            elif note != part.note() or not _goes_on(answer, part.size()):
                part.drop()
                raise BrokenAnswer
            try:
                part.add(answer.raw.stream(_PIECE, decode_content=False))
            except urllib3.exceptions.HTTPError as error:
                raise Unreachable(self.base_url) from error
        if not part.is_complete():
            raise BrokenAnswer
        return note.media_type

    def tus(self, method: str, url: str, headers: dict[str, str], data: bytes = b"") -> requests.Response:
        """Any status of the upload protocol, but from our server only."""
        answer = self._send(method, url, headers={"Tus-Resumable": TUS_VERSION, **headers}, data=data)
        if "Tus-Resumable" not in answer.headers and CUSTODY_HEADER not in answer.headers:
            self._require_ours(answer)
        if answer.status_code == 401:  # of our server: a portal's says nothing of the credential
            raise CredentialRefused
        if answer.status_code == 429:
            raise TooManyTries
        return answer

    def absolute(self, location: str, against: str) -> str:
        """Where an upload lies; never another host, since the credential goes along."""
        url = urljoin(self._url(against), location)
        if not self.is_ours(url):
            raise NotOurServer(url)
        return url

    def is_ours(self, url: str) -> bool:
        return urlsplit(url)[:2] == urlsplit(self.base_url)[:2]

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._url(path),
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
                **options,
            )
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
        ) as error:
            raise Refused(400, f"服务器地址无效：{self.base_url}") from error
        except requests.exceptions.SSLError as error:
            raise refused(error, self.base_url) from error
        except requests.exceptions.ContentDecodingError as error:
            raise BrokenAnswer from error
        except requests.exceptions.RequestException as error:
            raise Unreachable(self.base_url) from error

    def _url(self, path: str) -> str:
        return path if "://" in path else f"{self.base_url}{path}"

    def _json(self, answer: requests.Response) -> dict[str, Any]:
        self._require_ours(answer)
        self._require_success(answer)
        try:
            found = parse(answer.content)
        except NotCanonical as error:
            raise BrokenAnswer from error
        if not isinstance(found, dict):
            raise BrokenAnswer
        return found

    def _require_ours(self, answer: requests.Response) -> None:
        is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
        # What any gateway may say of a credential says nothing of ours: a 401 needs the header.
        is_problem = is_problem and answer.status_code >= 400 and answer.status_code != 401
        if answer.headers.get(PROTOCOL_HEADER) == str(PROTOCOL) or is_problem:
            return
        if answer.status_code >= 500:
            raise Away(self.base_url, answer.status_code)
        if not answer.content and not {"Content-Length", "Transfer-Encoding"} & set(answer.headers):
            raise BrokenAnswer  # its head was cut short: what would have named our server may be what is missing
        raise NotOurServer(self.base_url)

    def _require_success(self, answer: requests.Response) -> None:
        if answer.status_code == 401:
            raise CredentialRefused
        if not 200 <= answer.status_code < 300:
            if answer.status_code == 429:
                raise TooManyTries
            problem = _problem(answer)
            field, code = (str(problem.get(key) or "") for key in ("field", "code"))
            raise Refused(answer.status_code, problem_words(answer), field, code)


def _note(answer: requests.Response) -> Note:
    """BrokenAnswer where it does not say how long it is."""
    told = answer.headers
    length = (
        told.get("Content-Range", "").rpartition("/")[2]
        if answer.status_code == 206
        else told.get("Content-Length", "")
    )
    if not (length.isascii() and length.isdecimal() and len(length) < _MAX_DIGITS):
        raise BrokenAnswer
    etag = told.get("ETag", "")
    return Note(
        "" if etag.startswith("W/") else etag,
        told.get("Content-Encoding", ""),
        told.get("Content-Type", "").partition(";")[0],
        int(length),
    )


def _goes_on(answer: requests.Response, size: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {size}-")


def problem_words(answer: requests.Response) -> str:
    problem = _problem(answer)
    return "：".join(str(problem[key]) for key in ("title", "detail") if problem.get(key)) or answer.reason or ""


def _problem(answer: requests.Response) -> dict[str, Any]:
    try:
        problem = parse(answer.content)
    except NotCanonical:
        return {}
    return problem if isinstance(problem, dict) else {}

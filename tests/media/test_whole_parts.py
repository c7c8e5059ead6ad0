"""An upload all of whose bytes are here, though the answer that would have said so never came."""

import base64
import hashlib

import pytest
import requests

from server.media.store import Store
from shared.protocol import CUSTODY_HEADER
from tests.serving import Live


@pytest.mark.parametrize("right", [True, False])
def test_asking_for_it_anew_ends_it(live: Live, right: bool) -> None:
    """P7: found by the soak: a tablet that had forgotten the address was told an offset at the end, and no custody, for ever."""
    photo = bytes(range(256)) * 20
    sha256 = hashlib.sha256(photo).hexdigest()
    told = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(photo))}
    told["Upload-Metadata"] = f"sha256 {base64.b64encode(sha256.encode()).decode()}"
    first, second = (_begin(live, told, photo if right else photo[::-1]) for _ in range(2))
    assert CUSTODY_HEADER not in first.headers
    assert second.status_code == 201
    assert second.headers["Upload-Offset"] == (str(len(photo)) if right else "0")
    assert (CUSTODY_HEADER in second.headers) == right


def _begin(live: Live, told: dict[str, str], bytes_that_came: bytes) -> requests.Response:
    """And then its bytes, to the last, and the death of the server before it could do anything with them."""
    answer = requests.post(f"{live.url}/v1/uploads", headers={**live.headers, **told}, timeout=20)
    part = Store(live.settings.store_dir).uploads / f"{answer.headers['Location'].rsplit('/', 1)[-1]}.part"
    part.write_bytes(bytes_that_came)
    return answer

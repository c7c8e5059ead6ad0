"""What an answer bears of itself: a mark of its bytes, of what was asked and of who asked, by the credential that both sides know.

A line that flips a bit of a page, or hands one tablet's page to another, is noticed by it: such a page would be taken for good, since the
cursor behind it never comes back.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import urlencode

ANSWER_HEADER = "Xiangye-Answer"


def mark_of_answer(credential: str, path: str, query: Iterable[tuple[str, str]], body: bytes) -> str:
    """The query as it was meant: neither its order nor its spelling counts, which a proxy may change; `body` as it was before packing."""
    asked = f"{path}\n{urlencode(sorted(query))}\n".encode()
    return hmac.new(credential.encode(), asked + body, sha256).hexdigest()

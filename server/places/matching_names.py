"""Finds the place of a register that a file means, by its code or by its name without the province."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping

_PROVINCE = re.compile(r"^湖南省?")


class NameTable:
    """Names by code."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self._codes: dict[str, list[str]] = defaultdict(list)
        for code, name in names.items():
            self._codes[plain(name)].append(code)

    def match(self, code: str, name: str) -> str | None:
        """The code of ours; None where neither the code is known nor the name is that of exactly one place."""
        if code in self.names:
            return code
        found = self._codes.get(plain(name), []) if name else []
        return found[0] if len(found) == 1 else None


def plain(name: str) -> str:
    """Width, spaces and the leading province make no difference; nothing else is guessed."""
    return _PROVINCE.sub("", "".join(unicodedata.normalize("NFKC", name).split()))

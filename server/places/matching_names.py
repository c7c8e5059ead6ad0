"""Finds the place of a register that a file means, by its code or by its name without the province."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

_PROVINCE = re.compile(r"^湖南省?")


@dataclass(frozen=True)
class NameTable:
    names: Mapping[str, str]

    def match(self, code: str, name: str) -> str | None:
        """The code of ours; None where neither the code is known nor the name is that of exactly one place."""
        if code in self.names:
            return code
        wanted = plain(name)
        found = [known for known, called in self.names.items() if wanted and plain(called) == wanted]
        return found[0] if len(found) == 1 else None


def plain(name: str) -> str:
    """Width, spaces and the leading province make no difference; nothing else is guessed."""
    return _PROVINCE.sub("", "".join(unicodedata.normalize("NFKC", name).split()))

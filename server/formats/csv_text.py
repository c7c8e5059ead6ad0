"""CSV for spreadsheets: the same rows give the same bytes, and no cell is a formula to whoever opens it.

A cell that begins with `= + - @`, TAB, NUL, CR, LF or a full-width or small form of such a sign (＝＋－＠ ﹦﹢﹣﹫) gets a single quote before
it, and so does one that already begins with single quotes before such a character: so the quote can be taken away again, and every
text survives (ASVS 1.2.10).
A plain number such as -27.5 stays a number.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

_DANGEROUS = re.compile(r"'*[=+\-@\t\0\r\n＝＋－＠﹦﹢﹣﹫]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def neutralise(text: str) -> str:
    if _DANGEROUS.match(text) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def restore(text: str) -> str:
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text, 1) else text


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, str]], mark: bool = True) -> bytes:
    """UTF-8 with CRLF as RFC 4180 has it; `mark` puts the BOM that Excel needs to see Chinese."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([neutralise(column) for column in columns])
    for row in rows:
        writer.writerow([neutralise(row.get(column, "")) for column in columns])
    return out.getvalue().encode("utf-8-sig" if mark else "utf-8")

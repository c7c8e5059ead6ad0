"""Logs tell what happened, never whose it was or where."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from server.web import log_lines as ours


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    written = StringIO()
    monkeypatch.setattr("sys.stderr", written)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    ours.set_up()
    yield written
    root.handlers[:] = before
    root.setLevel(level)


def told(lines: StringIO) -> dict[str, object]:
    found: dict[str, object] = json.loads(lines.getvalue().splitlines()[-1])
    return found


def test_what_is_put_into_a_message_stays_out(lines: StringIO) -> None:
    logging.getLogger("xiangye.sync").error("a record could not be admitted: %s", "112.9287654 张三")
    assert told(lines)["event"] == "a record could not be admitted: %s"
    assert "张三" not in lines.getvalue() and "112.92" not in lines.getvalue()


def test_of_an_error_the_words_stay_out_and_the_lines_of_the_program_come(lines: StringIO) -> None:
    try:
        raise ValueError("xyt_secret 24.9512345")
    except ValueError:
        logging.getLogger("xiangye.web").exception("unexpected")
    found = told(lines)
    assert found["error"] == "ValueError"
    assert "test_log_lines.py" in str(found["passed"])
    assert "xyt_secret" not in lines.getvalue() and "24.95" not in lines.getvalue()


def test_other_peoples_messages_are_left_out_whole(lines: StringIO) -> None:
    logging.getLogger("werkzeug").warning("GET /v1/occurrences?bbox=112.9,24.9 HTTP/1.1")
    assert "bbox" not in lines.getvalue()
    assert told(lines)["logger"] == "werkzeug"

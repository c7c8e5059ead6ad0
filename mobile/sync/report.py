"""What one sync did."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mobile.device.ports import DeviceFailure
from mobile.species.pack import PackUnreadable
from mobile.sync.failures import SyncFailure
from shared.protocol import OUTCOMES


@dataclass
class SyncReport:
    """`sent` records posted, `receipts` counted by outcome, `photos` whose custody was confirmed; `aside` changes that
    nobody can read; `team` colleagues' records told; `problems` in words."""

    sent: int = 0
    receipts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    photos: int = 0
    pulled: int = 0
    team: int = 0
    aside: int = 0
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def warn(self, words: str) -> None:
        """Something to know that hinders nothing, such as a wrong clock."""
        if words not in self.warnings:
            self.warnings.append(words)

    def trouble(self, words: str) -> None:
        if words not in self.problems:
            self.problems.append(words)

    def add(self, other: "SyncReport") -> None:
        self.sent += other.sent
        self.photos += other.photos
        self.pulled += other.pulled
        self.team += other.team
        self.aside += other.aside
        for outcome, number in other.receipts.items():
            self.receipts[outcome] += number
        for words in other.problems:
            self.trouble(words)
        for words in other.warnings:
            self.warn(words)

    def as_json(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "receipts": self.receipts,
            "photos": self.photos,
            "pulled": self.pulled,
            "team": self.team,
            "aside": self.aside,
            "problems": self.problems,
        }


@contextmanager
def in_words(report: SyncReport) -> Iterator[None]:
    """Whatever ends a meeting early stands in the report. It runs beside the window, where an error that nobody caught would end it
    without a word."""
    try:
        yield
    except (SyncFailure, PackUnreadable, DeviceFailure) as failure:
        report.trouble(str(failure))
    except (sqlite3.Error, OSError) as error:
        report.trouble(f"平板存储出错：{error}")
    except Exception as error:  # noqa: BLE001 - a garbled answer may do anything to those who read it
        report.trouble(
            f"对方的回答无法处理（{type(error).__name__}：{error}）：未确认的记录和照片都还在平板上，稍后会再发送"
        )

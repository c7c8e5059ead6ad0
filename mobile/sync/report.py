"""What one sync did."""

from dataclasses import dataclass, field
from typing import Any

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

"""What a formula gives back: a number with the name of its variant, or the reason why there is none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """`value` is None exactly where `reason` is a text; `variant` names the formula, for every output."""

    value: float | None
    variant: str
    reason: str | None = None

    @classmethod
    def impossible(cls, variant: str, reason: str) -> "Estimate":
        return cls(None, variant, reason)

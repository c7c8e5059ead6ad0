"""What a restamping says of itself; it is done in a room above, which alone may touch the places of records."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy.orm import Session

from server.places.features import LAYERS


class Restamped(Protocol):
    """One new layer held against every place: how many were looked at, how many stand elsewhere now."""

    @property
    def kind(self) -> str: ...
    @property
    def checked(self) -> int: ...
    @property
    def moved(self) -> int: ...


Restamp = Callable[[Session, str], Sequence[Restamped]]


def restamped_json(done: Sequence[Restamped]) -> list[dict[str, Any]]:
    return [{"kind": one.kind, "checked": one.checked, "moved": one.moved} for one in done]


def restamped_lines(done: Sequence[Restamped]) -> list[str]:
    return [
        f"重新判定位置（{LAYERS[one.kind]}）：查看 {one.checked} 个位置，{one.moved} 个有变；记录本身未动"
        for one in done
    ]

"""Who may give which role to whom; pure. The area is compared elsewhere (areas.py)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from server.accounts.rights import MANAGE_PEOPLE, READ_TRACKS, REPORT, ROLES, SEND_RECORDS

HANDED_ON = frozenset({SEND_RECORDS, READ_TRACKS, REPORT})
"""Rights of the field, which whoever administers people hands to others without having them. READ_AUDIT is not among them:
nobody who is audited appoints the auditor, so that is done on the server itself."""
ROLE_AREAS: Mapping[str, frozenset[str]] = {
    "province_admin": frozenset({"province"}),
    "prefecture_admin": frozenset({"prefecture"}),
    "county_admin": frozenset({"county"}),
}
"""Where a title says how far it reaches. Any other role may be granted for any kind of area."""


@dataclass(frozen=True)
class Term:
    """Of a grant that covers what is asked for: its role, its group of taxa and its end (None: all, and open)."""

    role: str
    taxon_group: str | None
    expires_at: datetime | None


def may_be_granted_for(role: str, area_kind: str) -> bool:
    return area_kind in ROLE_AREAS.get(role, {area_kind})


def may_hand_on(held: Iterable[Term], wanted: Term) -> bool:
    """Nobody grants more than they hold: each right of the role, for these taxa, and no longer than they hold it themselves."""
    rights: frozenset[str] = frozenset()
    for term in held:
        if _outlasts(term, wanted) and term.taxon_group in (None, wanted.taxon_group):
            rights |= ROLES[term.role]
    return MANAGE_PEOPLE in rights and ROLES[wanted.role] <= rights | HANDED_ON


def _outlasts(term: Term, wanted: Term) -> bool:
    if term.expires_at is None:
        return True
    return wanted.expires_at is not None and wanted.expires_at <= term.expires_at

"""What a route is asked with, where it takes more than its address: always something that the right person may ask."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from shared.ids import uuid7
from shared.notices import NOTICES
from tests.matrix.world import Place, World

Body = Callable[[Place, World], Any]

BODIES: Mapping[tuple[str, str], Body] = {
    ("POST", "/v1/organisations"): lambda place, _: {
        "name": f"矩阵单位 {uuid7()}",
        "level": "county",
        "area_code": place.county_code,
    },
    ("POST", "/v1/people"): lambda place, _: {
        "name": "新来的",
        "grant": {"role": "surveyor", "area_kind": "county", "area_code": place.county_code},
    },
    ("PATCH", "/v1/people/<uuid:person_id>"): lambda _place, _world: {"name": "改名"},
    ("POST", "/v1/people/<uuid:person_id>/password"): lambda _place, _world: {"password": "a long enough password"},
    ("POST", "/v1/grants"): lambda place, _: {
        "person_id": str(place.ids["person"]),
        "role": "ranger",
        "area_kind": "county",
        "area_code": place.county_code,
    },
    ("POST", "/v1/relay/custody"): lambda *_: {"photos": []},
    ("POST", "/v1/devices/codes"): lambda place, _: {"person_id": str(place.ids["person"])},
    ("POST", "/v1/devices/fork"): lambda *_: {
        "device_id": str(uuid7()),
        "device_name": "矩阵平板二",
        "app_version": "0.1.0",
    },
    ("POST", "/v1/tokens"): lambda _place, _world: {"name": "脚本"},
    ("POST", "/v1/verification/decisions"): lambda place, _: {
        "action": "escalate",
        "record_ids": [str(place.ids["guarded"])],
        "message": "请上级核实",
    },
    ("POST", "/v1/conflicts/<uuid:record_id>"): lambda *_: {"versions_seen": 3, "choose": {"individual_count": 2}},
    ("POST", "/v1/verification/runs"): lambda place, _: {"record_ids": [str(place.ids["guarded"])]},
    ("POST", "/v1/exports/<uuid:export_id>/approval"): lambda _place, _world: {"approve": True, "reason": "用途合理"},
    ("POST", "/v1/precise-grants/<uuid:grant_id>/approval"): lambda _place, _world: {
        "approved": True,
        "reason": "用途合理",
    },
    ("POST", "/v1/precise-grants"): lambda place, _: {
        "purpose": "核对洞穴位置",
        "record_ids": [str(place.ids["guarded"])],
    },
    ("POST", "/v1/precise-grants/clearances"): lambda place, _: {"person_id": str(place.ids["reader"])},
    ("POST", "/v1/exports"): lambda _place, _world: {"format": "csv", "edition": "scope"},
    ("PATCH", "/v1/datasets/<uuid:dataset_id>"): lambda _place, _world: {"cross_border": "forbidden"},
    ("POST", "/v1/consents"): lambda place, _: {
        "person_id": str(place.ids["person"]),
        "kind": "volunteer",
        "version": NOTICES["volunteer"].version,
        "basis": "consent",
        "under_14": False,
    },
    ("POST", "/v1/contacts"): lambda place, _: {
        "kind": "interviewee",
        "county_code": place.county_code,
        "words": {"phone": "13900000000"},
        "consent": {
            "kind": "interview",
            "version": NOTICES["interview"].version,
            "basis": "consent",
            "under_14": False,
        },
    },
    ("POST", "/v1/verification/checks"): lambda place, _: {"survey_id": str(place.survey_id), "kind": "blind"},
    ("POST", "/v1/verification/checks/<uuid:check_id>/result"): lambda _place, _world: {"found": True},
    ("POST", "/v1/sync/batches"): lambda _place, _world: {
        "protocol": 1,
        "batch_id": str(uuid7()),
        "sent_at": "2025-05-21T00:00:00+00:00",
        "records": [],
    },
}

QUERIES: Mapping[str, Callable[[Place], str]] = {
    "/v1/media": lambda place: "?" + urlencode({"record": str(place.ids["occurrence"])}),
    "/v1/contacts/<uuid:contact_id>": lambda _: "?" + urlencode({"purpose": "回访受访人"}),
    "/v1/places": lambda _: "?" + urlencode({"longitude": "112.9512345", "latitude": "25.4012345"}),
    "/v1/taxa": lambda _: "?" + urlencode({"q": "白鹭"}),
}

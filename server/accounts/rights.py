"""What each role may do; pure. Where it may do so is said by the area of the grant. No role reads exact places: that takes a
grant of its own, with a purpose and an end (server/sensitivity)."""

from collections.abc import Mapping

READ_RECORDS = "read_records"
SEND_RECORDS = "send_records"
READ_TRACKS = "read_tracks"
VERIFY = "verify"
EDIT_RULES = "edit_rules"
EXPORT = "export"
ASK_PRECISE = "ask_precise"
APPROVE_PRECISE = "approve_precise"
MANAGE_PEOPLE = "manage_people"
MANAGE_DEVICES = "manage_devices"
READ_AUDIT = "read_audit"
REPORT = "report"
KEEP_DATASETS = "keep_datasets"
BEGIN_SURVEYS = "begin_surveys"

_ADMINISTERS = frozenset(
    {READ_RECORDS, VERIFY, EXPORT, ASK_PRECISE, APPROVE_PRECISE, MANAGE_PEOPLE, MANAGE_DEVICES, BEGIN_SURVEYS}
)
ROLES: Mapping[str, frozenset[str]] = {
    "surveyor": frozenset({READ_RECORDS, SEND_RECORDS}),
    "ranger": frozenset({READ_RECORDS, SEND_RECORDS}),
    "station_lead": frozenset({READ_RECORDS, SEND_RECORDS, READ_TRACKS, MANAGE_DEVICES, BEGIN_SURVEYS}),
    "reviewer": frozenset({READ_RECORDS, VERIFY, EXPORT, ASK_PRECISE}),
    "county_admin": _ADMINISTERS,
    "prefecture_admin": _ADMINISTERS,
    "province_admin": _ADMINISTERS | {EDIT_RULES, KEEP_DATASETS},
    "scientist": frozenset({READ_RECORDS, EXPORT, ASK_PRECISE, EDIT_RULES}),
    "auditor": frozenset({READ_AUDIT, READ_TRACKS}),
    "public_reporter": frozenset({REPORT}),
}
ROLES_ZH: Mapping[str, str] = {
    "surveyor": "调查员",
    "ranger": "护林巡护员",
    "station_lead": "管护站负责人",
    "reviewer": "审核员",
    "county_admin": "县级管理员",
    "prefecture_admin": "市州管理员",
    "province_admin": "省级管理员",
    "scientist": "科研人员",
    "auditor": "审计员",
    "public_reporter": "公众报告人",
}
EVERY_RIGHT = frozenset().union(*ROLES.values())
AREA_KINDS = ("province", "prefecture", "county", "area", "organisation")

"""What lists on the screens show: finished text, nothing to compute in a view."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """A tile of the home screen; `screen` is the name of the screen it opens."""

    screen: str
    title: str


@dataclass(frozen=True)
class Choice:
    """A code with its Chinese name, for chips and pick lists."""

    code: str
    name: str


@dataclass(frozen=True)
class SurveyRow:
    survey_id: str
    title: str
    chosen: bool


@dataclass(frozen=True)
class PhotoRow:
    """`path` is the untouched original on the tablet; `caption` says time and position as the photo itself tells them."""

    sha256: str
    path: str
    file_name: str
    caption: str


@dataclass(frozen=True)
class RecordRow:
    """`state` is draft, waiting, sent, held, conflict, settled, quarantined, withdrawn or, once it is held, that of its review; `state_name`
    the same in Chinese; `reason` the reviewer's or the server's words, or why it still waits."""

    record_id: str
    kind: str
    title: str
    subtitle: str
    state: str
    state_name: str
    reason: str
    photo_path: str | None


@dataclass(frozen=True)
class HistoryRow:
    """What was done with a record: when, by whom, and in whose words."""

    when: str
    who: str
    what: str
    words: str


@dataclass(frozen=True)
class ConflictOption:
    """One of the values that claim a field, in words; `who` wrote it and when; `detail` what more there is to know."""

    key: str
    words: str
    who: str
    detail: str
    chosen: bool


@dataclass(frozen=True)
class ConflictRow:
    """What a person has to choose: `name` of the field, `label` in Chinese."""

    name: str
    label: str
    options: tuple[ConflictOption, ...]


@dataclass(frozen=True)
class TallyRow:
    """A species of a transect with what was counted so far; `target` if it is looked for (0 is then recorded)."""

    key: str
    name_zh: str
    scientific_name: str
    count: int
    target: bool


@dataclass(frozen=True)
class FindingRow:
    record_id: str
    title: str
    detail: str

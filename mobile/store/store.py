"""Everything the tablet keeps, in one folder."""

from pathlib import Path

from mobile.device.ports import Keystore
from mobile.store.conflicts import Conflicts
from mobile.store.copies import Copies
from mobile.store.database import Database
from mobile.store.delivery import Deliveries
from mobile.store.drafts import Drafts
from mobile.store.identity import Identities
from mobile.store.media import MediaStore
from mobile.store.notices import NoticeAcceptances
from mobile.store.outbox import Outbox
from mobile.store.owners import Owners
from mobile.store.packs import Packs
from mobile.store.parting import Parting
from mobile.store.pulled import Pulled
from mobile.store.review_copies import ReviewCopies
from mobile.store.reviews import Reviews
from mobile.store.server_time import ServerTime
from mobile.store.survey_places import SurveyPlaces
from mobile.store.surveys import Surveys
from mobile.store.team import Team
from mobile.store.traces import Traces
from mobile.store.tracks import Tracks
from mobile.store.twins import Twins


class Store:
    def __init__(self, folder: Path, keystore: Keystore) -> None:
        self.database = Database(folder / "field.sqlite3")
        self.copies = Copies(self.database)
        self.identity = Identities(self.database, keystore)
        self.twins = Twins(self.database, self.identity, keystore)
        self.twins.begin()
        self.identity.forget_given_up()
        self.owners = Owners(self.database, self.identity)
        self.server_time = ServerTime()
        self.surveys = Surveys(self.database)
        self.survey_places = SurveyPlaces(self.database)
        self.drafts = Drafts(self.database)
        self.outbox = Outbox(self.database)
        self.deliveries = Deliveries(self.database, self.copies, self.owners)
        self.media = MediaStore(self.database, folder / "media")
        self.media.sweep()
        self.review_copies = ReviewCopies(self.database, folder / "media" / "review", folder / "media")
        self.parting = Parting(self.database, self.identity, self.deliveries, self.media)
        self.packs = Packs(self.database, folder / "packs")
        self.pulled = Pulled(self.database)
        self.team = Team(self.database)
        self.reviews = Reviews(self.database)
        self.conflicts = Conflicts(self.database)
        self.notices = NoticeAcceptances(self.database)
        self.tracks = Tracks(self.database)
        self.traces = Traces(self.database, self.media)

    def close(self) -> None:
        self.database.close()

"""One module per screen, named as the presenters name their tiles."""

from mobile.ui.screens.conflict import ConflictPage
from mobile.ui.screens.details import DetailsPage
from mobile.ui.screens.finding import FindingPage
from mobile.ui.screens.home import HomePage
from mobile.ui.screens.invasive import InvasivePage, InvasiveSpeciesPage
from mobile.ui.screens.my_records import MyRecordsPage
from mobile.ui.screens.notice import NoticePage
from mobile.ui.screens.patrol import PatrolPage
from mobile.ui.screens.photo import PhotoPage
from mobile.ui.screens.record import RecordPage
from mobile.ui.screens.record_detail import AnswerTaxonPage, RecordDetailPage
from mobile.ui.screens.survey import SurveyPage
from mobile.ui.screens.sync import SyncPage
from mobile.ui.screens.transect import TransectPage, TransectSpeciesPage

PAGES = {
    "home": HomePage,
    "record": RecordPage,
    "details": DetailsPage,
    "photo": PhotoPage,
    "my_records": MyRecordsPage,
    "record_detail": RecordDetailPage,
    "answer_taxon": AnswerTaxonPage,
    "conflict": ConflictPage,
    "notice": NoticePage,
    "sync": SyncPage,
    "survey": SurveyPage,
    "invasive": InvasivePage,
    "invasive_species": InvasiveSpeciesPage,
    "patrol": PatrolPage,
    "finding": FindingPage,
    "transect": TransectPage,
    "transect_species": TransectSpeciesPage,
}

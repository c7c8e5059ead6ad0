"""eml.xml: what a data set says of itself (EML 2.2, GBIF profile)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True)
class DatasetDescription:
    """`package_id` names this edition of the data; `bounds` is west, south, east, north in degrees."""

    package_id: str
    title: str
    publisher: str
    licence: str
    abstract: Sequence[str]
    published: date
    contact: str
    language: str = "zh"
    bounds: tuple[str, str, str, str] | None = None
    place: str = ""


def eml_xml(about: DatasetDescription) -> str:
    organisation = f"<organizationName>{escape(about.publisher)}</organizationName>"
    contact = f"{organisation}<positionName>{escape(about.contact)}</positionName>"
    paragraphs = "".join(f"<para>{escape(text)}</para>" for text in about.abstract)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<eml:eml xmlns:eml="https://eml.ecoinformatics.org/eml-2.2.0" system="xiangye" scope="system" '
        f"packageId={quoteattr(about.package_id)} xml:lang={quoteattr(about.language)}>\n"
        "<dataset>\n"
        f"<title xml:lang={quoteattr(about.language)}>{escape(about.title)}</title>\n"
        f"<creator>{contact}</creator>\n"
        f"<metadataProvider>{contact}</metadataProvider>\n"
        f"<pubDate>{about.published.isoformat()}</pubDate>\n"
        f"<language>{escape(about.language)}</language>\n"
        f"<abstract>{paragraphs}</abstract>\n"
        f"<intellectualRights><para>{escape(about.licence)}</para></intellectualRights>\n"
        f"{_coverage(about)}"
        f"<contact>{contact}</contact>\n"
        f"<publisher>{organisation}</publisher>\n"
        "</dataset>\n"
        "</eml:eml>\n"
    )


def _coverage(about: DatasetDescription) -> str:
    if about.bounds is None:
        return ""
    west, south, east, north = (escape(bound) for bound in about.bounds)
    return (
        "<coverage><geographicCoverage>"
        f"<geographicDescription>{escape(about.place)}</geographicDescription>"
        f"<boundingCoordinates><westBoundingCoordinate>{west}</westBoundingCoordinate><eastBoundingCoordinate>{east}</eastBoundingCoordinate>"
        f"<northBoundingCoordinate>{north}</northBoundingCoordinate><southBoundingCoordinate>{south}</southBoundingCoordinate></boundingCoordinates>"
        "</geographicCoverage></coverage>\n"
    )

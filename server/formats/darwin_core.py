"""Darwin Core terms: their short names, their addresses, and the order in which tables show them.

Source: the quick reference of dwc.tdwg.org; `license` to `type` are Dublin Core terms that Darwin Core borrows.
"""

DWC = "http://rs.tdwg.org/dwc/terms/"
DCTERMS = "http://purl.org/dc/terms/"
EVENT = DWC + "Event"
OCCURRENCE = DWC + "Occurrence"
EXTENDED_MEASUREMENT = "http://rs.iobis.org/obis/terms/ExtendedMeasurementOrFact"


def _words(text: str) -> list[str]:
    return text.split()


_DUBLIN_CORE = _words("""
type modified language license rightsHolder accessRights bibliographicCitation references source rights
""")

_DARWIN_CORE = _words("""
institutionID collectionID datasetID institutionCode collectionCode datasetName ownerInstitutionCode basisOfRecord informationWithheld
dataGeneralizations dynamicProperties
occurrenceID catalogNumber recordNumber recordedBy recordedByID individualCount organismQuantity organismQuantityType sex lifeStage
reproductiveCondition caste behavior vitality establishmentMeans degreeOfEstablishment pathway georeferenceVerificationStatus
occurrenceStatus preparations disposition associatedMedia associatedOccurrences associatedReferences associatedSequences associatedTaxa
otherCatalogNumbers occurrenceRemarks occurrenceDetails
organismID organismName organismScope associatedOrganisms previousIdentifications organismRemarks individualID
materialEntityID materialSampleID verbatimLabel
eventID parentEventID eventType fieldNumber projectTitle projectID fundingAttribution eventDate eventTime startDayOfYear endDayOfYear year
month day verbatimEventDate habitat samplingProtocol sampleSizeValue sampleSizeUnit samplingEffort fieldNotes eventRemarks
locationID higherGeographyID higherGeography continent waterBody islandGroup island country countryCode stateProvince county municipality
locality verbatimLocality minimumElevationInMeters maximumElevationInMeters verticalDatum verbatimElevation minimumDepthInMeters
maximumDepthInMeters verbatimDepth minimumDistanceAboveSurfaceInMeters maximumDistanceAboveSurfaceInMeters locationAccordingTo
locationRemarks decimalLatitude decimalLongitude geodeticDatum coordinateUncertaintyInMeters coordinatePrecision pointRadiusSpatialFit
verbatimCoordinates verbatimLatitude verbatimLongitude verbatimCoordinateSystem verbatimSRS footprintWKT footprintSRS
footprintSpatialFit georeferencedBy georeferencedDate georeferenceProtocol georeferenceSources georeferenceRemarks
geologicalContextID earliestEonOrLowestEonothem latestEonOrHighestEonothem earliestEraOrLowestErathem latestEraOrHighestErathem
earliestPeriodOrLowestSystem latestPeriodOrHighestSystem earliestEpochOrLowestSeries latestEpochOrHighestSeries
earliestAgeOrLowestStage latestAgeOrHighestStage lowestBiostratigraphicZone highestBiostratigraphicZone lithostratigraphicTerms group
formation member bed
identificationID verbatimIdentification identificationQualifier typeStatus typifiedName identifiedBy identifiedByID dateIdentified
identificationReferences identificationVerificationStatus identificationRemarks
taxonID scientificNameID acceptedNameUsageID parentNameUsageID originalNameUsageID nameAccordingToID namePublishedInID taxonConceptID
scientificName acceptedNameUsage parentNameUsage originalNameUsage nameAccordingTo namePublishedIn namePublishedInYear
higherClassification kingdom phylum class order superfamily family subfamily tribe subtribe genus genericName subgenus
infragenericEpithet specificEpithet infraspecificEpithet cultivarEpithet taxonRank verbatimTaxonRank scientificNameAuthorship
vernacularName nomenclaturalCode taxonomicStatus nomenclaturalStatus taxonRemarks
""")

_MEASUREMENT = _words("""
measurementID measurementType measurementValue measurementAccuracy measurementUnit measurementDeterminedBy measurementDeterminedDate
measurementMethod measurementRemarks
""")

ADDRESS = {
    **{term: DWC + term for term in _DARWIN_CORE + _MEASUREMENT},
    **{term: DCTERMS + term for term in _DUBLIN_CORE},
}
"""Short name to address. A name that is not here is no Darwin Core term."""

_ORDER = {term: n for n, term in enumerate(ADDRESS)}
_BY_LOWER_CASE = {term.lower(): term for term in ADDRESS}


def short_name(address: str) -> str:
    """`http://rs.tdwg.org/dwc/terms/eventDate` and `dwc:eventDate` are both `eventDate`."""
    return address.rstrip("/#").rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]


def term_of(heading: str) -> str | None:
    """The term that a column heading names, whatever its case or prefix; None for any other heading."""
    return _BY_LOWER_CASE.get(short_name(heading.strip()).lower())


def in_order(terms: set[str]) -> list[str]:
    """Terms in the order of the standard, names of others after them by the alphabet."""
    return sorted(terms, key=lambda term: (_ORDER.get(term, len(_ORDER)), term))

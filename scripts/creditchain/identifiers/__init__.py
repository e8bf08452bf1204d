"""Identifiers of enterprises and places: USCC, Taiwan business number, subject tags, GB/T 2260 divisions. Pure."""

from creditchain.identifiers.divisions import (
    DIVISIONS,
    REGION_PROVINCES,
    Division,
    DivisionError,
    division,
    divisions_of,
    enclosing_division,
)
from creditchain.identifiers.subjects import (
    TWUBN,
    USCC,
    IdentifierError,
    Subject,
    exception_digest,
    parse_subject,
    parse_twubn,
    parse_uscc,
    well_formed_subject,
)
from creditchain.identifiers.tags import epoch_digest, subject_tag

__all__ = [
    "DIVISIONS",
    "REGION_PROVINCES",
    "TWUBN",
    "USCC",
    "Division",
    "DivisionError",
    "IdentifierError",
    "Subject",
    "division",
    "divisions_of",
    "enclosing_division",
    "epoch_digest",
    "exception_digest",
    "parse_subject",
    "parse_twubn",
    "parse_uscc",
    "subject_tag",
    "well_formed_subject",
]

"""Documents: sections, domains, strict JSON, canonical bytes, commitments, leaf hashes. Pure (docs/format.md 3)."""

from creditchain.documents.canonical import JsonObject, canonical_bytes
from creditchain.documents.commitments import JSON_MEDIA_TYPE, commitment, leaf_hash, require_media_type, salt
from creditchain.documents.envelope import Document, document_of, envelope_faults, parse_document, parsed_once
from creditchain.documents.errors import DocumentError
from creditchain.documents.kinds import DOMAINS, SECTIONS, Domain, Section, domain_mask, domains_of
from creditchain.documents.limits import DOCUMENT_LIMITS, MAX_INTEGER, JsonLimits
from creditchain.documents.strict_json import parse_json, read_json
from creditchain.documents.texts import is_proper, text_faults

__all__ = [
    "DOCUMENT_LIMITS",
    "DOMAINS",
    "JSON_MEDIA_TYPE",
    "MAX_INTEGER",
    "SECTIONS",
    "Document",
    "DocumentError",
    "Domain",
    "JsonLimits",
    "JsonObject",
    "Section",
    "canonical_bytes",
    "commitment",
    "document_of",
    "domain_mask",
    "domains_of",
    "envelope_faults",
    "is_proper",
    "leaf_hash",
    "parse_document",
    "parse_json",
    "parsed_once",
    "read_json",
    "require_media_type",
    "salt",
    "text_faults",
]

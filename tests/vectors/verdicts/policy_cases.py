"""Policies, and whether a verifier takes them; for a refused one the member that is wrong."""

from __future__ import annotations

from typing import Any

_HEAD = 'format = "creditchain/policy@1"\n'
_SCOPE = _HEAD + "[completeness]\n"

_TAKEN = (
    "",
    "require = [1, 2, 3, 4, 5, 6, 8]\n",
    "require = []\nunsafe = true\n",
    "require_report = [1, 2, 3, 4, 5, 6]\n",
    'tag_statement = "optional"\n',
    'disputes = []\nconfirmations = 1000000\nnodes = [1, 16777215]\nproducts = ["registry-basic/1"]\naudited = true\n',
    "institution = 11\n",
    '[facts]\naccepted = ["signed", "proven", "agreed", "told"]\nage_seconds = 0\nbefore_delivery_seconds = 0\n',
)
_TAKEN_SCOPES = (
    "first_entry = 0\nlog_size = 1\nlag_seconds = 0\n",
    "first_entry = 9007199254740991\nlog_size = 9007199254740991\nlag_seconds = 86400\n",
    'nodes = [7]\nproducts = ["power-usage/1"]\nsections = ["operating"]\naudited = true\n',
    'unopened = "trusted"\n',
)
_REFUSED = (
    ("require = [0]\n", "require"),
    ("require = [11]\n", "require"),
    ("require = [true]\n", "require"),
    ("require = 1\n", "require"),
    ("require = [1, 2, 3, 4, 5]\n", "require"),
    ("require_report = [1]\n", "require"),
    ('tag_statement = "no"\n', "tag_statement"),
    ('disputes = ["all"]\n', "disputes"),
    ("confirmations = -1\n", "confirmations"),
    ("confirmations = 1000001\n", "confirmations"),
    ("confirmations = 1.0\n", "confirmations"),
    ("confirmations = true\n", "confirmations"),
    ("nodes = [0]\n", "nodes"),
    ('[facts]\naccepted = ["believed"]\n', "facts.accepted"),
    ("[facts]\naccepted = []\n", "facts.accepted"),
    ("[facts]\nage_seconds = -1\n", "facts.age_seconds"),
    ("[facts]\nage = 1\n", "facts.age"),
    ("nodes = [16777216]\n", "nodes"),
    ("products = [1]\n", "products"),
    ('audited = "yes"\n', "audited"),
    ("institution = 0\n", "institution"),
    ("unsafe = 1\n", "unsafe"),
    ("required = []\n", "required"),
)
_REFUSED_SCOPES = (
    ("nodes = [0]\n", "completeness.nodes"),
    ('sections = ["basics"]\n', "completeness.sections"),
    ('sections = ["report"]\n', "completeness.sections"),
    ("first_entry = -1\n", "completeness.first_entry"),
    ("log_size = 0\n", "completeness.log_size"),
    ("log_size = 9007199254740992\n", "completeness.log_size"),
    ("lag_seconds = 86401\n", "completeness.lag_seconds"),
    ('full_batches = "trusted"\n', "completeness.full_batches"),
    ('unopened = ["trusted"]\n', "completeness.unopened"),
    ("lag = 1\n", "completeness.lag"),
)

POLICIES: list[dict[str, Any]] = [
    *({"text": _HEAD + text, "taken": True, "field": None} for text in _TAKEN),
    *({"text": _SCOPE + text, "taken": True, "field": None} for text in _TAKEN_SCOPES),
    *({"text": _HEAD + text, "taken": False, "field": field} for text, field in _REFUSED),
    *({"text": _SCOPE + text, "taken": False, "field": field} for text, field in _REFUSED_SCOPES),
    {"text": "", "taken": False, "field": "format"},
    {"text": 'format = "creditchain/policy@2"\n', "taken": False, "field": "format"},
    {"text": _HEAD + 'completeness = "all"\n', "taken": False, "field": "completeness"},
    {"text": _HEAD + "audited = true\naudited = true\n", "taken": False, "field": None},
    {"text": "{}", "taken": False, "field": None},
]

"""What a case of the verdict vectors is, and the chain that its verifier sees.

The outcomes are written by hand from docs/format.md, section 8, in `record_cases` and `report_cases`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any

from report_world import BY_NUMBER, HERE, OPEN, TAG_KEYS, Region
from verification_world import launched

from creditchain.hashing import keccak256
from creditchain.identifiers import epoch_digest
from creditchain.packages.report_package import ReportPackage
from vectors.verdicts.facts import entry_json, plain, view_json

F, N, P, A = "failed", "not verified", "pending", "not applicable"
Json = dict[str, Any]
Change = Callable[[Json], object]
POLICY = 'format = "creditchain/policy@1"\n'
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
UNAUDITED = "unaudited"
#: Steps that a record does not have.
REPORTS_ONLY = (7, 8, 9, 10, 11)


@dataclass(frozen=True)
class Case:
    """One package under one policy."""

    name: str
    base: str  #: "record" or "report"
    package: Json
    facts: Json
    steps: dict[int, str]  #: the outcomes that are not those of the honest base
    policy: str = POLICY
    raw: str | None = None  #: the file in base64, instead of `package`
    tag_key: str | None = None
    products: list[str] | None = None  #: those that the verifier knows; None: all that are shipped
    weaknesses: list[str] = field(default_factory=lambda: [UNAUDITED])
    required: range | None = None  #: the steps that the policy requires, if not the default

    def outcomes(self) -> Json:
        """The outcome of each step."""
        honest = {step: A if self.base == "record" and step in REPORTS_ONLY else "passed" for step in range(1, 12)}
        return {str(step): outcome for step, outcome in (honest | self.steps).items()}

    @property
    def verdict(self) -> str:
        """What the outcomes add up to."""
        found = self.outcomes()
        if F in found.values():
            return "not valid"
        required = self.required or range(1, 7 if self.base == "record" else 12)
        settled = all(found[str(step)] in ("passed", A) for step in required)
        return "valid" if settled else "could not be checked"


# The chain.


def facts_of(here: Region) -> Json:
    """What the chain of a region says."""
    consents = [] if here.consent is None else [{"id": None, **view_json(here.consent)}]
    return {
        "origin": plain(asdict(HERE)),
        "block": plain({"number": 1000, "hash": keccak256(b"block"), "time": here.block_time}),
        "source": {"basis": "agreed", "age": 0, "signed_block": False},
        "log": [entry_json(one) for one in here.entries],
        "anchors": [view_json(one) for one in here.anchors.values()],
        "products": [view_json(launched(BY_NUMBER[number])) for number in sorted(here.launched)],
        "waiting": [],
        "nodes": [
            {**view_json(one.info), "compromises": [view_json(interval) for interval in one.compromises]}
            for one in here.members.values()
        ],
        "terms": [term(one.info.number, one.info.role, one.info.operator) for one in here.members.values()],
        "keys": {one.info.operator: one.info.number for one in here.members.values()},
        "key_epochs": {str(epoch): "0x" + epoch_digest(key).hex() for epoch, key in TAG_KEYS.items()},
        "records": [state(*key, life=life, life_at=at) for key, (life, at) in here.lives.items()],
        "consents": consents,
        "open_domains": OPEN,
        "unread": [],
    }


def term(number: int, role: int, operator: str | None, *, since: int = 1_700_000_000, acts: bool = True) -> Json:
    return {"node": number, "since": since, "role": role, "acts": acts, "operator": operator, "host_operator": None}


def state(number: int, leaf: bytes, **changes: int) -> Json:
    names = ("life", "life_at", "entry", "open", "filings", "last", "filed_at", "outcome", "answered_at")
    return plain({"node": number, "leaf": leaf, **dict.fromkeys(names, 0), **changes})


def facts_for(here: Region, package: ReportPackage | None = None) -> Json:
    """What the chain says when a report is verified: its consent has its id."""
    facts = facts_of(here)
    for one in facts["consents"]:
        one["id"] = None if package is None or package.consent is None else "0x" + package.consent.message.id.hex()
    return facts


def bent(value: Json, change: Change | None) -> Json:
    """A copy that was changed."""
    copy = deepcopy(value)
    if change is not None:
        change(copy)
    return copy


def put(*path: str | int, to: Any) -> Change:
    """A change that sets one member."""

    def change(value: Json) -> None:
        holder: Any = value
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = plain(to)

    return change


def bases(enough: int) -> Iterator[tuple[str, Change, int, str | None, list[str]]]:
    """Policies' `confirmations` under each basis: name, change of the facts, number, outcome of step 4, weaknesses.

    `enough`: by so many blocks the final one is above the entry's.
    """
    for basis, signed_block, number, outcome in (
        ("told", False, enough, None),
        ("told", False, enough + 1, P),
        ("agreed", False, enough + 1, P),
        ("proven", False, 0, None),
        ("proven", False, 1, N),
        ("proven", True, enough + 1, None),
        ("signed", True, enough + 1, None),
        ("signed", True, 1_000_000, None),
    ):
        word = ["one endpoint's word"] if basis == "told" else []
        under = ", under a hash that signers signed" if basis == "proven" and signed_block else ""
        to = {"basis": basis, "age": 0, "signed_block": signed_block}
        yield f"{number} confirmations and {basis} facts{under}", put("source", to=to), number, outcome, word


def upper_half(signature: bytes) -> bytes:
    """A signature with s in the upper half, in the 65 bytes that have room for it."""
    parity, s = signature[32] >> 7, ORDER - int.from_bytes(signature[32:], "big") % 2**255
    return signature[:32] + s.to_bytes(32, "big") + bytes([28 - parity])


def spoilt(signature: bytes) -> dict[str, bytes]:
    """Signatures of 64 bytes that nobody may accept."""
    return {
        "s in the upper half": upper_half(signature)[:64],
        "the other parity": signature[:32] + bytes([signature[32] ^ 0x80]) + signature[33:],
        "zeros": bytes(64),
    }

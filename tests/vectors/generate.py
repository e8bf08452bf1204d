"""Writes the test vectors beside this file: `python tests/vectors/generate.py`.

Everything comes from `reference.py`, nothing from the package. Bytes are 0x hex. Solidity and Python tests read the
files; a unit test checks that they are what this writes.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import reference as ref  # noqa: E402
import rfc8785  # noqa: E402
from attacks import range_cases  # noqa: E402
from book_cases import book_cases  # noqa: E402
from cell_cases import cell_cases  # noqa: E402
from eth_keys import keys  # noqa: E402
from facts_cases import facts_cases  # noqa: E402
from figure_cases import figure_cases  # noqa: E402
from samples import DOCUMENTS, REFUSED, TWUBN, USCC_BAD, USCC_GOOD  # noqa: E402

# Account 0 of the mnemonic "test test test test test test test test test test test junk": known to everyone.
DEV_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
DEV_ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
LOG_ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
NODES_ADDRESS = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
ANCHORS_ADDRESS = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0"
CONSENTS_ADDRESS = "0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9"
LEDGER_ADDRESS = "0xDc64a140Aa3E981100a9becA4E685f962f0cF6C9"
DISPUTES_ADDRESS = "0x5FC8d32690cc91D4c39d9d3abcBD16989F875707"
GOVERNANCE_ADDRESS = "0x0165878A594ca255338adfa4d48449f69242Eb8F"

TAG_KEY = bytes(range(32))
SECRET = bytes(range(32, 64))


def number_hash(name: str, number: int) -> bytes:
    return ref.keccak(f"{name} {number}".encode())


def merkle() -> dict[str, Any]:
    larger = [64, 65, 100, 127, 128, 129, 200]
    leaves = [ref.keccak(b"\x00", f"leaf {i}".encode()) for i in range(max(larger))]
    sizes = [*range(34), *larger]
    roots = {n: ref.mth(leaves[:n]) for n in sizes}
    inclusion = [
        {"size": n, "index": i, "leaf": leaves[i], "proof": ref.path(i, leaves[:n]), "root": roots[n]}
        for n in sizes
        for i in (range(n) if n <= 33 else sorted({0, 1, n // 2, n - 2, n - 1}))
    ]
    consistency = [
        {
            "old_size": m,
            "new_size": n,
            "old_root": ref.mth(leaves[:m]),
            "new_root": roots[n],
            "proof": ref.proof(m, leaves[:n]),
        }
        for n in sizes
        for m in (range(1, n + 1) if n <= 33 else sorted({1, 2, 3, 31, 32, 63, 64, n // 2, n - 1, n} & {*range(n + 1)}))
    ]
    return {
        "leaves": leaves,
        "roots": {str(n): roots[n] for n in sizes},
        "inclusion": inclusion,
        "consistency": consistency,
        "inclusion_refused": _inclusion_refused(inclusion),
        "consistency_refused": _consistency_refused(consistency),
    }


def _large(number: int) -> int | str:
    """A number as JSON holds it everywhere: as text past 2^53, where many readers would round it."""
    return number if abs(number) < 2**53 else str(number)


def _inclusion_refused(honest: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Proofs of inclusion that must fail, with the reason."""
    case = next(one for one in honest if (one["size"], one["index"]) == (13, 12))
    proof, index, size = case["proof"], case["index"], case["size"]
    bent: list[tuple[str, dict[str, Any]]] = [
        ("index at the size", {"index": size}),
        ("index below 0", {"index": -1}),
        ("index past 2^64", {"index": 2**64}),
        ("size 0", {"size": 0}),
        ("size past 2^64 - 1", {"size": 2**64}),
        ("a size that needs a longer path", {"size": 2**63}),
        ("another index", {"index": index - 1}),
        ("path cut short", {"proof": proof[:-1]}),
        ("path too long", {"proof": [*proof, bytes(32)]}),
        ("path of 65", {"proof": [bytes(32)] * 65}),
        ("path reversed", {"proof": proof[::-1]}),
        ("no path", {"proof": []}),
        ("a hash of 31 bytes", {"proof": [proof[0][:31], *proof[1:]]}),
        ("leaf flipped", {"leaf": bytes([case["leaf"][0] ^ 1]) + case["leaf"][1:]}),
        (
            "inner node for a leaf",
            {"leaf": ref.keccak(b"\x01", proof[0], case["leaf"]), "index": index >> 1, "proof": proof[1:]},
        ),
    ]
    return [{"why": why, **_bent(case, changes)} for why, changes in bent]


def _consistency_refused(honest: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Proofs of consistency that must fail, with the reason."""
    case = next(one for one in honest if (one["old_size"], one["new_size"]) == (6, 13))
    power = next(one for one in honest if (one["old_size"], one["new_size"]) == (8, 13))
    same = next(one for one in honest if (one["old_size"], one["new_size"]) == (13, 13))
    empty, proof = ref.mth([]), case["proof"]
    bent: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("the old tree is the larger one", case, {"old_size": 13, "new_size": 6}),
        ("roots exchanged", case, {"old_root": case["new_root"], "new_root": case["old_root"]}),
        ("another old root", case, {"old_root": power["old_root"]}),
        ("another new root", case, {"new_root": power["old_root"]}),
        ("another old size", case, {"old_size": 7}),
        ("another new size", case, {"new_size": 1 << 20}),
        ("proof cut short", case, {"proof": proof[:-1]}),
        ("proof without its first hash", case, {"proof": proof[1:]}),
        ("proof too long", case, {"proof": [*proof, bytes(32)]}),
        ("proof of 65", case, {"proof": [bytes(32)] * 65}),
        ("proof reversed", case, {"proof": proof[::-1]}),
        ("no proof", case, {"proof": []}),
        ("a hash of 33 bytes", case, {"proof": [*proof[:-1], proof[-1] + b"\x00"]}),
        ("the old root repeated, of a tree of 2^k leaves", power, {"proof": [power["old_root"], *power["proof"]]}),
        ("equal sizes, another root", same, {"new_root": bytes(32)}),
        ("equal sizes, a proof", same, {"proof": [same["old_root"]]}),
        ("the empty tree with another root", case, {"old_size": 0, "old_root": bytes(32), "proof": []}),
        ("the empty tree with a proof", case, {"old_size": 0, "old_root": empty}),
        ("two empty trees, another new root", case, {"old_size": 0, "old_root": empty, "new_size": 0, "proof": []}),
        ("old size below 0", case, {"old_size": -6}),
        ("new size past 2^64 - 1", case, {"new_size": 2**64}),
    ]
    return [{"why": why, **_bent(base, changes)} for why, base, changes in bent]


def _bent(case: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: _large(value) if isinstance(value, int) else value for name, value in (case | changes).items()}


def identifiers() -> dict[str, Any]:
    good = [{"scheme": "USCC", "number": number} for number in USCC_GOOD]
    good += [{"scheme": "TWUBN", "number": number} for number in TWUBN if ref.twubn_valid(number)]
    return {
        "tag_key": TAG_KEY,
        "epoch_digest": ref.epoch(TAG_KEY),
        "valid": [{**case, "tag": ref.tag(TAG_KEY, case["scheme"], case["number"])} for case in good],
        "invalid": [
            *({"scheme": "USCC", "number": number, "fault": fault} for fault, number in USCC_BAD.items()),
            *(
                {"scheme": "TWUBN", "number": number, "fault": "check"}
                for number in TWUBN
                if not ref.twubn_valid(number)
            ),
        ],
    }


def documents() -> dict[str, Any]:
    return {
        "tag_key": TAG_KEY,
        "batch_secret": SECRET,
        "documents": [_document(name, text) for name, text in DOCUMENTS.items()],
        "files": [
            _committed(
                "a file of one byte", "application/pdf", b"\x00", ref.tag(TAG_KEY, "TWUBN", "04595257"), 4, 2**32 - 1
            )
        ],
        "refused": [{"name": name, "raw": raw} for name, raw in REFUSED.items()],
    }


def _document(name: str, text: str) -> dict[str, Any]:
    value = json.loads(text)
    sections = ["report", "basic", "operating", "enhancement", "warning", "asset", "carbon"]
    subject_tag = ref.tag(TAG_KEY, value["subject"]["scheme"], value["subject"]["number"])
    section = sections.index(value["section"])
    made = _committed(name, "application/json", ref.canonical(value), subject_tag, section, 17)
    return {"text": text, **made}


def _committed(
    name: str, media_type: str, content: bytes, subject_tag: bytes, section: int, product: int
) -> dict[str, Any]:
    salt = ref.salt(SECRET, subject_tag, content)
    commitment = ref.commitment(salt, media_type, content)
    return {
        "name": name,
        "media_type": media_type,
        "content": content,
        "tag": subject_tag,
        "section": section,
        "product": product,
        "salt": salt,
        "commitment": commitment,
        "leaf": ref.leaf(subject_tag, section, product, commitment),
    }


_NODE = "uint24 node,address by,address operator,uint8 role,uint8 status,uint24 division,uint24 host,uint32 domains,"
BODIES = {
    1: _NODE + "uint40 until,bytes32 profile_digest",
    2: "uint32 epoch,bytes32 epoch_digest",
    3: "uint24 node,uint32 key_epoch,uint32 product,uint32 number,bytes32 root,uint64 size,uint32 domains,"
    "uint64 subjects",
    4: "uint24 node,bytes32 leaf,uint8 life,bytes32 successor,bytes32 reason_digest",
    5: "uint24 platform,uint24 node,bytes32 leaf,uint32 number,uint64 previous,address key,bytes32 reason_digest",
    6: "uint24 auditor,uint24 node,uint32 key_epoch,uint64 book,bool restored,bytes32 report_digest",
    7: "uint24 node,uint32 key_epoch,uint64 entry,uint8 fault,uint64 other",
    9: "bytes32 consent,uint24 institution,uint8 by",
    10: "",
    11: "uint24 institution,uint24 month,uint16 revision,uint32 count,uint128 amount,bytes32 queries",
    12: "uint32 epoch,uint8 threshold,uint256 count",
    13: "address by",
    14: "uint160 removed,address writer,bytes32 code_hash,uint32 kinds",
    15: "uint8 limit,uint200 value",
    16: "uint256 chain_id,bytes32 region,bytes32 parent,address authority",
    17: "address before,address after",
    18: "uint24 node,bytes32 leaf,uint32 filing,uint8 outcome,bytes32 successor,bytes32 reason_digest",
    19: "uint32 number,bytes32 digest,uint8 state",
    20: "uint24 node,uint32 key_epoch,uint32 batches,uint64 size,bytes32 root",
    21: "uint24 node,uint32 key_epoch,uint64 entry,address key,bytes32 reason_digest",
    22: "uint24 node,uint64 since,bytes32 reason_digest",
    23: "bytes32 consent,uint8 by,uint16 turn",
    24: "uint24 node,address key,uint256 intervals",
    25: "uint24 node,uint24 by",
    26: "uint8 change,address by,uint64 role,address subject,bytes4 selector,uint256 value,uint48 since",
    27: "uint8 progress,address by,bytes32 operation,uint32 nonce,uint48 due,address target",
    28: "bytes32 digest,bool accepted",
}

#: Members of a granted consent in the order of its message, and how many bytes each takes in the form of the log.
_CONSENT_BYTES = {
    **{"institution": 3, "platform": 3, "key": 20, "subject": 32, "sections": 1, "domains": 3, "purpose": 1},
    **{"data_from": 4, "data_to": 4, "not_before": 4, "not_after": 4, "uses": 2, "keep_days": 2, "notice": 32},
    **{"paper": 32, "deadline": 5},
}
_NONE, _NOBODY, _CALL = bytes(32), "0x" + "00" * 20, bytes(range(36))
_SCOPE = [number_hash("subject", 1), 0b11110, 0b11, 1, 20200101, 20301231, 1735000000, 1766536000, 3, 365]
_WIDEST = [number_hash("subject", 2), 0x7F, 2**24 - 1, 255, 10000101, 99991231, 0, 2**32 - 1, 2**16 - 1, 2**16 - 1]
#: Members of an item, and how many bytes each takes.
_ITEM = {
    **{"institution": 4, "provider": 4, "via": 4, "nonce": 6, "domains": 4, "delivered_at": 5, "meter_within": 2},
    **{"sections": 1, "purpose": 1, "flags": 1},
    **dict.fromkeys(("request", "receipt", "report", "consent", "product", "terms"), 32),
}
_FIRST_ITEM: list[Any] = [2, 1, 0, 199, 0b11, 1733400060, 3600, 0b11110, 1, 3]
_FIRST_ITEM += [number_hash(name, 1) for name in ("request", "receipt", "report", "consent", "product")] + [_NONE]
_WIDEST_ITEM: list[Any] = [2**32 - 1, 2**32 - 2, 2**32 - 3, 2**48 - 1, 2**32 - 1, 2**40 - 1, 2**16 - 1, 255, 255, 31]
_WIDEST_ITEM += [number_hash(name, 2) for name in ("request", "receipt", "report", "consent", "product", "terms")]
ENTRIES: list[tuple[int, str, list[Any]]] = [
    (16, LOG_ADDRESS, [31337, b"YRD".ljust(32, b"\x00"), number_hash("parent", 1), DEV_ADDRESS]),
    (14, LOG_ADDRESS, [0, NODES_ADDRESS, number_hash("code", 1), 1 << 1]),
    (14, LOG_ADDRESS, [2**160 - 1, ANCHORS_ADDRESS, number_hash("code", 2), 0b11111100]),
    (2, ANCHORS_ADDRESS, [1, ref.epoch(TAG_KEY)]),
    (1, NODES_ADDRESS, [1, DEV_ADDRESS, DEV_ADDRESS, 2, 1, 310000, 0, 0b11, 0, number_hash("profile", 1)]),
    (1, NODES_ADDRESS, [2, DEV_ADDRESS, "0x" + "00" * 20, 5, 1, 320100, 1, 0, 1893456000, number_hash("profile", 2)]),
    (19, ANCHORS_ADDRESS, [17, number_hash("product", 1), 1]),
    (3, ANCHORS_ADDRESS, [1, 1, 17, 1, number_hash("root", 1), 2**64 - 1, 0b11, 7]),
    (3, ANCHORS_ADDRESS, [1, 2**32 - 1, 2**32 - 1, 2, number_hash("root", 2), 1, 2**32 - 1, 1]),
    (20, ANCHORS_ADDRESS, [1, 1, 2, 2**40 - 1, number_hash("root", 3)]),
    (4, ANCHORS_ADDRESS, [1, number_hash("leaf", 1), 1, number_hash("leaf", 2), number_hash("reason", 1)]),
    (4, ANCHORS_ADDRESS, [2**24 - 1, number_hash("leaf", 3), 2, _NONE, number_hash("reason", 2)]),
    (5, DISPUTES_ADDRESS, [1, 2, number_hash("leaf", 2), 1, 0, "0x" + "00" * 20, number_hash("reason", 3)]),
    (5, DISPUTES_ADDRESS, [2**24 - 1, 2, number_hash("leaf", 2), 2**32 - 1, 2**40 - 1, DEV_ADDRESS, _NONE]),
    (18, DISPUTES_ADDRESS, [2, number_hash("leaf", 2), 1, 3, _NONE, number_hash("reason", 4)]),
    (18, DISPUTES_ADDRESS, [2, number_hash("leaf", 2), 2**32 - 1, 2, number_hash("leaf", 4), _NONE]),
    (6, ANCHORS_ADDRESS, [3, 1, 1, 9, True, number_hash("audit", 1)]),
    (7, ANCHORS_ADDRESS, [1, 1, 9, 2, 7]),
    (21, ANCHORS_ADDRESS, [1, 1, 8, DEV_ADDRESS, number_hash("reason", 4)]),
    (22, ANCHORS_ADDRESS, [1, 8, number_hash("reason", 5)]),
    (19, ANCHORS_ADDRESS, [17, _NONE, 2]),
    (24, NODES_ADDRESS, [1, DEV_ADDRESS, 2**40 - 1]),
    (1, NODES_ADDRESS, [1, LOG_ADDRESS, DEV_ADDRESS, 2, 2, 310000, 0, 0b11, 0, _NONE]),
    (25, NODES_ADDRESS, [2**24 - 1, 1]),
    (15, CONSENTS_ADDRESS, [1, 0b11]),
    (15, CONSENTS_ADDRESS, [2, 2**32 - 1]),
    (12, NODES_ADDRESS, [2**32 - 1, 3, 4]),
    (
        8,
        CONSENTS_ADDRESS,
        [2, 1, DEV_ADDRESS, *_SCOPE, number_hash("notice", 1), _NONE, 2**40 - 1],
    ),
    (
        8,
        CONSENTS_ADDRESS,
        [2**24 - 1, 1, _NOBODY, *_WIDEST, number_hash("notice", 2), _NONE[:-1] + b"1", 0],
    ),
    (9, CONSENTS_ADDRESS, [number_hash("consent", 1), 2, 1]),
    (10, LEDGER_ADDRESS, [[_FIRST_ITEM]]),
    (10, LEDGER_ADDRESS, [[_WIDEST_ITEM, _FIRST_ITEM]]),
    (23, CONSENTS_ADDRESS, [number_hash("consent", 1), 1, 1]),
    (23, CONSENTS_ADDRESS, [number_hash("consent", 1), 2, 2**16 - 1]),
    (11, LEDGER_ADDRESS, [2, 202501, 0, 12, 3_600_000_00, number_hash("queries", 1)]),
    (11, LEDGER_ADDRESS, [2, 202501, 1, 0, 0, _NONE]),
    (26, GOVERNANCE_ADDRESS, [1, DEV_ADDRESS, 2**64 - 2, DEV_ADDRESS, bytes(4), 2**32 - 1, 2**48 - 1]),
    (26, GOVERNANCE_ADDRESS, [6, GOVERNANCE_ADDRESS, 2**64 - 1, NODES_ADDRESS, b"\xff\0\0\x01", 2**64 - 1, 0]),
    (
        27,
        GOVERNANCE_ADDRESS,
        [1, DEV_ADDRESS, number_hash("operation", 1), 1, 2**48 - 1, LOG_ADDRESS, bytes(range(36))],
    ),
    (27, GOVERNANCE_ADDRESS, [3, DEV_ADDRESS, number_hash("operation", 1), 1, 0, "0x" + "00" * 20, b""]),
    (28, ANCHORS_ADDRESS, [number_hash("number", 1), True]),
    (17, LOG_ADDRESS, [DEV_ADDRESS, LOG_ADDRESS]),
    (13, LOG_ADDRESS, [DEV_ADDRESS]),
]


def entries() -> dict[str, Any]:
    regions = [(31337, LOG_ADDRESS, "YRD", 1), (1, DEV_ADDRESS, "JJJ", 2), (2**64, LOG_ADDRESS, "PRD", 3)]
    log_ids = [_log(chain_id, address, region, number_hash("parent", n)) for chain_id, address, region, n in regions]
    log: list[dict[str, Any]] = []
    for index, (kind, writer, values) in enumerate(ENTRIES):
        log.append(_entry(log_ids[0]["log_id"], index, kind, writer, values))
        log[-1]["root"] = ref.mth([entry["entry"] for entry in log])
    return {"version": 1, "log_ids": log_ids, "log": log}


def _log(chain_id: int, address: str, region: str, parent: bytes) -> dict[str, Any]:
    padded = region.encode().ljust(32, b"\x00")
    origin = [("uint256", chain_id), ("address", address), ("bytes32", padded), ("bytes32", parent)]
    log_id = ref.keccak(ref.words(origin))
    return {"chain_id": chain_id, "address": address, "region": region, "parent": parent, "log_id": log_id}


def _writes(index: int) -> bytes:
    """What entry `index` wrote: none, one or two cells, each for the first time in every other entry."""
    words = (
        (number_hash("key", index + n), number_hash("old", index + n) if n % 2 else _NONE) for n in range(index % 3)
    )
    new = number_hash("value", index)[:25] + index.to_bytes(7, "big")
    return b"".join(key + old + new for key, old in words)


def _entry(log_id: bytes, index: int, kind: int, writer: str, values: list[Any]) -> dict[str, Any]:
    writes = _writes(index)
    if kind == 10:
        items = [dict(zip(_ITEM, item, strict=True)) for item in values[0]]
        body, fields = b"".join(map(_item, items)), {"items": items}
    elif kind == 8:
        fields = dict(zip(_CONSENT_BYTES, values, strict=True))
        body = _form(fields)
    else:
        members = [member.split(" ") for member in BODIES[kind].split(",")]
        static = values[: len(members)]
        body = ref.words([(solidity, value) for (solidity, _), value in zip(members, static, strict=True)])
        fields = dict(zip([name for _, name in members], static, strict=True))
        if kind == 27:
            # The one body with a value of any length: where it starts, its length, itself in whole words.
            (data,) = values[len(members) :]
            body += (len(body) + 32).to_bytes(32, "big") + len(data).to_bytes(32, "big")
            body += data.ljust(-(-len(data) // 32) * 32, b"\0")
            fields["data"] = data
    body_hash = ref.keccak(body)
    time = 1733400000 + 12 * index
    hashes = [("bytes32", body_hash), ("bytes32", ref.keccak(writes))]
    head = [("uint16", 1), ("uint8", kind), ("bytes32", log_id), ("uint64", index), ("address", writer)]
    return {
        "index": index,
        "kind": kind,
        "writer": writer,
        "time": time,
        "fields": fields,
        "body": body,
        "body_hash": body_hash,
        "writes": writes,
        "entry": ref.keccak(b"\x00", ref.words([*head, ("uint64", time), *hashes])),
    }


def _form(consent: dict[str, Any]) -> bytes:
    """A consent as calls and log have it: numbers, digests, then the key, or else the paper."""
    last = "paper" if consent["key"] == _NOBODY else "key"
    order = [name for name in _CONSENT_BYTES if name not in ("key", "subject", "notice", "paper")]
    parts = []
    for name in [*order, "subject", "notice", last]:
        value, size = consent[name], _CONSENT_BYTES[name]
        value = bytes.fromhex(value[2:]) if isinstance(value, str) else value
        parts.append(value.to_bytes(size, "big") if isinstance(value, int) else value)
    return b"".join(parts)


def _item(item: dict[str, Any]) -> bytes:
    """An item of a Queries entry."""
    return b"".join(value if isinstance(value, bytes) else value.to_bytes(_ITEM[n], "big") for n, value in item.items())


_LOG_DOMAIN = "EIP712Domain(string name,string version,bytes32 salt)"
_ACCEPTANCE = "OperatorAcceptance(uint24 node,address operator,uint64 deadline)"
_STATEMENT = (
    "TagStatement(uint24 platform,uint32 keyEpoch,bytes32 subjectTag,string scheme,string number,uint64 issuedAt)"
)
_CONSENT = (
    "Consent(bytes32 log,uint24 institution,uint24 platform,address key,bytes32 subject,uint8 sections,uint32 domains,"
    "uint8 purpose,uint32 dataFrom,uint32 dataTo,uint40 notBefore,uint40 notAfter,uint32 uses,uint16 keepDays,"
    "bytes32 notice,bytes32 paper,uint40 deadline)"
)
_REVOCATION = "Revocation(bytes32 consent)"
_PAUSE = "Pause(bytes32 consent,uint16 turn,uint40 deadline)"
_RESUMPTION = "Resumption(bytes32 consent,uint16 turn,uint40 deadline)"
_REQUEST = (
    "QueryRequest(uint24 institution,uint24 provider,bytes32 consent,bytes32 subject,bytes32 product,uint8 sections,"
    "uint32 domains,uint8 purpose,bytes32 staff,uint40 issuedAt,uint40 deadline,uint48 nonce,uint24 via,bytes32 terms)"
)
_RECEIPT = "Receipt(bytes32 request,bytes32 report,uint40 deliveredAt,uint40 meterBy)"
_COUNTERSIGNATURE = "Countersignature(uint24 node,bytes32 request,bytes32 part,uint40 givenAt)"
_FILING = (
    "DisputeFiling(uint24 platform,uint24 node,bytes32 leaf,bytes32 reasonDigest,address key,uint32 previous,"
    "uint40 deadline)"
)
_SIGN_IN = "SignIn(uint24 node,uint24 exchange,bytes32 challenge,uint40 issuedAt)"
_ACCOUNT = (
    "StatementOfAccount(uint24 provider,uint24 institution,uint24 month,bytes32 terms,uint64 size,bytes32 root,"
    "uint64 charged,uint64 apart,uint128 totalFen,bytes32 lines)"
)
_ENTERPRISE_SIGN_IN = "EnterpriseSignIn(address key,uint24 exchange,bytes32 challenge,uint40 issuedAt)"
_EXPORT = "QueryExport(uint24 exchange,bytes32 file,uint40 since,uint40 until,uint40 rows,uint40 madeAt)"
_KEY = "0x" + "11" * 20


def _account_values() -> list[Any]:
    return [number_hash("terms", 1), 40, number_hash("root", 1), 12, 3, 1_650]


def _consent_messages(log_id: bytes) -> list[tuple[str, dict[str, Any], list[Any]]]:
    log = {"log_id": log_id}
    subject, notice, paper = (number_hash(name, 1) for name in ("subject", "notice", "paper"))
    days, times = [20200101, 20241231], [1733400000, 1764936000]
    scope = [0b1111111, 2**16 - 1, 1]
    request = [2, 1, number_hash("consent", 1), subject, number_hash("product", 1), *scope, number_hash("staff", 1)]
    open_request = [2**24 - 1, 2**24 - 2, _NONE, subject, _NONE, 2**8 - 1, 2**32 - 1, 2**8 - 1, _NONE]
    widest = [2**8 - 1, 2**24 - 1, 2**8 - 1, *[2**32 - 1] * 4, 2**16 - 1, 2**16 - 1]
    return [
        (_CONSENT, log, [log_id, 2, 1, _KEY, subject, *scope, *days, *times, 3, 365, notice, _NONE, 1733403600]),
        (
            _CONSENT,
            log,
            [log_id, 2, 1, "0x" + "00" * 20, subject, *scope, *days, *times, 3, 365, notice, paper, 1733403600],
        ),
        (_CONSENT, log, [log_id, 2**24 - 1, 2**24 - 2, DEV_ADDRESS, subject, *widest, notice, _NONE, 2**40 - 1]),
        (_REVOCATION, log, [number_hash("consent", 1)]),
        (_PAUSE, log, [number_hash("consent", 1), 1, 1733400600]),
        (_RESUMPTION, log, [number_hash("consent", 1), 2**16 - 2, 2**40 - 1]),
        (_REQUEST, log, [*request, 1733400000, 1733400600, 0, 0, _NONE]),
        (_REQUEST, log, [*open_request, 0, 2**40 - 1, 2**48 - 1, 2**24 - 1, number_hash("terms", 1)]),
        (_RECEIPT, log, [number_hash("request", 1), number_hash("report", 1), 1733400060, 1733403660]),
        (_COUNTERSIGNATURE, log, [7, number_hash("request", 1), number_hash("part", 1), 1733400050]),
        (_COUNTERSIGNATURE, log, [2**24 - 1, number_hash("request", 2), number_hash("part", 2), 2**40 - 1]),
        (_FILING, log, [1, 2, number_hash("leaf", 1), number_hash("reason", 1), _KEY, 0, 1733400000]),
        (_FILING, log, [2**24 - 1, 2, number_hash("leaf", 1), _NONE, DEV_ADDRESS, 2**32 - 1, 2**40 - 1]),
        (_SIGN_IN, log, [18, 5, number_hash("challenge", 1), 1733400000]),
        (_SIGN_IN, log, [2**24 - 1, 2**24 - 1, number_hash("challenge", 2), 2**40 - 1]),
        (_ACCOUNT, log, [5, 18, 202611, *_account_values(), number_hash("lines", 1)]),
        (_ACCOUNT, log, [*[2**24 - 1] * 3, _NONE, 2**64 - 1, _NONE, 2**64 - 1, 2**64 - 1, 2**128 - 1, _NONE]),
        (_ENTERPRISE_SIGN_IN, log, [_KEY, 5, number_hash("challenge", 1), 1733400000]),
        (_ENTERPRISE_SIGN_IN, log, [DEV_ADDRESS, 2**24 - 1, number_hash("challenge", 2), 2**40 - 1]),
        (_EXPORT, log, [5, number_hash("file", 1), 1733400000, 1733486400, 12, 1733486460]),
        (_EXPORT, log, [2**24 - 1, number_hash("file", 2), *[2**40 - 1] * 4]),
    ]


def messages() -> dict[str, Any]:
    log = {"log_id": _log(31337, LOG_ADDRESS, "YRD", number_hash("parent", 1))["log_id"]}
    number = USCC_GOOD[0]
    cases = [
        (_ACCEPTANCE, log, [7, DEV_ADDRESS, 1767225600]),
        (_ACCEPTANCE, log, [2**24 - 1, LOG_ADDRESS, 2**64 - 1]),
        (_STATEMENT, log, [1, 1, ref.tag(TAG_KEY, "USCC", number), "USCC", number, 1733400000]),
        (_STATEMENT, log, [2, 2**32 - 1, ref.tag(TAG_KEY, "TWUBN", "04595257"), "TWUBN", "04595257", 0]),
        *_consent_messages(log["log_id"]),
    ]
    subject_tag, salt = ref.tag(TAG_KEY, "USCC", number), number_hash("salt", 1)
    return {
        "key": DEV_KEY,
        "signer": DEV_ADDRESS,
        "messages": [_with_form(_message(*case)) for case in cases],
        "signatures_refused": _signatures_refused(_message(*cases[2])),
        "subject_digests": [{"tag": subject_tag, "salt": salt, "digest": ref.keccak(b"\x05", subject_tag, salt)}],
        "account": _account(log["log_id"]),
        "price_list": {"file": _PRICES, "digest": ref.keccak(_PRICES.encode())},
        "loan_list": _loan_list(),
        "salted_digests": [
            {"salt": salt, "content": content, "digest": ref.keccak(b"\x06", salt, content)}
            for content in (b"", "张三".encode())
        ],
    }


_PRICES = """\
# 价目表
format = "creditchain/price-list@1"
provider = 5
[prices]
"five-part-report/1" = [{ from = 1, fen = 150 }, { from = 11, fen = 120 }]
"enterprise-basic-report/1" = 30
"""


def _account(log_id: bytes) -> dict[str, Any]:
    """A statement's file, and the values of its message: 12 five-part reports, and one that is shown apart."""
    terms, root, product = ref.keccak(_PRICES.encode()), number_hash("root", 1), number_hash("product", 1)
    texts = {name: f"0x{value.hex()}" for name, value in (("terms", terms), ("root", root), ("product", product))}
    lines = {
        "apart": [
            {"count": 1, "flags": 2, "product": texts["product"], "terms": texts["terms"], "why": "flagged"},
        ],
        "charged": [{"count": 12, "fen": "1740", "name": "five-part-report/1", "product": texts["product"]}],
    }
    digest = ref.keccak(json.dumps(lines, separators=(",", ":"), sort_keys=True).encode())
    message = _message(_ACCOUNT, {"log_id": log_id}, [5, 18, 202611, terms, 40, root, 12, 1, 1740, digest])
    block = {"number": 1000, "hash": f"0x{number_hash('block', 1).hex()}", "time": 1733400480}
    file = {"format": "creditchain/account-statement@1", "log_id": f"0x{log_id.hex()}"}
    file |= {"provider": 5, "institution": 18, "month": 202611, "terms": texts["terms"], "block": block}
    file |= {"size": 40, "root": texts["root"], **lines, "total_fen": "1740"}
    signature = f"0x{message['signature'].hex()}"
    return {"file": json.dumps(file | {"signature": signature}), "lines": digest, "digest": message["digest"]}


def _loan_list() -> dict[str, Any]:
    """A list of loans with a breakdown."""
    salt, queries = number_hash("salt", 1), sorted(number_hash("query", n) for n in range(2))
    parts = {"small": (3, 30_000), "first_time": (1, 5), "unsecured": (0, 0)}
    encoded = b"\x01" + b"".join(count.to_bytes(4, "big") + fen.to_bytes(16, "big") for count, fen in parts.values())
    file = {
        "format": "creditchain/loan-list@2",
        "salt": f"0x{salt.hex()}",
        "queries": [f"0x{one.hex()}" for one in queries],
        "breakdown": {name: {"count": count, "amount_fen": str(fen)} for name, (count, fen) in parts.items()},
    }
    return {"file": json.dumps(file), "digest": ref.keccak(b"\x06", salt, *queries, encoded)}


_CHECKPOINT = (
    "Checkpoint(uint64 size,bytes32 root,uint64 cells,bytes32 stateRoot,uint64 blockNumber,bytes32 blockHash,"
    "uint64 blockTime,uint32 signerEpoch)"
)


def checkpoints() -> dict[str, Any]:
    """Checkpoints, one of them in a file with the signatures of three signers, by address."""
    log_id, block = ref.keccak(b"a log"), number_hash("block", 1)
    first = [40, number_hash("root", 1), 35, number_hash("state root", 1), 1000, block, 1733400480, 1]
    widest = [2**53 - 1, number_hash("root", 2), 2**53 - 1, _NONE, 2**53 - 1, block, 2**53 - 1, 2**32 - 1]
    empty = [1, number_hash("root", 3), 0, ref.keccak(b""), 0, _NONE, 0, 0]
    cases = [_message(_CHECKPOINT, {"log_id": log_id}, values) for values in (first, widest, empty)]
    private = [keys.PrivateKey(number_hash("signer", number)) for number in range(3)]
    signers = sorted(private, key=lambda key: key.public_key.to_canonical_address())
    signatures = ["0x" + _signature(key, cases[0]["digest"]).hex() for key in signers]
    members = {
        name: f"0x{value.hex()}" if isinstance(value, bytes) else value for name, value in cases[0]["message"].items()
    }
    file = {"format": "creditchain/checkpoint@1", "log_id": f"0x{log_id.hex()}", "message": members}
    return {
        "key": DEV_KEY,
        "signer": DEV_ADDRESS,
        "messages": cases,
        "signers": [key.public_key.to_checksum_address() for key in signers],
        "file": json.dumps({**file, "signatures": signatures}),
    }


def _checkpoint_signers() -> list[tuple[str, Callable[[bytes], bytes]]]:
    private = [keys.PrivateKey(number_hash("signer", number)) for number in range(3)]
    ordered = sorted(private, key=lambda key: key.public_key.to_canonical_address())
    return [(key.public_key.to_checksum_address(), partial(_signature, key)) for key in ordered]


def _signature(key: keys.PrivateKey, digest: bytes) -> bytes:
    signature = key.sign_msg_hash(digest)
    return signature.r.to_bytes(32, "big") + (signature.v << 255 | signature.s).to_bytes(32, "big")


_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


def _signatures_refused(honest: dict[str, Any]) -> list[dict[str, Any]]:
    """Signatures of one digest that nobody may accept, with the reason."""
    good = honest["signature"]
    packed = int.from_bytes(good[32:], "big")
    r, s, parity = good[:32], (packed % 2**255).to_bytes(32, "big"), packed >> 255
    half = _ORDER // 2
    bent = {
        "65 bytes r, s, v": r + s + bytes([27 + parity]),
        "65 bytes with v of 0 or 1": r + s + bytes([parity]),
        "65 bytes with s in the upper half": r + (_ORDER - packed % 2**255).to_bytes(32, "big") + bytes([28 - parity]),
        "s in the upper half": r + (_ORDER - packed % 2**255).to_bytes(32, "big"),
        "s in the upper half, and parity": r + ((_ORDER - packed % 2**255) | 1 << 255).to_bytes(32, "big"),
        "the other parity": r + (packed ^ 1 << 255).to_bytes(32, "big"),
        "63 bytes": good[:63],
        "66 bytes": good + b"\x00\x00",
        "nothing": b"",
        "zeros": bytes(64),
        "r of 0": bytes(32) + good[32:],
        "s of 0": r + bytes(32),
        "s of 0, and parity": r + (1 << 255).to_bytes(32, "big"),
        "r of the order": _ORDER.to_bytes(32, "big") + good[32:],
        "s of half the order, and one": r + (half + 1).to_bytes(32, "big"),
        "s of half the order, and one, and parity": r + (half + 1 | 1 << 255).to_bytes(32, "big"),
    }
    return [{"why": why, "digest": honest["digest"], "signature": signature} for why, signature in bent.items()]


def _with_form(case: dict[str, Any]) -> dict[str, Any]:
    if not case["type"].startswith("Consent("):
        return case
    members = list(case["message"].values())[1:]
    return {**case, "form": _form(dict(zip(_CONSENT_BYTES, members, strict=True)))}


def _message(type_string: str, domain: dict[str, Any], values: list[Any]) -> dict[str, Any]:
    ends = list(domain.values())
    separator = ref.struct_hash(_LOG_DOMAIN, ["creditchain", "1", *ends])
    body = ref.struct_hash(type_string, values)
    digest = ref.keccak(b"\x19\x01", separator, body)
    names = [member.split(" ")[1] for member in type_string[type_string.index("(") + 1 : -1].split(",")]
    return {
        "type": type_string,
        "domain": domain,
        "message": dict(zip(names, values, strict=True)),
        "domain_separator": separator,
        "struct_hash": body,
        "digest": digest,
        "signature": _signature(keys.PrivateKey(DEV_KEY), digest),
    }


PRODUCTS = HERE.parents[1] / "scripts" / "creditchain" / "data" / "products"


def products() -> dict[str, Any]:
    """Numbers and digests of the shipped products: a change to one is a new version."""
    digests = []
    for path in sorted(PRODUCTS.glob("*.toml")):
        product = tomllib.loads(path.read_text(encoding="utf-8"))
        digest = ref.keccak(rfc8785.dumps(product))
        digests.append(
            {"product": f"{product['name']}/{product['version']}", "number": product["number"], "digest": digest}
        )
    cards = []
    for path in sorted((PRODUCTS / "scorecards").glob("*.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        name = f"{card['name']}/{card['version']}"
        cards.append({"scorecard": name, "report": card["report"], "digest": ref.keccak(rfc8785.dumps(card))})
    return {"digests": digests, "scorecards": cards}


def files() -> dict[str, str]:
    """Every file by name, as text."""
    made = {
        "merkle": merkle(),
        "identifiers": identifiers(),
        "documents": documents(),
        "entries": entries(),
        "messages": messages(),
        "ranges": range_cases(),
        "books": book_cases(),
        "products": products(),
        "figures": figure_cases(),
        "cells": cell_cases(),
        "checkpoints": checkpoints(),
        "facts": facts_cases(_checkpoint_signers()),
    }
    return {f"{name}.json": render(value) for name, value in made.items()}


def render(value: dict[str, Any]) -> str:
    """JSON with one line for each item of a list at the top, so that a change shows as lines."""
    parts = []
    for name, item in value.items():
        if isinstance(item, list):
            lines = ",\n".join(f"  {_line(entry)}" for entry in item)
            parts.append(f" {_line(name)}: [\n{lines}\n ]")
        else:
            parts.append(f" {_line(name)}: {_line(item)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda data: "0x" + data.hex())


if __name__ == "__main__":
    for file_name, text in files().items():
        (HERE / file_name).write_text(text, encoding="utf-8")

"""Writes the packages in `assets/`, each named by its defect, and `assets/expected.json` with their verdicts.

    python tests/unit/verification/make_assets.py

They are the honest package of `verification_world` with one thing wrong; the evidence stays the honest one's. Other
verifiers can be tried on them too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from verification_world import NUMBERS, sign_statement, world

from creditchain.identifiers import parse_uscc
from creditchain.merkle import inclusion_proof, node_hash

FOLDER = Path(__file__).parent / "assets"
VALID, NOT_VALID, UNCHECKED = "valid", "not valid", "could not be checked"
Bend = Callable[[dict[str, Any]], object]

OTHER = next(parse_uscc(number) for number in NUMBERS if number != world().package.record.subject.number)


def hexed(value: bytes) -> str:
    """Bytes as packages write them."""
    return "0x" + value.hex()


def inner_node(package: dict[str, Any]) -> None:
    """The path of an inner node, which a verifier that takes leaves on trust would accept."""
    hashes = world().leaves
    upper = [node_hash(hashes[place], hashes[place + 1]) for place in range(0, 8, 2)] + [hashes[8]]
    package["batch"].update(index=2, size=5, proof=[hexed(one) for one in inclusion_proof(upper, 2)])


def statement_of(package: dict[str, Any], **changes: Any) -> None:
    """A statement with a true signature over something else."""
    honest = world().package
    given = {"tag": honest.tag.subject_tag, "subject": honest.record.subject} | changes
    tag, subject = given.pop("tag"), given.pop("subject")
    package["tag"]["statement"] = sign_statement(tag, subject, **given).as_json()


#: Name of the defect: what to do to the package, the verdict, the steps that fail.
DEFECTS: dict[str, tuple[Bend, str, list[int]]] = {
    "none": (lambda package: None, VALID, []),
    "amount-changed": (lambda package: package["record"]["content"]["data"].update(capital_fen=1), NOT_VALID, [3]),
    "text-as-true": (lambda package: package["record"]["content"]["data"].update(name=True), NOT_VALID, [2, 3]),
    "empty-list-added": (lambda package: package["record"]["content"]["data"].update(more=[]), NOT_VALID, [2, 3]),
    "float-in-document": (lambda package: package["record"]["content"]["data"].update(capital_fen=1.5), NOT_VALID, [1]),
    "product-renamed": (
        lambda package: package["record"]["content"].update(product="tax-payment/1"),
        NOT_VALID,
        [2, 3],
    ),
    "data-empty": (lambda package: package["record"]["content"].update(data={}), NOT_VALID, [2, 3]),
    "salt-changed": (lambda package: package["record"].update(salt=hexed(bytes(32))), NOT_VALID, [3]),
    "section-relabelled": (lambda package: package["record"].update(section="warning"), NOT_VALID, [2, 3]),
    "product-renumbered": (lambda package: package["record"].update(product=18), NOT_VALID, [2, 3]),
    "subject-relabelled": (lambda package: package["record"]["subject"].update(number=OTHER.number), NOT_VALID, [2]),
    "document-posing-as-file": (
        lambda package: package["record"].update(media_type="application/pdf"),
        NOT_VALID,
        [1],
    ),
    "index-wrong": (lambda package: package["batch"].update(index=3), NOT_VALID, [3]),
    "index-outside": (lambda package: package["batch"].update(index=9), NOT_VALID, [3]),
    "size-wrong": (lambda package: package["batch"].update(size=8), NOT_VALID, [3]),
    "path-truncated": (lambda package: package["batch"]["proof"].pop(), NOT_VALID, [3]),
    "path-padded": (lambda package: package["batch"]["proof"].append(hexed(bytes(32))), NOT_VALID, [3]),
    "path-reversed": (lambda package: package["batch"]["proof"].reverse(), NOT_VALID, [3]),
    "path-too-long": (
        lambda package: package["batch"].update(proof=[hexed(bytes(32))] * 65),
        NOT_VALID,
        [1],
    ),
    "inner-node-as-leaf": (inner_node, NOT_VALID, [3]),
    "chain-wrong": (lambda package: package["batch"].update(chain_id=1), NOT_VALID, [4]),
    "log-wrong": (lambda package: package["batch"].update(log_id=hexed(bytes(32))), NOT_VALID, [4]),
    "epoch-wrong": (lambda package: package["batch"].update(key_epoch=2), UNCHECKED, []),
    "statement-missing": (lambda package: package["tag"].update(statement=None), UNCHECKED, []),
    "statement-of-another-tag": (lambda package: statement_of(package, tag=bytes(32)), NOT_VALID, [2]),
    "statement-of-another-subject": (lambda package: statement_of(package, subject=OTHER), NOT_VALID, [2]),
    "statement-of-another-epoch": (lambda package: statement_of(package, epoch=2), UNCHECKED, []),
    "statement-for-another-log": (lambda package: statement_of(package, log_id=bytes(32)), UNCHECKED, []),
    "statement-signature-empty": (
        lambda package: package["tag"]["statement"].update(signature=hexed(bytes(64))),
        NOT_VALID,
        [2],
    ),
    "field-extra": (lambda package: package.update(note="added"), NOT_VALID, [1]),
    "field-extra-in-batch": (lambda package: package["batch"].update(audited=True), NOT_VALID, [1]),
    "field-missing": (lambda package: package["record"].pop("salt"), NOT_VALID, [1]),
    "hash-chosen-by-package": (lambda package: package.update(hash="sha-256"), NOT_VALID, [1]),
    "format-unknown": (lambda package: package.update(format="creditchain/record-package@9"), NOT_VALID, [1]),
    "digest-in-capitals": (
        lambda package: package["batch"].update(root="0x" + package["batch"]["root"][2:].upper()),
        NOT_VALID,
        [1],
    ),
}


def texts() -> dict[str, bytes]:
    """Files whose defect is in the text, not in a value."""
    honest = world().package.to_json()
    return {
        "name-twice": honest.replace(b'"index": 4,', b'"index": 3,\n    "index": 4,'),
        "byte-order-mark": b"\xef\xbb\xbf" + honest,
        "cut-short": honest[:-20],
        "nested-deep": b'{"format":' * 500,
        "two-packages": honest + honest,
    }


def assets() -> dict[str, bytes]:
    """Every file of the folder by its name."""
    files: dict[str, bytes] = {}
    expected: dict[str, Any] = {}
    for name, (bend, verdict, failed) in DEFECTS.items():
        package = json.loads(world().package.to_json())
        bend(package)
        files[f"{name}.json"] = (json.dumps(package, ensure_ascii=False, indent=2) + "\n").encode()
        expected[name] = {"verdict": verdict, "failed": failed}
    for name, raw in texts().items():
        files[f"{name}.json"] = raw
        expected[name] = {"verdict": NOT_VALID, "failed": [1]}
    files["expected.json"] = (json.dumps(expected, indent=2) + "\n").encode()
    return files


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, raw in assets().items():
        (FOLDER / name).write_bytes(raw)

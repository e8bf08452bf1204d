"""The acceptance file: a new operator's word that it acts for a node."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from creditchain.documents import parse_json
from creditchain.errors import InputError

ACCEPTANCE_FORMAT = "creditchain/operator-acceptance@1"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A new operator's word that it acts for a node: what `rotate` and `replace` hand in."""

    node: int
    operator: str
    deadline: int
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """The acceptance as it stands in its file."""
        return {
            "format": ACCEPTANCE_FORMAT,
            "node": self.node,
            "operator": self.operator,
            "deadline": self.deadline,
            "signature": "0x" + self.signature.hex(),
        }

    def to_json(self) -> bytes:
        """The file's bytes."""
        return (json.dumps(self.as_json(), indent=2) + "\n").encode()


def parse_acceptance(raw: bytes) -> Acceptance:
    """What `Acceptance.to_json` wrote. Raises InputError."""
    try:
        parsed = parse_json(raw)
        found = Acceptance(
            int(parsed["node"]),
            to_checksum_address(parsed["operator"]),
            int(parsed["deadline"]),
            bytes.fromhex(parsed["signature"].removeprefix("0x")),
        )
        if found.as_json() != parsed:
            raise ValueError("fields differ")
    except (InputError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError("this is not an acceptance", expected=ACCEPTANCE_FORMAT) from error
    return found

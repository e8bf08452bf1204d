"""The profile of a member: what a digest on chain stands for (docs/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from creditchain.documents import canonical_bytes
from creditchain.errors import Place
from creditchain.hashing import keccak256
from creditchain.packages.encrypted import DeliveryKeyError, require_public_key
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import PackageLimits, load_json
from creditchain.packages.reading import require_format
from creditchain.vocabulary import InstitutionKind, Role

PROFILE_FORMAT: Final = "creditchain/profile@1"
_MEMBERS: Final = ("format", "region", "key", "name", "role", "division")
_LIMITS: Final = PackageLimits(package_bytes=1 << 14, values=100, depth=4)
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Profile:
    """What is kept off chain about a member. `key` names it among the members of its region."""

    region: str
    key: str
    name_zh: str
    name_en: str
    role: Role
    division: int
    kind: str | None = None  #: what kind of institution it is (`InstitutionKind`)
    delivery_key: str | None = None  #: public key that deliveries to it are encrypted to, `age1…`

    def as_json(self) -> dict[str, Any]:
        """What `parse_profile` reads."""
        value: dict[str, Any] = {
            "format": PROFILE_FORMAT,
            "region": self.region,
            "key": self.key,
            "name": {"zh": self.name_zh, "en": self.name_en},
            "role": self.role.label,
            "division": self.division,
        }
        more = {"kind": self.kind, "delivery_key": self.delivery_key}
        return value | {name: one for name, one in more.items() if one is not None}

    def to_json(self) -> bytes:
        """The profile's canonical bytes (RFC 8785)."""
        return canonical_bytes(self.as_json())

    @property
    def digest(self) -> bytes:
        """keccak-256 of the canonical bytes: what the chain has."""
        return keccak256(self.to_json())

    @property
    def identity(self) -> bytes:
        """The digest that it would have without a delivery key, which may change while the member stays the same."""
        return replace(self, delivery_key=None).digest


def parse_profile(raw: bytes) -> Profile:
    """Parse a profile. Raises PackageError with the field."""
    value = load_json(raw, _LIMITS)
    require_format(value, PROFILE_FORMAT)
    fields = Fields(value, "", _MEMBERS, ("kind", "delivery_key"))
    name = Fields(fields.raw("name"), "name", ("zh", "en"))
    roles = {role.label: role for role in Role}
    return Profile(
        region=fields.text("region", longest=16),
        key=fields.text("key", longest=100),
        name_zh=_name(name, "zh"),
        name_en=_name(name, "en"),
        role=roles[fields.choice("role", roles)],
        division=fields.number("division", most=999_999),
        kind=fields.choice("kind", (kind.label for kind in InstitutionKind)) if "kind" in value else None,
        delivery_key=_delivery_key(fields) if "delivery_key" in value else None,
    )


def _name(fields: Fields, part: str) -> str:
    text = fields.raw(part)
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_NAME:
        expected = f"a text of 1 to {_LONGEST_NAME} characters"
        raise PackageError("the value has the wrong shape", expected=expected, place=Place(field=f"name.{part}"))
    return text


def _delivery_key(fields: Fields) -> str:
    text = fields.text("delivery_key", longest=100)
    try:
        return require_public_key(text)
    except DeliveryKeyError as error:
        raise PackageError(error.message, expected=error.expected, place=Place(field="delivery_key")) from error

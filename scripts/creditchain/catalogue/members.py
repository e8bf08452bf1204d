"""Reads a file of a region's members, strictly: who they are, what they do, who hosts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address

from creditchain.documents import (
    DOMAINS,
    DocumentError,
    Domain,
    JsonLimits,
    domain_mask,
    parse_json,
)
from creditchain.errors import CreditchainError, InputError, Place, unreadable
from creditchain.identifiers import division
from creditchain.packages.encrypted import DeliveryKeyError, require_public_key
from creditchain.packages.profile_file import Profile
from creditchain.vocabulary import PUBLISHING, InstitutionKind, Role

FORMAT = "creditchain/members@1"
MAX_FILE_BYTES = 4 << 20
MAX_MEMBERS = 100_000

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_ROLES = {role.label: role for role in Role}
_REQUIRED = {"key", "name", "role", "division"}
_OPTIONAL = {"host", "domains", "operator", "until", "kind", "delivery_key"}
_KINDS = tuple(kind.label for kind in InstitutionKind)


class MembersError(InputError):
    """A members file is wrong. Nobody was admitted."""


@dataclass(frozen=True, slots=True)
class ListedMember:
    """One member. `key` names it in its file; `host` is the key of the member that hosts a virtual node.

    `operator`: an address, or None if the file gives none. `until`: when a guest's membership ends, in unix seconds; 0
    for never. `kind`: what kind of institution it is (bank, insurer …); None where that is not recorded.
    """

    region: str
    key: str
    name_zh: str
    name_en: str
    role: Role
    division: int
    host: str | None
    domains: tuple[Domain, ...]
    operator: str | None
    until: int
    kind: str | None = None
    delivery_key: str | None = None  #: public key that deliveries to it are encrypted to, `age1…`

    @property
    def domain_mask(self) -> int:
        """The domains it may publish in, as a bitmap."""
        return domain_mask(self.domains)

    @property
    def profile(self) -> Profile:
        """What is kept off chain about a member."""
        return Profile(
            self.region,
            self.key,
            self.name_zh,
            self.name_en,
            self.role,
            self.division,
            kind=self.kind,
            delivery_key=self.delivery_key,
        )

    @property
    def profile_digest(self) -> bytes:
        """What the chain has of the profile, 32 bytes."""
        return self.profile.digest


def load_members(ref: str) -> list[ListedMember]:
    """The members listed in a file, or in the package's list of this name (`yrd`).

    Raises:
        MembersError: names the file and the field.
    """
    packaged = files("creditchain").joinpath(f"data/members/{ref}.json") if _KEY.fullmatch(ref) else None
    try:
        if packaged is not None and packaged.is_file():
            return parse_members(packaged.read_bytes(), f"{ref}.json (built in)")
        path = Path(ref)
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MembersError("the file is too large", expected=f"at most {MAX_FILE_BYTES} bytes", place=Place(ref))
        return parse_members(path.read_bytes(), ref)
    except OSError as error:
        raise unreadable("the members file", ref, error) from error


def parse_members(raw: bytes, where: str) -> list[ListedMember]:
    """Parse a members file; hosts come before the members they host. Raises MembersError."""
    try:
        parsed = parse_json(raw, JsonLimits(max_bytes=MAX_FILE_BYTES))
    except DocumentError as error:
        raise MembersError("this is not a JSON object", place=Place(where), found=error.message) from error
    top = _table(parsed, {"format", "region", "members"}, set(), Place(where))
    if top["format"] != FORMAT:
        raise MembersError("the file has another format", expected=FORMAT, place=Place(where, field="format"))
    listed = top["members"]
    if not isinstance(top["region"], str) or not isinstance(listed, list) or not 1 <= len(listed) <= MAX_MEMBERS:
        raise MembersError("region must be text, and members a list", place=Place(where, field="members"))
    members: dict[str, ListedMember] = {}
    for index, item in enumerate(listed):
        member = _member(item, top["region"], Place(where, field=f"members[{index}]"), members)
        members[member.key] = member
    return list(members.values())


def parse_operators(raw: bytes) -> dict[str, str]:
    """Operator addresses by member key: a JSON object. Raises InputError with the field."""
    parsed = parse_json(raw)
    for key, address in parsed.items():
        if not is_address(address):
            raise InputError("not an address", expected="0x and 40 hex digits", place=Place(field=key))
    return {key: to_checksum_address(address) for key, address in parsed.items()}


def _member(item: object, region: str, place: Place, known: Mapping[str, ListedMember]) -> ListedMember:
    fields = _table(item, _REQUIRED, _OPTIONAL, place)
    name = _table(fields["name"], {"zh", "en"}, set(), _in(place, "name"))
    for part in ("zh", "en"):
        _check(isinstance(name[part], str) and 0 < len(name[part]) <= 200, "text", _in(place, f"name.{part}"))
    key = fields["key"]
    _check(isinstance(key, str) and _KEY.fullmatch(key) is not None, "a-z, 0-9 and single dashes", _in(place, "key"))
    _check(key not in known, "a key that no earlier member has", _in(place, "key"))
    _check(fields["role"] in _ROLES, " or ".join(_ROLES), _in(place, "role"))
    role = _ROLES[fields["role"]]
    operator, until, code = fields.get("operator"), fields.get("until", 0), fields["division"]
    address = isinstance(operator, str) and _ADDRESS.fullmatch(operator) is not None
    _check(operator is None or address, "an address", _in(place, "operator"))
    _check(_whole(until) and 0 <= until < 2**40, "unix seconds", _in(place, "until"))
    _check(until == 0 or role is Role.INSTITUTION, "no end date: only institutions are guests", _in(place, "until"))
    kind = fields.get("kind")
    _check(kind is None or kind in _KINDS, " or ".join(_KINDS), _in(place, "kind"))
    _check(kind is None or role is Role.INSTITUTION, "no kind: only institutions have one", _in(place, "kind"))
    _check(_whole(code), "a six-digit division", _in(place, "division"))
    try:
        division(code)
    except CreditchainError as error:
        raise error.at(_in(place, "division")) from None
    return ListedMember(
        region=region,
        key=key,
        name_zh=name["zh"],
        name_en=name["en"],
        role=role,
        division=code,
        host=_host(fields.get("host"), place, known),
        domains=_domains(fields.get("domains", []), role, place),
        operator=operator,
        until=until,
        kind=kind,
        delivery_key=_delivery_key(fields.get("delivery_key"), place),
    )


def _host(host: object, place: Place, known: Mapping[str, ListedMember]) -> str | None:
    if host is None:
        return None
    _check(isinstance(host, str) and host in known, "the key of an earlier member", _in(place, "host"))
    _check(known[str(host)].host is None, "a physical node: virtual ones host nobody", _in(place, "host"))
    return str(host)


def _delivery_key(key: object, place: Place) -> str | None:
    if key is None:
        return None
    inside = _in(place, "delivery_key")
    _check(isinstance(key, str), "a public key of the age format", inside)
    try:
        return require_public_key(str(key))
    except DeliveryKeyError as error:
        raise MembersError(error.message, expected=error.expected, place=inside) from error


def _domains(listed: object, role: Role, place: Place) -> tuple[Domain, ...]:
    inside = _in(place, "domains")
    if not isinstance(listed, list) or not all(isinstance(name, str) and name in DOMAINS for name in listed):
        raise MembersError("wrong value", expected="a list of " + ", ".join(DOMAINS), place=inside)
    _check(len(set(listed)) == len(listed), "each domain once", inside)
    _check(not listed or role in PUBLISHING, "none: this role does not publish", inside)
    return tuple(DOMAINS[name] for name in listed)


def _table(item: object, required: set[str], optional: set[str], place: Place) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise MembersError("expected an object", place=place)
    if missing := required - item.keys():
        raise MembersError("a field is missing", place=_in(place, sorted(missing)[0]))
    if unknown := item.keys() - required - optional:
        raise MembersError("no such field", place=_in(place, sorted(unknown)[0]))
    return item


def _in(place: Place, field: str) -> Place:
    return Place(place.file, place.line, f"{place.field}.{field}" if place.field else field)


def _check(fine: bool, expected: str, place: Place) -> None:
    if not fine:
        raise MembersError("wrong value", expected=expected, place=place)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

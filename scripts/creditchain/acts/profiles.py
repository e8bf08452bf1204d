"""Profiles of members: which key deliveries to a member are encrypted to, and passing profiles on.

The chain has only a profile's digest. Whoever delivers to a member needs the profile itself: it comes from the member,
and the digest says whether it is the right one.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from creditchain.acts.changing_members import Changed, change, require_node
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError, Place, RefusedError
from creditchain.home.layout import Home
from creditchain.home.profiles import Profiles, save_profile
from creditchain.log.members import Members
from creditchain.packages.encrypted import require_public_key
from creditchain.packages.profile_file import Profile, parse_profile

_log = logging.getLogger(__name__)

_NO_PROFILE = bytes(32)


class ProfileUnknownError(RefusedError):
    """The profile behind a member's digest is not here, so it is not known which key to encrypt to."""


class OtherProfileError(InputError):
    """A profile is not the one whose digest the chain has. It was not kept."""


def set_delivery_key(region: Region, outbox: Outbox, home: Home, node: int, key: str | None) -> Changed:
    """As governors, put the key that deliveries are encrypted to into a member's profile; None takes it out.

    Raises:
        InputError: there is no such node. DeliveryKeyError: it is no such key. TransactionError: the chain refuses.
        ProfileUnknownError: the profile is not here, so it cannot be changed.
    """
    info = require_node(region, node)
    profile = replace(profile_of(region, Profiles(home), node), delivery_key=key and require_public_key(key))
    save_profile(home, profile)
    if profile.digest == info.profile_digest:
        return Changed(info, None)
    call = region.calls.set_profile(node, profile.digest)
    return change(region, outbox, node, f"set-profile {profile.digest.hex()}", call)


def profile_of(region: Region, profiles: Profiles, node: int, block: int | None = None) -> Profile:
    """The profile of a node. Raises ProfileUnknownError."""
    return _found(profiles, node, region.members(block).profile_digest(node))


def delivery_key_of(region: Region, profiles: Profiles, node: int, block: int | None = None) -> str | None:
    """The public key that deliveries to a node are encrypted to at a block; None if it has none, or has no profile.

    Raises:
        ProfileUnknownError: only the profile would tell.
    """
    return delivery_key_in(region.members(block), profiles, node)


def delivery_key_in(members: Members, profiles: Profiles, node: int) -> str | None:
    """The same by the members as a reading gives them. Raises as `delivery_key_of`."""
    digest = members.profile_digest(node)
    return None if digest == _NO_PROFILE else _found(profiles, node, digest).delivery_key


def keep_profile(region: Region, home: Home, node: int, raw: bytes) -> Path:
    """Keep a node's profile, as somebody handed it over, if the chain has its digest.

    Raises:
        PackageError: it is no profile. OtherProfileError: it is not the node's.
    """
    profile, digest = parse_profile(raw), region.members().profile_digest(node)
    if profile.digest != digest:
        raise OtherProfileError(
            f"this is not the profile of node {node}",
            expected="0x" + digest.hex(),
            found="0x" + profile.digest.hex(),
        )
    path = save_profile(home, profile)
    _log.info("the profile of node %d is kept", node)
    return path


def _found(profiles: Profiles, node: int, digest: bytes) -> Profile:
    profile = profiles.profile(digest)
    if profile is None:
        raise ProfileUnknownError(
            f"the profile of node {node} is not known here",
            expected="a profile with the digest 0x" + digest.hex(),
            hint="The member hands it over, and it is kept here: `creditchain node keep-profile`, or over HTTP.",
            place=Place(field="profile"),
        )
    return profile

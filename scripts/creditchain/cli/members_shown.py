"""Members as commands show them, and the arguments that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.moments import shown
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.acts.changing_members import Changed
    from creditchain.cli.settings import Settings
    from creditchain.home.profiles import Profiles
    from creditchain.log.views import NodeInfo

NodeArgument = Annotated[int, typer.Argument(min=1, max=2**24 - 1, metavar="NODE", help="Number of the node.")]
UntilOption = Annotated[
    str | None, typer.Option(help="End of a guest's membership: date and time with time zone (2027-06-30T18:00+08:00).")
]


def described(info: NodeInfo, profiles: Profiles) -> dict[str, Any]:
    """A node in words, with the names of its profile if this machine has it."""
    from creditchain.documents import Domain
    from creditchain.vocabulary import NodeStatus, Role

    profile = profiles.find(info.profile_digest)
    name = {"zh": "", "en": ""} if profile is None else profile["name"]
    return {
        "node": info.number,
        "name": name["en"],
        "name_zh": name["zh"],
        "role": Role(info.role).label,
        "role_zh": Role(info.role).zh,
        "status": NodeStatus(info.status).label,
        "status_zh": NodeStatus(info.status).zh,
        "division": info.division,
        "host": info.host or None,
        "domains": [domain.label for domain in Domain if info.domains >> domain & 1],
        "operator": info.operator,
        "admitted": shown(info.admitted_at),
        "status_since": shown(info.status_at),
        "until": shown(info.until),
        "compromised_since": shown(info.compromised_since),
        "profile": "0x" + info.profile_digest.hex(),
    }


def show_change(chosen: Settings, changed: Changed) -> None:
    """A node after a change, and the transaction."""
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles

    found = described(changed.node, Profiles(Home(chosen.home)))
    found["transaction"] = "0x" + (changed.transaction or b"").hex()
    chosen.output.emit(found)


def domain_names(text: str) -> list[str]:
    """Names of domains, separated by commas; none for an empty text. Raises UsageError."""
    from creditchain.documents import DOMAINS

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in DOMAINS:
            raise UsageError("no such domain", expected=", ".join(DOMAINS), found=name)
    return names

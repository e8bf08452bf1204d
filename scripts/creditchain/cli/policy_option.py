"""The option `--policy` of commands that verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.errors import Place, unreadable

if TYPE_CHECKING:
    from creditchain.verification.policy import Policy

PolicyOption = Annotated[
    Path | None, typer.Option("--policy", envvar="CREDITCHAIN_POLICY", help="What you demand: a TOML file.")
]


def policy_of(path: Path | None) -> Policy:
    """The policy in a file, or the default one. Raises UnavailableError, or PolicyError with the file's name."""
    from creditchain.verification.policy import DEFAULT_POLICY, PolicyError, parse_policy

    if path is None:
        return DEFAULT_POLICY
    try:
        return parse_policy(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unreadable("the policy", path, error) from error
    except UnicodeDecodeError as error:
        raise PolicyError("the policy is not text", place=Place(str(path)), expected="UTF-8") from error
    except PolicyError as error:
        raise error.at(Place(str(path))) from None

"""Options for the enterprise that a command is about: its number, and where its tag comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.files import load
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.identifiers import Subject
    from creditchain.packages.parts import SignedTagStatement

SchemeOption = Annotated[str, typer.Option(help="USCC or TWUBN.")]
TagKeysOption = Annotated[
    list[str] | None,
    typer.Option("--tag-key", envvar="CREDITCHAIN_TAG_KEY", help="Tag key of an epoch: keystore:PATH or env:VARIABLE."),
]
StatementOption = Annotated[Path | None, typer.Option("--tag-statement", help="A platform's tag statement about it.")]


class TagSources:
    """The tag keys and the statement that a command was given. Read once, before anything else is done."""

    def __init__(self, keys: list[str] | None, statement: Path | None) -> None:
        """Read them.

        Raises:
            UsageError: there are none. ConfigError: a key is malformed. InputError: the statement is malformed.
        """
        from creditchain.home.keystores import load_tag_key
        from creditchain.packages.record_package import parse_statement

        if not keys and statement is None:
            raise UsageError(
                "the enterprise's tag is needed", expected="--tag-statement FILE, or --tag-key of a platform"
            )
        self.statements: list[SignedTagStatement] = [] if statement is None else [load(statement, parse_statement)]
        self.keys = [load_tag_key(key) for key in keys or []]

    def of(self, region: Region, subject: Subject) -> tuple[bytes, ...]:
        """The subject's tags in a region, the newest key epoch first. Raises as `acts.subject_tags`."""
        from creditchain.acts.subject_tags import subject_tags

        return subject_tags(region, subject, self.keys, self.statements)

"""Options for the enterprise that a command is about: its number, and where its tag comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.connecting import open_region
from creditchain.cli.files import load
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.cli.settings import Settings
    from creditchain.identifiers import Subject
    from creditchain.packages.parts import SignedTagStatement

SchemeOption = Annotated[str, typer.Option(help="USCC or TWUBN.")]
TagKeysOption = Annotated[
    list[str] | None,
    typer.Option("--tag-key", envvar="CREDITCHAIN_TAG_KEY", help="Tag key of an epoch: keystore:PATH or env:VARIABLE."),
]
StatementOption = Annotated[Path | None, typer.Option("--tag-statement", help="A platform's tag statement about it.")]


def subject_of(chosen: Settings, scheme: str, number: str, rpc: list[str] | None = None) -> Subject:
    """The subject of a number, which may be an exception of the region's file or one that governors accepted.

    The chain is asked only about numbers that nothing else explains.

    Raises:
        IdentifierError: the number is wrong, and nobody accepted it. As `open_region`.
    """
    from creditchain.catalogue.regions import number_exceptions
    from creditchain.identifiers import IdentifierError, parse_subject, well_formed_subject

    try:
        return parse_subject(scheme, number, number_exceptions())
    except IdentifierError:
        well_formed_subject(scheme, number)
    return parse_subject(scheme, number, governed_numbers(chosen, rpc))


def governed_numbers(chosen: Settings, rpc: list[str] | None = None) -> frozenset[bytes]:
    """The first 25 bytes of the digests of numbers that governors accepted. Raises as `open_region`."""
    from creditchain.acts.limiting import accepted_numbers

    with open_region(chosen, rpc) as region:
        return accepted_numbers(region)


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

"""What commands share that talk to a region: the options, the connection, and who signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.settings import Settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.chain.connect import Chain
    from creditchain.chain.deployments import Deployment
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.region import Region
    from creditchain.chain.signers import Signer
    from creditchain.home.journal import Journal

#: How a signer is written that only proposes: the file follows.
PROPOSE = "propose:"

_SIGNER = "Who signs: keystore:PATH, env:VARIABLE, remote:URL#0xADDRESS; on local chains unlocked:0xADDRESS, dev:N."
SignerOption = Annotated[str | None, typer.Option("--signer", envvar="CREDITCHAIN_SIGNER", help=_SIGNER)]
#: Of commands for governors, who decide together.
GovernorsOption = Annotated[
    str | None,
    typer.Option(
        "--signer",
        envvar="CREDITCHAIN_SIGNER",
        help=f"{_SIGNER} propose:FILE only writes a proposal for governors to approve.",
    ),
]
TagKeyOption = Annotated[
    str | None,
    typer.Option("--tag-key", envvar="CREDITCHAIN_TAG_KEY", help="The epoch's tag key: keystore:PATH or env:VARIABLE."),
]
RpcOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rpc",
        help="Endpoint to use instead of the network's. If given several times, all must give the same answers.",
    ),
]

BlockOption = Annotated[int | None, typer.Option("--block", help="As of this block; by default the newest final one.")]


def journal_of(chosen: Settings) -> Journal:
    """The journal of the home that the global options name. Raises as `open_journal`."""
    from creditchain.home.journal import open_journal
    from creditchain.home.layout import Home

    return open_journal(Home(chosen.home).journal, chosen.database)


@contextmanager
def open_region(chosen: Settings, rpc: Sequence[str] | None = None) -> Iterator[Region]:
    """The region that the global options name, its contracts checked; closed at the end.

    Raises:
        ConfigError: network or deployment file.
        ChainUnavailableError, WrongChainError: no answer, or another chain.
    """
    from creditchain.chain.region import Region
    from creditchain.home.layout import Home

    with open_chain(chosen, rpc) as (chain, deployment):
        yield Region(chain, deployment, Home(chosen.home, chosen.database))


@contextmanager
def open_chain(chosen: Settings, rpc: Sequence[str] | None = None) -> Iterator[tuple[Chain, Deployment]]:
    """Chain and deployment that the global options name, nothing of the deployment checked; closed at the end.

    Raises:
        ConfigError: network or deployment file.
        ChainUnavailableError, WrongChainError: no answer, or another chain.
    """
    from creditchain.chain.connect import connect
    from creditchain.chain.deployments import load_deployment
    from creditchain.chain.networks import load_network

    network = load_network(chosen.network, chosen.networks_file)
    if rpc:
        network = replace(network, kind="rpc", url=rpc[0], witnesses=tuple(rpc[1:]))
    deployment = load_deployment(chosen.network, chosen.deployments)
    with connect(network, chosen.home) as chain:
        yield chain, deployment


@contextmanager
def acting(chosen: Settings, signer: str | None) -> Iterator[tuple[Region, Outbox]]:
    """The region, and an outbox that signs as `signer` says. With `propose:FILE` the act ends with a proposal."""
    file = None if signer is None or not signer.startswith(PROPOSE) else Path(signer.removeprefix(PROPOSE))
    with open_region(chosen) as region, journal_of(chosen) as journal:
        if file is None:
            yield region, region.outbox(signer_of(region, signer), journal)
        else:
            with _proposing(chosen, region, journal, file) as outbox:
                yield region, outbox


@contextmanager
def _proposing(chosen: Settings, region: Region, journal: Journal, file: Path) -> Iterator[Outbox]:
    """An outbox whose first act becomes a proposal in a new file, which ends the command."""
    from creditchain.chain.proposing import ProposedError, ProposingOutbox
    from creditchain.home.files import check_output, write_file

    check_output(file, overwrite=None)
    try:
        yield ProposingOutbox(region, journal)
    except ProposedError as made:
        write_file(file, made.proposal.to_json())
        chosen.output.emit(
            {
                "file": str(file),
                "nonce": made.proposal.nonce,
                "calls": [call.words for call in made.proposal.calls],
                "digest": made.proposal.digest,
            }
        )
        raise typer.Exit from made


def signer_of(region: Region, signer: str | None) -> Signer:
    """The signer that the option names. Raises UsageError, SignerError."""
    from creditchain.chain.signers import parse_signer

    return parse_signer(required_signer(signer), region.chain)


def required_signer(signer: str | None) -> str:
    """The signer option, which this command cannot do without."""
    if signer is None:
        raise UsageError("this command signs", hint="Say who with --signer or CREDITCHAIN_SIGNER.")
    return signer

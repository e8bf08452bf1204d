"""`creditchain dispute draft`, `sign`, `endorse`, `relay`: an enterprise objects in its own words, over files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.dispute import group
from creditchain.cli.enterprise import (
    Enterprise,
    ExportOption,
    MnemonicOption,
    SignatureOption,
    WalletKeyOption,
)
from creditchain.cli.handing import (
    OutOption,
    fresh_salt,
    load,
    node_signer,
    require_here,
    save,
    tell,
)
from creditchain.cli.naming import RecordArgument, named_record
from creditchain.cli.record import described
from creditchain.cli.settings import Settings, settings
from creditchain.errors import InputError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.packages.filing_file import FilingFile

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Filing file.", show_default=False)]
AgainOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write instead of the one that was read.")
]


@group.command()
def draft(
    ctx: typer.Context,
    record: RecordArgument,
    platform: Annotated[int, typer.Option(help="The platform that will endorse, by its node number.")],
    reason: Annotated[str, typer.Option(help="Why. Stays in the file; a salted digest of it goes on chain.")],
    out: OutOption,
    deadline: Annotated[int, typer.Option(min=1, max=366, help="Days within which it has to be filed.")] = 30,
) -> None:
    """Write a dispute for the enterprise to sign. It can be filed once. 起草异议"""
    from creditchain.chain.clock import now
    from creditchain.messages import NO_KEY, ContractDomain, DisputeFiling
    from creditchain.packages.filing_file import FilingFile
    from creditchain.packages.reading import LONGEST_TEXT, Sealed

    chosen, why = settings(ctx), Sealed(fresh_salt(), reason)
    if not 1 <= len(reason) <= LONGEST_TEXT:
        raise InputError("a reason is a text", expected=f"1 to {LONGEST_TEXT} characters")
    with open_region(chosen) as region:
        named = named_record(record, region)
        message = DisputeFiling(
            domain=ContractDomain(region.deployment.chain_id, region.deployment.address("AnchorRegistry")),
            platform=platform,
            node=named.node,
            leaf=named.leaf,
            reason_digest=why.digest,
            key=NO_KEY,
            previous=_previous(region, named.node, named.leaf),
            deadline=now(region.chain) + deadline * 86_400,
        )
    _finish(chosen, FilingFile(message, why), out)


@group.command()
def sign(
    ctx: typer.Context,
    file: FileArgument,
    out: AgainOption = None,
    signer: SignerOption = None,
    mnemonic: MnemonicOption = None,
    key: WalletKeyOption = None,
    export: ExportOption = None,
    signature: SignatureOption = None,
) -> None:
    """The enterprise signs its dispute. With a mnemonic, by a key that no other publisher sees. 企业签署异议"""
    from dataclasses import replace

    from creditchain.messages.enterprise_keys import KeyUse
    from creditchain.packages.filing_file import parse_filing

    chosen, filing = settings(ctx), load(file, parse_filing)
    with open_region(chosen) as region:
        _require_current(region, filing)
        made = Enterprise(signer, mnemonic, key, export, signature).sign(
            region, KeyUse.DISPUTE, filing.message.node, lambda address: replace(filing.message, key=address)
        )
    if made is None:
        tell(
            chosen.output, {"typed_data": str(export), "next": "sign it in the wallet; then the same with --signature"}
        )
        return
    _finish(chosen, filing.signed(*made), out or file)


@group.command()
def endorse(ctx: typer.Context, file: FileArgument, out: AgainOption = None, signer: SignerOption = None) -> None:
    """The platform vouches that the key is the enterprise's, and the record about it. 平台背书异议"""
    from dataclasses import replace

    from creditchain.chain.wallets import signed
    from creditchain.messages import SignatureError
    from creditchain.packages.filing_file import parse_filing

    chosen, filing = settings(ctx), load(file, parse_filing)
    with open_region(chosen) as region:
        _require_current(region, filing)
        if not filing.key_signature:
            raise InputError("the enterprise has not signed this", hint="`creditchain dispute sign`")
        if not signed(region.chain, filing.message.key, filing.message, filing.key_signature):
            raise SignatureError("the filing is not signed by its key", expected=f"a signature by {filing.message.key}")
        found = node_signer(region, signer, filing.message.platform, "platform")
        endorsement = found.sign_typed(filing.message.typed_data())
    _finish(chosen, replace(filing, endorsement=endorsement), out or file)


@group.command()
def relay(ctx: typer.Context, file: FileArgument, signer: SignerOption = None) -> None:
    """File an endorsed dispute: the record is marked at once. Anyone may; the signatures decide. 提交异议"""
    from creditchain.chain.consent_calls import ConsentCalls
    from creditchain.packages.filing_file import parse_filing

    chosen, filing = settings(ctx), load(file, parse_filing)
    if not filing.endorsement:
        raise InputError("the platform has not endorsed this", hint="`creditchain dispute endorse`")
    message = filing.message
    with acting(chosen, signer) as (region, outbox):
        require_here(region, message.domain, "AnchorRegistry")
        call = ConsentCalls(region.deployment).file_dispute_signed(message, filing.key_signature, filing.endorsement)
        with chosen.output.progress("filing: waiting for a final block"):
            outbox.submit(f"file {message.digest().hex()}", call)
        state = region.record(message.node, message.leaf, region.chain.final_block().number)
    tell(chosen.output, described(state) | {"reason_digest": message.reason_digest})


def _previous(region: Region, node: int, leaf: bytes) -> int:
    """The time of the record's last dispute, which this filing is to follow. Raises InputError where one is open."""
    from creditchain.consents.judging import moment
    from creditchain.vocabulary import DisputeState

    state = region.record(node, leaf)
    if state.dispute == DisputeState.OPEN:
        found = f"one that is open since {moment(state.disputed_at)}"
        raise InputError("the record is disputed already", expected="no open dispute", found=found)
    return state.disputed_at


def _require_current(region: Region, filing: FilingFile) -> None:
    """Of this region, in time, and about the record as it stands."""
    from creditchain.chain.clock import now
    from creditchain.consents.errors import TermsError
    from creditchain.consents.judging import moment
    from creditchain.errors import Place

    message = filing.message
    require_here(region, message.domain, "AnchorRegistry")
    time, previous = now(region.chain), _previous(region, message.node, message.leaf)
    if message.deadline < time:
        raise TermsError(
            "the time to file this is over",
            expected=f"filed until {moment(message.deadline)}",
            found=moment(time),
            place=Place(field="message.deadline"),
        )
    if message.previous != previous:
        raise TermsError(
            "the record was disputed again since this was drafted",
            expected=str(previous),
            found=str(message.previous),
            hint="Draft it again.",
            place=Place(field="message.previous"),
        )


def _finish(chosen: Settings, filing: FilingFile, out: Path) -> None:
    save(out, filing.to_json())
    message = filing.message
    shown: dict[str, Any] = {
        "written": str(out),
        "node": message.node,
        "leaf": message.leaf,
        "platform": message.platform,
        "key": message.key if filing.key_signature else None,
        "deadline": message.deadline,
        "endorsed": bool(filing.endorsement),
    }
    tell(chosen.output, shown)

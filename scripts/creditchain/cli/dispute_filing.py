"""`creditchain dispute draft`, `sign`, `endorse`, `relay`: an enterprise objects in its own words, over files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region, signer_of
from creditchain.cli.enterprise import Enterprise, ExportOption, MnemonicOption, SignatureOption, WalletKeyOption
from creditchain.cli.files import load
from creditchain.cli.naming import RecordArgument, named_record
from creditchain.cli.output_files import (
    AgainOption,
    ChangedOption,
    ForceOption,
    OutOption,
    require_place,
    require_writable,
    save,
)
from creditchain.cli.record_state import described
from creditchain.cli.settings import Settings, settings

if TYPE_CHECKING:
    from creditchain.packages.filing_file import FilingFile

_DAY = 86_400
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Filing file.", show_default=False)]


def draft(
    ctx: typer.Context,
    record: RecordArgument,
    platform: Annotated[int, typer.Option(help="The platform that will endorse, by its node number.")],
    reason: Annotated[str, typer.Option(help="Why. Stays in the file; a salted digest of it goes on chain.")],
    out: OutOption,
    deadline: Annotated[int, typer.Option(min=1, max=366, help="Number of days within which it must be filed.")] = 30,
    force: ForceOption = False,
) -> None:
    """Write a dispute for the enterprise to sign. It can be filed once. 起草异议"""
    from creditchain.acts import filing

    chosen = settings(ctx)
    require_writable(out, force=force, inputs=(Path(record),))
    with open_region(chosen) as region:
        made = filing.draft(region, named_record(record, region), platform, reason, deadline * _DAY)
    _finish(chosen, made, out, force=force)


def sign(
    ctx: typer.Context,
    file: FileArgument,
    out: ChangedOption = None,
    signer: SignerOption = None,
    mnemonic: MnemonicOption = None,
    key: WalletKeyOption = None,
    export: ExportOption = None,
    signature: SignatureOption = None,
    force: AgainOption = False,
) -> None:
    """Sign a dispute as the enterprise. A mnemonic gives a key that no other publisher sees. 企业签署异议"""
    from creditchain.acts import filing
    from creditchain.packages.filing_file import parse_filing

    chosen, enterprise = settings(ctx), Enterprise(signer, mnemonic, key, export, signature)
    drafted = load(file, parse_filing)
    place = require_place(out, file, force=force)
    with open_region(chosen) as region:
        if enterprise.exports(
            chosen.output, lambda wallet: filing.filing_to_sign(region, drafted, wallet, again=force), force=force
        ):
            return
        made = filing.sign(region, drafted, enterprise.key(region), again=force)
    _finish(chosen, made, place, force=force or out is None)


def endorse(
    ctx: typer.Context,
    file: FileArgument,
    out: ChangedOption = None,
    signer: SignerOption = None,
    force: ForceOption = False,
) -> None:
    """Endorse a dispute as the platform: the key is the enterprise's, and the record is about it. 平台背书异议"""
    from creditchain.acts import filing
    from creditchain.packages.filing_file import parse_filing

    chosen, signed = settings(ctx), load(file, parse_filing)
    place = require_place(out, file, force=force)
    with open_region(chosen) as region:
        made = filing.endorse(region, signer_of(region, signer), signed)
    _finish(chosen, made, place, force=force or out is None)


def relay(ctx: typer.Context, file: FileArgument, signer: SignerOption = None) -> None:
    """File an endorsed dispute: the record is marked at once. Anyone may; the signatures decide. 提交异议"""
    from creditchain.acts import filing
    from creditchain.packages.filing_file import parse_filing

    chosen, endorsed = settings(ctx), load(file, parse_filing)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("filing: waiting for a final block"):
        state = filing.relay(region, outbox, endorsed)
    chosen.output.emit(described(state) | {"reason_digest": endorsed.message.reason_digest})


def _finish(chosen: Settings, filing: FilingFile, out: Path, *, force: bool) -> None:
    """Write a filing file, and show what is in it."""
    save(out, filing.to_json(), force=force)
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
    chosen.output.emit(shown)

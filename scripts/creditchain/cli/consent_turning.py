"""`creditchain consent pause`, `resume`: a consent that rests for a while."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.consent_naming import ConsentArgument, named_consent, on_chain
from creditchain.cli.enterprise import Enterprise, ExportOption, MnemonicOption, SignatureOption, WalletKeyOption
from creditchain.cli.output_files import ForceOption, require_writable, save
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

OutOption = Annotated[Path | None, typer.Option("--output", "-o", help="Sign only: write a file for others to relay.")]


def pause(
    ctx: typer.Context,
    consent: ConsentArgument,
    out: OutOption = None,
    signer: SignerOption = None,
    mnemonic: MnemonicOption = None,
    key: WalletKeyOption = None,
    export: ExportOption = None,
    signature: SignatureOption = None,
    force: ForceOption = False,
) -> None:
    """Pause a consent: as its key (directly, or signed with -o), or as the endorsing platform. 暂停授权"""
    _turn(ctx, consent, out, Enterprise(signer, mnemonic, key, export, signature), force=force, pauses=True)


def resume(
    ctx: typer.Context,
    consent: ConsentArgument,
    out: OutOption = None,
    signer: SignerOption = None,
    mnemonic: MnemonicOption = None,
    key: WalletKeyOption = None,
    export: ExportOption = None,
    signature: SignatureOption = None,
    force: ForceOption = False,
) -> None:
    """Resume a paused consent: as its key, or as the platform that paused it. 恢复授权"""
    _turn(ctx, consent, out, Enterprise(signer, mnemonic, key, export, signature), force=force, pauses=False)


def _turn(
    ctx: typer.Context, consent: str, out: Path | None, enterprise: Enterprise, *, force: bool, pauses: bool
) -> None:
    from creditchain.acts import revoking

    chosen, (id_, _) = settings(ctx), named_consent(consent)
    if out is None and enterprise.export is None:
        if enterprise.mnemonic is not None or enterprise.wallet is not None or enterprise.signature is not None:
            raise UsageError("a signed pause goes into a file", expected="-o FILE; then `consent relay FILE`")
        with acting(chosen, enterprise.signer) as (region, outbox), chosen.output.progress("waiting for a final block"):
            found = revoking.turn(region, outbox, id_, pauses=pauses)
        chosen.output.emit(on_chain(found))
        return
    if out is not None:
        require_writable(out, force=force)
    with open_region(chosen) as region:
        if out is None or enterprise.export is not None:
            enterprise.exports(
                chosen.output, lambda wallet: revoking.turn_to_sign(region, id_, wallet, pauses=pauses), force=force
            )
            return
        made = revoking.sign_turn(region, id_, enterprise.key(region), pauses=pauses)
    save(out, made.to_json(), force=force)
    chosen.output.emit({"written": str(out), "consent": id_, "next": "creditchain consent relay"})

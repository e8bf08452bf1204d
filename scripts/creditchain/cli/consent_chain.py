"""`creditchain consent relay`, `show`, `list`, `revoke`: consents on the chain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.consent_naming import ConsentArgument, named_consent, on_chain
from creditchain.cli.enterprise import Enterprise, ExportOption, MnemonicOption, SignatureOption, WalletKeyOption
from creditchain.cli.files import load
from creditchain.cli.output_files import ForceOption, require_writable, save
from creditchain.cli.settings import settings
from creditchain.errors import UsageError


def relay(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="Endorsed consent, or file of a revocation, pause or resumption.", show_default=False)
    ],
    signer: SignerOption = None,
    consent: Annotated[
        Path | None, typer.Option(help="The consent's file, for a revocation of one that is not granted.")
    ] = None,
) -> None:
    """Submit a consent, a revocation, a pause or a resumption to the chain. Anyone may; the signatures decide. 上链"""
    from creditchain.acts import consenting, revoking
    from creditchain.packages import consent_file
    from creditchain.packages.reading import format_of

    chosen, kind = settings(ctx), load(file, format_of)
    shown = None if consent is None else load(consent, consent_file.parse_consent).message
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("relaying: waiting for a final block"):
        if kind == consent_file.REVOCATION_FORMAT:
            revocation = load(file, consent_file.parse_revocation)
            found = revoking.relay_revocation(region, outbox, revocation, shown)
        elif kind in (consent_file.PAUSE_FORMAT, consent_file.RESUMPTION_FORMAT):
            found = revoking.relay_turn(region, outbox, load(file, consent_file.parse_turn))
        else:
            found = consenting.relay(region, outbox, load(file, consent_file.parse_consent))
    chosen.output.emit(on_chain(found))


def revoke(
    ctx: typer.Context,
    consent: ConsentArgument,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", help="Sign only: write a revocation file for others to relay.")
    ] = None,
    signer: SignerOption = None,
    mnemonic: MnemonicOption = None,
    key: WalletKeyOption = None,
    export: ExportOption = None,
    signature: SignatureOption = None,
    force: ForceOption = False,
) -> None:
    """Revoke a consent for good: as its key (directly, or signed with -o), or as the endorsing platform. 撤销授权"""
    from creditchain.acts import revoking

    chosen, (id_, file), enterprise = (
        settings(ctx),
        named_consent(consent),
        Enterprise(signer, mnemonic, key, export, signature),
    )
    shown = None if file is None else file.message
    if out is None and export is None:
        if mnemonic is not None or key is not None or signature is not None:
            raise UsageError("a signed revocation goes into a file", expected="-o FILE; then `consent relay FILE`")
        with acting(chosen, signer) as (region, outbox), chosen.output.progress("revoking: waiting for a final block"):
            found = revoking.revoke(region, outbox, id_, shown)
        chosen.output.emit(on_chain(found))
        return
    if out is not None:
        require_writable(out, force=force)
    with open_region(chosen) as region:
        if out is None or enterprise.export is not None:
            enterprise.exports(
                chosen.output, lambda wallet: revoking.revocation_to_sign(region, id_, wallet, shown), force=force
            )
            return
        made = revoking.sign_revocation(region, id_, enterprise.key(region), shown)
    save(out, made.to_json(), force=force)
    chosen.output.emit({"written": str(out), "consent": id_, "next": "creditchain consent relay"})

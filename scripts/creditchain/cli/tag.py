"""`creditchain tag`: a platform states whose tag it is; anyone checks a statement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.connecting import SignerOption, TagKeyOption, open_region, required_signer
from creditchain.cli.settings import settings
from creditchain.errors import ConfigError, InputError, NotValidError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.chain.signers import Signer
    from creditchain.identifiers import Subject
    from creditchain.packages.record_package import SignedTagStatement

group = typer.Typer(no_args_is_help=True, help="Tag statements: state, check. 标签声明")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="tag")


@group.command()
def state(
    ctx: typer.Context,
    platform: Annotated[int, typer.Option(help="The platform that states, by its node number.")],
    package: Annotated[Path | None, typer.Option(help="Package to put the statement into; names the subject.")] = None,
    number: Annotated[str | None, typer.Option(help="The subject's number, without a package.")] = None,
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
    out: Annotated[Path | None, typer.Option("--output", "-o", help="Statement file to write.")] = None,
    tag_key: TagKeyOption = None,
    signer: SignerOption = None,
) -> None:
    """Sign that a number has this tag under the key epoch of --tag-key. For platforms, which hold the key."""
    from creditchain.chain.signers import parse_signer
    from creditchain.home.keystores import load_tag_key
    from creditchain.identifiers import parse_subject

    chosen = settings(ctx)
    if (package is None) == (number is None) or (package is None and out is None):
        raise UsageError("say whose tag it is", expected="--package FILE, or --number with --output FILE")
    if tag_key is None:
        raise UsageError(
            "a platform states what it can compute", hint="Give the key with --tag-key or CREDITCHAIN_TAG_KEY."
        )
    key = load_tag_key(tag_key)
    subject = _subject_of(package) if package is not None else parse_subject(scheme, number or "")
    with open_region(chosen) as region:
        found = parse_signer(required_signer(signer), region.chain)
        node = region.node_of(found.address)
        if node != platform:
            raise InputError(
                "the signer is not a key of this platform", expected=f"node {platform}", found=f"node {node}"
            )
        statement = _sign(region, platform, subject, key, found)
    if package is not None:
        _put_into(package, statement)
    if out is not None:
        _write(out, (json.dumps(statement.as_json(), indent=2) + "\n").encode())
    chosen.output.emit(
        {
            "platform": platform,
            "key_epoch": statement.key_epoch,
            "signer": found.address,
            "written": str(out if package is None else package),
        }
    )


@group.command()
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Statement file.")],
    tag_key: TagKeyOption = None,
) -> None:
    """Did an active platform of this region sign the statement, and (with the key) is it true? Exit code 1 if not."""
    from creditchain.cli.files import read_file
    from creditchain.evidence.record import EvidenceFetcher
    from creditchain.home.keystores import load_tag_key
    from creditchain.identifiers import epoch_digest, subject_tag
    from creditchain.packages.record_package import parse_statement
    from creditchain.verification.subject import check_signature
    from creditchain.verification.verdict import Outcome

    chosen = settings(ctx)
    try:
        statement = parse_statement(read_file(file))
    except InputError as error:
        raise error.at(Place(str(file))) from None
    with open_region(chosen) as region:
        fetcher = EvidenceFetcher(region)
        step = check_signature(statement, fetcher.origin, fetcher.signer(statement))
        digest = region.key_epoch_digest(statement.key_epoch, fetcher.block.number)
    if step.outcome is not Outcome.PASSED:
        raise NotValidError(step.reason.en, place=Place(str(file)))
    computed = None
    if tag_key is not None:
        key = load_tag_key(tag_key)
        if epoch_digest(key) != digest:
            raise ConfigError("the tag key given is not the key of the statement's epoch")
        computed = subject_tag(key, statement.subject) == statement.subject_tag
        if not computed:
            raise NotValidError("the platform signed a tag that is not this subject's", place=Place(str(file)))
    chosen.output.emit(
        {"platform": statement.platform, "key_epoch": statement.key_epoch, "issued_at": statement.issued_at}
        | ({"tag_computed": computed} if computed is not None else {})
    )


def _sign(region: Region, platform: int, subject: Subject, key: bytes, signer: Signer) -> SignedTagStatement:
    from creditchain.identifiers import epoch_digest, subject_tag
    from creditchain.messages import LogDomain, TagStatement
    from creditchain.packages.record_package import SignedTagStatement

    block = region.chain.final_block()
    digest = epoch_digest(key)
    epochs = range(1, region.current_key_epoch(block.number) + 1)
    epoch = next((one for one in reversed(epochs) if region.key_epoch_digest(one, block.number) == digest), None)
    if epoch is None:
        raise ConfigError(
            "the tag key given is not the key of any epoch of this region", hint="See `creditchain epoch`."
        )
    tag = subject_tag(key, subject)
    message = TagStatement(
        LogDomain(region.deployment.log_id), platform, epoch, tag, subject.scheme, subject.number, block.time
    )
    signature = signer.sign_typed(message.typed_data())
    return SignedTagStatement(platform, epoch, tag, subject, block.time, signature)


def _subject_of(package: Path) -> Subject:
    from creditchain.cli.files import read_file
    from creditchain.packages.record_package import parse_package

    try:
        return parse_package(read_file(package)).record.subject
    except InputError as error:
        raise error.at(Place(str(package))) from None


def _put_into(path: Path, statement: SignedTagStatement) -> None:
    from dataclasses import replace

    from creditchain.packages.record_package import parse_package

    package = parse_package(path.read_bytes())
    if package.tag.subject_tag != statement.subject_tag or package.batch.key_epoch != statement.key_epoch:
        raise InputError(
            "the package's tag is not this subject's under this key epoch",
            hint="Is it the key of the package's epoch?",
            place=Place(str(path), field="tag.subject_tag"),
        )
    _write(path, replace(package, tag=replace(package.tag, statement=statement)).to_json())


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)

"""`creditchain prove`: the package of one record, for whoever may see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.anchoring_options import required_tag_key
from creditchain.cli.connecting import RpcOption, TagKeyOption, open_region
from creditchain.cli.settings import Settings, settings
from creditchain.errors import InputError, NotValidError, RefusedError, UnavailableError, UsageError

if TYPE_CHECKING:
    from creditchain.batch import BatchFolder
    from creditchain.chain.region import Region
    from creditchain.packages.record_package import SignedTagStatement

BatchOption = Annotated[
    str,
    typer.Option("--batch", help="The batch: its root (or the first digits of it) in the home folder, or its folder."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prove)


def prove(
    ctx: typer.Context,
    batch: BatchOption,
    number: Annotated[str, typer.Option(help="The subject's number.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="Package to write; a folder for all that are found.")],
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
    section: Annotated[str | None, typer.Option(help="Only this section.")] = None,
    index: Annotated[int | None, typer.Option(help="Only the leaf at this index, where there are several.")] = None,
    tag_statement: Annotated[
        Path | None, typer.Option("--tag-statement", help="A platform's statement to put in, from `tag state`.")
    ] = None,
    tag_key: TagKeyOption = None,
    rpc: RpcOption = None,
) -> None:
    """Write the package of a record of a final batch, or of each record that a subject has in it. 出具证明"""
    from creditchain.batch import open_batch
    from creditchain.documents import SECTIONS
    from creditchain.home.keystores import load_tag_key
    from creditchain.identifiers import parse_subject, subject_tag

    chosen = settings(ctx)
    subject = parse_subject(scheme, number)
    tag = subject_tag(load_tag_key(required_tag_key(tag_key)), subject)
    if section is not None and section not in SECTIONS:
        raise UsageError("no such section", expected=", ".join(SECTIONS), found=section)
    with open_batch(batch_path(chosen, batch)) as folder:
        found = folder.find(tag, None if section is None else SECTIONS[section])
        indices = _chosen(found, index, out)
        with open_region(chosen, rpc) as region:
            wait_until_final(region, folder)
        statement = _statement(tag_statement)
        written = [_write(folder, each, subject, statement, _path(out, each)) for each in indices]
    chosen.output.table(["package", "index", "section", "leaf"], written)


def batch_path(chosen: Settings, batch: str) -> Path:
    """The folder that an option names. Raises InputError where it names none, or more than one."""
    from creditchain.home.layout import Home

    if Path(batch).is_dir():
        return Path(batch).resolve()
    digits = batch.removeprefix("0x").lower()
    regions = Home(chosen.home).known_regions().values()
    found = [path for region in regions for path in region.batches.glob(f"{digits}*")] if digits.isalnum() else []
    found = [path for path in found if path.is_dir()]
    if len(found) != 1:
        raise InputError(
            "no batch of this root in the home folder" if not found else "more than one batch begins like this",
            expected="a root, as `creditchain batch list` shows them, or a folder",
            found=batch if not found else f"{len(found)} batches",
        )
    return found[0]


def wait_until_final(region: Region, folder: BatchFolder) -> None:
    """Return once the batch's anchor is in a final block.

    Raises:
        RefusedError: it is not anchored, or on another log.
        NotValidError: it is anchored as something else.
    """
    import time

    manifest = folder.manifest
    if manifest.terms.log_id != region.deployment.log_id:
        raise RefusedError("the batch is of another region's log", hint="Choose the network and deployment it is on.")
    node, root = manifest.terms.node, manifest.root
    give_up = time.monotonic() + region.chain.network.give_up_seconds
    while (anchor := region.anchor(node, root, region.chain.final_block().number)) is None:
        if region.anchor(node, root) is None:
            raise RefusedError("the batch is not anchored", hint="`creditchain batch resume` finishes it.")
        if time.monotonic() > give_up:
            raise UnavailableError(
                "the batch is anchored, but its block is not final yet", hint="Run this again later."
            )
        region.chain.pause()
    if (anchor.size, anchor.key_epoch) != (manifest.size, manifest.terms.key_epoch):
        raise NotValidError(
            "the chain's anchor of this root is not this batch's",
            expected=f"size {manifest.size}, key epoch {manifest.terms.key_epoch}",
            found=f"size {anchor.size}, key epoch {anchor.key_epoch}",
        )


def _chosen(found: range, index: int | None, out: Path) -> list[int]:
    if not found:
        raise InputError("the batch holds nothing for this subject and section")
    if index is not None:
        if index not in found:
            raise InputError(
                "no leaf of this subject and section is at this index", expected=_shown(found), found=str(index)
            )
        return [index]
    if len(found) > 1 and not out.is_dir():
        raise UsageError(
            "there are several records", found=_shown(found), hint="Choose with --index, or name a folder."
        )
    return list(found)


def _shown(found: range) -> str:
    return f"index {found.start}" if len(found) == 1 else f"indices {found.start} to {found.stop - 1}"


def _path(out: Path, index: int) -> Path:
    return out / f"{index}.json" if out.is_dir() else out


def _statement(path: Path | None) -> SignedTagStatement | None:
    from creditchain.cli.files import read_file
    from creditchain.packages.record_package import parse_statement

    return None if path is None else parse_statement(read_file(path))


def _write(
    folder: BatchFolder, index: int, subject: Any, statement: SignedTagStatement | None, path: Path
) -> list[object]:
    from creditchain.batch.folder.packages import package_of
    from creditchain.documents import Section

    package = package_of(folder, index, subject, statement)
    path.write_bytes(package.to_json())
    leaf = folder.leaves[index]
    return [str(path), index, Section(leaf.section).label, leaf.hash()]

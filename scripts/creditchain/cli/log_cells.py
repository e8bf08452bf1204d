"""`creditchain log cell`: cells of the log, proven by one endpoint that nobody trusts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from creditchain.cli.connecting import RpcOption, open_chain
from creditchain.cli.files import digits, is_id
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

_HOW = (
    "The first two digits are the space, the others the id in it (docs/format.md, section 5): node 5 has the key 0x01,"
    " 61 zeros and 5."
)


def cell(
    ctx: typer.Context,
    keys: Annotated[list[str], typer.Argument(help=f"Keys of cells: 0x and 64 hex digits each. {_HOW}")],
    block_hash: Annotated[
        str | None,
        typer.Option("--block-hash", help="Hash of a block that you trust; by default of the newest final one."),
    ] = None,
    rpc: RpcOption = None,
) -> None:
    """Show cells as one endpoint proves them under a block's hash (eth_getProof); 0 as proven absent. 查看单元"""
    from creditchain.acts.proving_cells import prove_cells
    from creditchain.log.cells import WORD_BYTES, entry_of

    asked = [_word(key, "a cell's key", hint=_HOW) for key in keys]
    trusted = None if block_hash is None else _word(block_hash, "the block's hash")
    chosen = settings(ctx)
    with open_chain(chosen, rpc) as (chain, deployment):
        found = prove_cells(chain, deployment, asked, trusted)
    head: dict[str, Any] = {
        "log_id": "0x" + deployment.log_id.hex(),
        "size": found.size,
        "block": found.block.number,
        "block_hash": "0x" + found.block.hash.hex(),
        "time": found.block.time,
    }
    words = {"0x" + key.hex(): "0x" + word.hex() for key, word in found.words.items()}
    chosen.output.emit({**head, "words": words} if chosen.output.as_json else {**head, **words})
    absent = sum(word == bytes(WORD_BYTES) for word in found.words.values())
    written = ", ".join(str(entry_of(word)) for word in found.words.values() if entry_of(word))
    chosen.output.note(f"proven; written by entries {written or 'none'}; {absent} proven absent")
    if trusted is None:
        chosen.output.note("no --block-hash was given: compare the block's hash with one that you trust")


def _word(text: str, what: str, hint: str | None = None) -> bytes:
    if not is_id(text):
        raise UsageError(f"{what} is 0x and 64 hex digits", found=text, hint=hint)
    return digits(text, what)

"""`creditchain log index` and `log replay`: the local index of the log, and the state that its entries add up to."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.connecting import BlockOption, RpcOption, open_region
from creditchain.cli.log_shown import head_of, shown_head
from creditchain.cli.settings import settings


def replay(
    ctx: typer.Context,
    compare: Annotated[bool, typer.Option("--compare", help="Also read each cell from the contract.")] = False,
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Compute the region's state from the entries of its log alone; with --json, every cell. 重放日志"""
    from creditchain.acts.replaying import replay_log
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region, chosen.output.stages() as watch:
        state = replay_log(region, block, home=Home(chosen.home), compare=compare, watch=watch)
    summary = {**shown_head(state.head), "cells": len(state.cells), "state_root": "0x" + state.state_root.hex()}
    words = {"0x" + cell.key.hex(): "0x" + cell.word.hex() for cell in state.cells}
    chosen.output.emit({**summary, "compared": state.compared, "words": words} if chosen.output.as_json else summary)
    if compare:
        chosen.output.note(f"the contract holds the same {len(state.cells)} cells")


def index(
    ctx: typer.Context,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Forget what was read so far, and read the log anew.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Also compute all of it again from the entries.")] = False,
    rpc: RpcOption = None,
) -> None:
    """Bring the local index of the log up to the newest final block. Other commands do so themselves. 日志索引"""
    from creditchain.acts.indexing import check_index
    from creditchain.acts.indexing import rebuild as run
    from creditchain.home.layout import Home
    from creditchain.index.opening import open_log

    chosen = settings(ctx)
    home = Home.existing(chosen.home)
    with open_region(chosen, rpc) as region, chosen.output.stages() as watch:
        log = run(region, home, watch) if rebuild else open_log(region, home, None, watch)
        if check:
            log = check_index(region, home, watch).log
        state = log.state()
    found = {**head_of(log), "cells": state.size, "state_root": "0x" + state.root.hex()}
    chosen.output.emit({**found, "rebuilt": rebuild, "checked": check})

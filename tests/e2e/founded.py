"""A region that is deployed once on each kind of chain, and given to each test as it was then."""

from __future__ import annotations

import time
from pathlib import Path

from acting import GENERATIONS, region_on
from servers import Server

from creditchain.chain.connect import Chain, connect
from creditchain.chain.deployments import Deployment
from creditchain.chain.networks import load_network
from creditchain.chain.region import Region
from creditchain.home.journal import Journal, open_journal

#: What was deployed on embedded chains that are copied, by the hash of their first block.
_COPIED: dict[bytes, Deployment] = {}
#: What `founded_on` deployed on a node, and the node's snapshot of it.
_FOUNDED: dict[Server, tuple[Deployment, str]] = {}


def embedded_home(folder: Path) -> Path:
    """A home with an embedded chain on which a region is. Copies of the home are chains of their own."""
    with connect(load_network("embedded"), folder) as chain, open_journal(folder / "founding.sqlite") as journal:
        deployment = region_on(chain, journal, next(GENERATIONS)).deployment
    _COPIED[deployment.genesis] = deployment
    return folder


def founded_on(chain: Chain, journal: Journal) -> Region:
    """As `region_on`, on a chain that tests share, which deploys only once: what was done since is taken back.

    An embedded chain that is no copy of `embedded_home` is the test's own, and gets a region of its own.
    """
    if chain.network.name == "embedded":
        copied = _COPIED.get(chain.block(0).hash)
        return region_on(chain, journal, next(GENERATIONS)) if copied is None else Region(chain, copied)
    server = Server(chain.network.name, chain.network.url)
    known = _FOUNDED.get(server)
    if known is not None:
        deployment, snapshot = known
        assert server.ask("evm_revert", snapshot)
        if server.kind == "anvil":
            server.ask("evm_setTime", int(time.time()))  # going back takes the chain's clock back too
    else:
        deployment = region_on(chain, journal, next(GENERATIONS)).deployment
    _FOUNDED[server] = deployment, server.ask("evm_snapshot")  # going back uses a snapshot up
    return Region(chain, deployment)

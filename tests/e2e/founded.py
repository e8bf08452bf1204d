"""A region on a node that tests share, deployed once and given to each test as it was then."""

from __future__ import annotations

import time

from acting import GENERATIONS, region_on
from servers import Server

from creditchain.chain.connect import Chain
from creditchain.chain.deployments import Deployment
from creditchain.chain.region import Region
from creditchain.home.journal import Journal

#: What `founded_on` deployed on a node, and the node's snapshot of it.
_FOUNDED: dict[Server, tuple[Deployment, str]] = {}


def founded_on(chain: Chain, journal: Journal) -> Region:
    """As `region_on`, on a node that tests share, which deploys only once: what was done since is taken back."""
    if chain.network.name == "embedded":
        return region_on(chain, journal)
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

"""Give accounts money for gas on local development chains."""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.chain.connect import Chain
from creditchain.chain.errors import RpcError, SignerError
from creditchain.chain.fees import suggest
from creditchain.chain.refusals import Refusal

#: Wei that an account is given, and the balance below which it is given that.
ENOUGH, TOO_LITTLE = 100 * 10**18, 10**18
#: The methods of Anvil and Ganache that set a balance.
_METHODS = ("anvil_setBalance", "evm_setAccountBalance")


def fund_dev_accounts(chain: Chain, addresses: Sequence[str]) -> None:
    """Give money for gas to accounts of a local chain that have too little, if the chain takes fees.

    Raises:
        SignerError: the chain is not local, or its node cannot set balances.
    """
    if not chain.local:
        raise SignerError(
            "accounts can be given money on local development chains only", found=f"network {chain.network.name}"
        )
    if suggest(chain).limit == 0:
        return
    for address, balance in zip(addresses, chain.balances(addresses), strict=True):
        if balance < TOO_LITTLE:
            _set_balance(chain, address)


def _set_balance(chain: Chain, address: str) -> None:
    for method in _METHODS:
        try:
            chain.request(method, address, hex(ENOUGH))
        except RpcError as error:
            if error.refusal is Refusal.PASSING:
                raise
            continue
        return
    raise SignerError(
        "this node cannot give development accounts money",
        hint=f"Send some to {address}, or use a network without fees.",
    )

"""What endpoints' errors mean: one table of the words that clients use, and one of codes and HTTP statuses.

JSON-RPC has no common codes beyond "no such method": Besu answers -32005 to a batch that is too large and to a gas
limit that is too high, Nethermind to an overload, so the words decide first and the code only where no row matches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Refusal(Enum):
    """What an error from an endpoint means for whoever asked."""

    PASSING = "passing"  #: a fault that may pass: ask the same again, later
    KNOWN = "known"  #: the endpoint has this very transaction, or the chain has it in a block
    NONCE_USED = "nonce used"  #: a block holds a transaction of this account with this nonce or a higher one
    NONCE_AHEAD = "nonce ahead"  #: transactions with lower nonces are missing; hand those in first
    OUTBID = "outbid"  #: another transaction of this nonce waits there and offers as much or more
    UNDERPRICED = "underpriced"  #: it offers less for gas than the endpoint takes at present
    UNAFFORDABLE = "unaffordable"  #: the account cannot pay for gas and value
    REVERTED = "reverted"  #: a contract reverted
    UNSUPPORTED = "unsupported"  #: the endpoint has no such method, or does not let it be used
    TOO_MUCH = "too much"  #: too wide a range, too many results or too large a batch: ask for less at once
    MISSING = "missing"  #: the endpoint has not, or no longer has, the block, logs or state that were asked for
    REFUSED = "refused"  #: anything else: asking again does not help


@dataclass(frozen=True, slots=True)
class Words:
    """One row: an error whose message holds `text` (lower case) means `refusal`.

    `seen` says where: "run" for an answer of that client on a test machine, else the source file that was read.
    """

    refusal: Refusal
    text: str
    client: str
    seen: str


#: The versions in which the sources were read, or that were run. Nethermind's files were read one by one, 2025-2026.
CLIENTS = {
    "Geth": "ethereum/go-ethereum 02b73d4, 2026-08-20",
    "Besu": "hyperledger/besu 3fd224e, 2026-03-29",
    "Nethermind": "NethermindEth/nethermind, 2025 to 2026",
    "Anvil": "1.7.1 run; foundry-rs/foundry 2a5df2c, 2026-08-22",
    "Ganache": "7.9.2 run; trufflesuite/ganache 547c900, 2023-12-21",
    "FISCO BCOS": "FISCO-BCOS/FISCO-BCOS 7608ab8, 2026-03-04",
    "Infura": "a hosted service; INFURA/infura issue 237, 2026-08",
    "embedded": "this package",
}

_GETH_POOL, _GETH_CORE = "core/txpool/errors.go", "core/error.go"
_GETH_LEGACY = "core/txpool/legacypool/legacypool.go"
_BESU = "ethereum/api/…/internal/response/RpcErrorType.java"
_NETHERMIND_POOL = "Nethermind.TxPool/TxPoolErrorMessages.cs"
_NETHERMIND_RPC = "Nethermind.JsonRpc/JsonRpcProcessor.cs"
_NETHERMIND_ETH = "Nethermind.JsonRpc/Modules/Eth/EthRpcModule.cs"
_NETHERMIND_OLD = "Nethermind.TxPool/AcceptTxResult.cs at 07870f1"
_ANVIL, _GANACHE = "crates/anvil/src/eth/error/mod.rs", "packages/ethereum/utils/src/errors/errors.ts"
_FISCO, _FISCO_RPC = "bcos-protocol/TransactionStatus.h", "bcos-rpc/web3jsonrpc/Web3JsonRpcImpl.cpp"

#: The first row that matches decides, so what is more exact stands above what it contains.
TABLE = (
    # A transaction that is there already.
    Words(Refusal.KNOWN, "already known", "Geth", _GETH_POOL),
    Words(Refusal.KNOWN, "already known", "Nethermind", _NETHERMIND_POOL),
    Words(Refusal.KNOWN, "already known", "embedded", "run"),
    Words(Refusal.KNOWN, "alreadyknown", "Nethermind", _NETHERMIND_OLD),
    Words(Refusal.KNOWN, "known transaction", "Besu", _BESU),
    Words(Refusal.KNOWN, "already imported", "Anvil", "run"),
    Words(Refusal.KNOWN, "alreadyintxpool", "FISCO BCOS", _FISCO),
    Words(Refusal.KNOWN, "alreadyintxpoolandaccept", "FISCO BCOS", _FISCO),
    Words(Refusal.KNOWN, "txalreadyinchain", "FISCO BCOS", _FISCO),
    # Another transaction of its nonce is there.
    Words(Refusal.OUTBID, "replacement transaction underpriced", "Geth", _GETH_POOL),
    Words(Refusal.OUTBID, "replacement transaction underpriced", "Besu", _BESU),
    Words(Refusal.OUTBID, "replacement transaction underpriced", "Nethermind", _NETHERMIND_POOL),
    Words(Refusal.OUTBID, "replacement transaction underpriced", "Anvil", "run"),
    Words(Refusal.OUTBID, "future transaction tries to replace pending", "Geth", _GETH_LEGACY),
    Words(Refusal.OUTBID, "replacementnotallowed", "Nethermind", _NETHERMIND_OLD),
    Words(Refusal.OUTBID, "ownnoncealreadyused", "Nethermind", _NETHERMIND_OLD),
    Words(Refusal.OUTBID, "transaction can't be replaced, mining has already started", "Ganache", _GANACHE),
    Words(Refusal.OUTBID, "transaction replaced by better transaction", "Ganache", _GANACHE),
    # Its nonce.
    Words(Refusal.NONCE_USED, "nonce too low", "Geth", _GETH_CORE),
    Words(Refusal.NONCE_USED, "nonce too low", "Besu", _BESU),
    Words(Refusal.NONCE_USED, "nonce too low", "Nethermind", _NETHERMIND_POOL),
    Words(Refusal.NONCE_USED, "nonce too low", "Anvil", "run"),
    Words(Refusal.NONCE_USED, "nonce too low", "embedded", "run"),
    Words(Refusal.NONCE_USED, "oldnonce", "Nethermind", _NETHERMIND_OLD),
    Words(Refusal.NONCE_USED, "the tx doesn't have the correct nonce", "Ganache", "run"),
    Words(Refusal.NONCE_USED, "noncecheckfail", "FISCO BCOS", _FISCO),  # or the same nonce waits in its pool
    Words(Refusal.NONCE_AHEAD, "nonce too high", "Geth", _GETH_CORE),
    Words(Refusal.NONCE_AHEAD, "nonce too high", "Besu", _BESU),
    Words(Refusal.NONCE_AHEAD, "nonce too high", "Nethermind", _NETHERMIND_POOL),
    Words(Refusal.NONCE_AHEAD, "nonce too high", "Anvil", _ANVIL),
    Words(Refusal.NONCE_AHEAD, "nonce too far in future", "Nethermind", _NETHERMIND_POOL),
    Words(Refusal.NONCE_AHEAD, "noncegap", "Nethermind", _NETHERMIND_OLD),
    Words(Refusal.NONCE_AHEAD, "transaction nonce is too distant from current sender nonce", "Besu", _BESU),
    Words(Refusal.NONCE_AHEAD, "an invalid transaction with a lower nonce exists", "Besu", _BESU),
    # What it offers.
    Words(Refusal.UNDERPRICED, "transaction underpriced", "Geth", _GETH_POOL),
    Words(Refusal.UNDERPRICED, "transaction underpriced", "Nethermind", _NETHERMIND_POOL),
    Words(Refusal.UNDERPRICED, "transaction underpriced", "Ganache", "run"),  # to a replacement, never to a low price
    Words(Refusal.UNDERPRICED, "transaction gas price below minimum", "Geth", _GETH_POOL),
    Words(Refusal.UNDERPRICED, "max fee per gas less than block base fee", "Geth", _GETH_CORE),
    Words(Refusal.UNDERPRICED, "max fee per gas less than block base fee", "Anvil", "run"),
    Words(Refusal.UNDERPRICED, "gas price below configured minimum gas price", "Besu", _BESU),
    Words(Refusal.UNDERPRICED, "gas price below current base fee", "Besu", _BESU),
    Words(Refusal.UNDERPRICED, "feetoolow", "Nethermind", _NETHERMIND_OLD),
    Words(Refusal.UNDERPRICED, "feetoolowtocompete", "Nethermind", _NETHERMIND_OLD),
    # What the account has.
    Words(Refusal.UNAFFORDABLE, "insufficient funds", "Geth", _GETH_CORE),
    Words(Refusal.UNAFFORDABLE, "insufficient funds", "Nethermind", _NETHERMIND_POOL),
    Words(Refusal.UNAFFORDABLE, "insufficient funds", "Anvil", "run"),
    Words(Refusal.UNAFFORDABLE, "insufficient funds", "Ganache", "run"),
    Words(Refusal.UNAFFORDABLE, "upfront cost exceeds account balance", "Besu", _BESU),
    Words(Refusal.UNAFFORDABLE, "insufficientfunds", "Nethermind", _NETHERMIND_OLD),
    Words(Refusal.UNAFFORDABLE, "insufficientfunds", "FISCO BCOS", _FISCO),
    Words(Refusal.UNAFFORDABLE, "notenoughcash", "FISCO BCOS", _FISCO),
    # A pool, a queue or a node that is full, busy or starting.
    Words(Refusal.PASSING, "txpool is full", "Geth", _GETH_LEGACY),
    Words(Refusal.PASSING, "txpool is full", "embedded", "run"),
    Words(Refusal.PASSING, "account limit exceeded", "Geth", _GETH_POOL),
    Words(Refusal.PASSING, "in-flight transaction limit reached", "Geth", _GETH_POOL),
    Words(Refusal.PASSING, "txpoolisfull", "FISCO BCOS", _FISCO),
    Words(Refusal.PASSING, "transactionpooltimeout", "FISCO BCOS", _FISCO),
    Words(Refusal.PASSING, "txpool not available", "FISCO BCOS", "bcos-rpc/web3jsonrpc/endpoints/EthEndpoint.cpp"),
    Words(Refusal.PASSING, "scheduler not available", "FISCO BCOS", "bcos-rpc/web3jsonrpc/endpoints/EthEndpoint.cpp"),
    Words(Refusal.PASSING, "transaction pool not enabled", "Besu", _BESU),  # also while it is not yet in sync
    Words(Refusal.PASSING, "initial sync is still in progress", "Besu", _BESU),
    Words(Refusal.PASSING, "timeout expired", "Besu", _BESU),
    Words(Refusal.PASSING, "request timed out", "Geth", "rpc/errors.go"),
    Words(Refusal.PASSING, "execution aborted (timeout", "Geth", "internal/ethapi/api.go"),
    Words(Refusal.PASSING, "transaction indexing is in progress", "Geth", "internal/ethapi/errors.go"),
    Words(Refusal.PASSING, "too many requests", "Nethermind", "Nethermind.JsonRpc/JsonRpcService.cs"),
    Words(Refusal.PASSING, "node is syncing", "Nethermind", _NETHERMIND_POOL),
    Words(Refusal.PASSING, "shutting down", "Nethermind", _NETHERMIND_RPC),
    # More than the endpoint gives at once.
    Words(Refusal.TOO_MUCH, "exceed maximum block range", "Geth", "eth/filters/filter.go"),
    Words(Refusal.TOO_MUCH, "batch too large", "Geth", "rpc/errors.go"),
    Words(Refusal.TOO_MUCH, "response too large", "Geth", "rpc/errors.go"),
    Words(Refusal.TOO_MUCH, "content length too large", "Geth", "rpc/http.go"),
    Words(Refusal.TOO_MUCH, "requested range exceeds maximum rpc range limit", "Besu", _BESU),
    Words(Refusal.TOO_MUCH, "number of requests exceeds max batch size", "Besu", _BESU),
    Words(Refusal.TOO_MUCH, "too many logs requested", "Nethermind", _NETHERMIND_ETH),
    Words(Refusal.TOO_MUCH, "blocks per logs request", "Nethermind", _NETHERMIND_ETH),
    Words(Refusal.TOO_MUCH, "batch size limit exceeded", "Nethermind", _NETHERMIND_RPC),
    Words(Refusal.TOO_MUCH, "maxbatchresponsebodysize", "Nethermind", _NETHERMIND_RPC),
    Words(Refusal.TOO_MUCH, "the requested array size exceeds the limit size", "FISCO BCOS", _FISCO_RPC),
    Words(Refusal.TOO_MUCH, "query returned more than", "Infura", "issue 237"),
    Words(Refusal.TOO_MUCH, "exceeds limit of", "Infura", "issue 237"),
    # A gas limit is not a range, though Besu gives it the same code.
    Words(Refusal.REFUSED, "transaction gas limit exceeds block gas limit", "Besu", _BESU),
    Words(Refusal.REFUSED, "transaction gas limit cap exceeded", "Besu", _BESU),
    # What the node does not have.
    Words(Refusal.MISSING, "pruned history unavailable", "Geth", "core/history/historymode.go"),
    Words(Refusal.MISSING, "missing trie node", "Geth", "trie/errors.go"),
    Words(Refusal.MISSING, "header not found", "Geth", "eth/api_backend.go"),
    Words(Refusal.MISSING, "block range extends beyond current head block", "Geth", "eth/filters/api.go"),
    Words(Refusal.MISSING, "pruned history unavailable", "Besu", _BESU),
    Words(Refusal.MISSING, "unknown block", "Besu", _BESU),
    Words(Refusal.MISSING, "unknown block", "Anvil", _ANVIL),
    Words(Refusal.MISSING, "world state unavailable", "Besu", _BESU),
    Words(Refusal.MISSING, "no state available for block", "Nethermind", _NETHERMIND_ETH),
    Words(Refusal.MISSING, "blockoutofrangeerror", "Anvil", "run"),
    Words(Refusal.MISSING, "header not found", "Ganache", "run"),
    Words(Refusal.MISSING, "header not found", "embedded", "run"),
    # Methods.
    Words(Refusal.UNSUPPORTED, "does not exist/is not available", "Geth", "rpc/errors.go"),
    Words(Refusal.UNSUPPORTED, "does not exist/is not available", "Ganache", "run"),
    Words(Refusal.UNSUPPORTED, "method not enabled", "Besu", _BESU),
    Words(Refusal.UNSUPPORTED, "method not found", "Anvil", "run"),
    Words(Refusal.UNSUPPORTED, "method not found", "FISCO BCOS", _FISCO_RPC),
    Words(Refusal.UNSUPPORTED, "this api has not been implemented yet", "FISCO BCOS", "bcos-rpc/…/EthEndpoint.cpp"),
    # A contract. Last: a revert's reason is written by whoever wrote the contract, and may hold any of these words.
    Words(Refusal.REVERTED, "execution reverted", "Geth", "core/vm/errors.go"),
    Words(Refusal.REVERTED, "execution reverted", "Besu", _BESU),
    Words(Refusal.REVERTED, "execution reverted", "Anvil", "run"),
    Words(Refusal.REVERTED, "execution reverted", "embedded", "run"),
    Words(Refusal.REVERTED, "vm exception while processing transaction: revert", "Ganache", "run"),
    Words(Refusal.REVERTED, "revertinstruction", "FISCO BCOS", _FISCO),
)

#: JSON-RPC codes that say enough where no words are known. 16 is FISCO BCOS's status RevertInstruction.
CODES = {
    3: Refusal.REVERTED,  # Geth internal/ethapi/errors.go, Besu, Nethermind, Anvil
    16: Refusal.REVERTED,  # FISCO BCOS
    4444: Refusal.MISSING,  # Geth, Besu and Nethermind: history that was pruned
    -32601: Refusal.UNSUPPORTED,  # JSON-RPC 2.0
    -32604: Refusal.UNSUPPORTED,  # Besu: method not enabled
    -32005: Refusal.PASSING,  # Nethermind's overload, and hosted services' rate limits
    -32016: Refusal.PASSING,  # Nethermind: timeout
    -32017: Refusal.PASSING,  # Nethermind: no module was free in time
    -39001: Refusal.MISSING,  # Besu and Nethermind: unknown block
}

#: HTTP statuses without a JSON-RPC error in the body. Any other one but 200 is final.
STATUSES = {
    408: Refusal.PASSING,  # Besu's status for "Timeout expired" too
    413: Refusal.TOO_MUCH,  # Geth's status for a request body that is too large
    425: Refusal.PASSING,
    429: Refusal.PASSING,
    500: Refusal.PASSING,
    502: Refusal.PASSING,
    503: Refusal.PASSING,
    504: Refusal.PASSING,
}

# Whole words: "unknown transaction" (Ganache) is not "known transaction" (Besu).
_PATTERNS = tuple((re.compile(rf"(?<!\w){re.escape(row.text)}(?!\w)"), row.refusal) for row in TABLE)
_REVERTS = tuple(row.text for row in TABLE if row.refusal is Refusal.REVERTED)


def classify(code: int, message: str) -> Refusal:
    """What a JSON-RPC error means."""
    text = message.lower()
    # A revert's reason follows these words and is anybody's text: nothing in it may count.
    if CODES.get(code) is Refusal.REVERTED or text.startswith(_REVERTS):
        return Refusal.REVERTED
    for pattern, refusal in _PATTERNS:
        if pattern.search(text):
            return refusal
    return CODES.get(code, Refusal.REFUSED)


def classify_status(status: int) -> Refusal:
    """What an HTTP status other than 200 means, where the body holds no JSON-RPC error."""
    return STATUSES.get(status, Refusal.REFUSED)

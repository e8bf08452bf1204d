"""Signers: a key in an encrypted keystore or the environment, a remote signer, a development key on a local chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from coincurve import PrivateKey
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import is_address, to_checksum_address
from hexbytes import HexBytes

from creditchain.chain.errors import ChainUnavailableError, EndpointError, JunkError, RpcError, SignerError
from creditchain.chain.funding import fund_dev_accounts
from creditchain.chain.networks import require_url
from creditchain.chain.rpc import Endpoint, HttpWire, Patience
from creditchain.errors import UsageError
from creditchain.home.keystores import (
    OPERATOR_KEY,
    PasswordSource,
    key_from_environment,
    keystore_at,
    open_keystore,
    password_source,
)
from creditchain.messages import compact
from creditchain.messages.encoding import typed_data_digest

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from creditchain.chain.connect import Chain

#: The mnemonic that every development tool uses. Its keys are public, so they work on local chains only.
DEV_MNEMONIC = "test test test test test test test test test test test junk"
SPECS = "keystore:PATH, env:VARIABLE, remote:URL#0xADDRESS, unlocked:0xADDRESS or dev:N"
#: Seconds that a remote signer may take. A person may have to confirm.
REMOTE_SECONDS = 120


class Signer(Protocol):
    """A key that signs without being revealed."""

    @property
    def address(self) -> str:
        """Checksum address of the key."""

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The raw signed transaction.

        Args:
            transaction: JSON-RPC field names; numbers as int, `data` as bytes, `to` (left out for a creation) a
                checksum address; `gasPrice`, or `maxFeePerGas` and `maxPriorityFeePerGas`.
        Raises:
            SignerError: the signer refused, or signed something else.
        """

    def sign_typed(self, typed_data: Mapping[str, Any]) -> bytes:
        """EIP-712 signature over a full message as in eth_signTypedData_v4: 64 bytes (EIP-2098)."""


class LocalSigner:
    """A key in this process."""

    def __init__(self, key: bytes) -> None:
        try:
            self._account: LocalAccount = Account.from_key(key)
        except Exception as error:  # eth-keys raises several kinds; none may be shown, because their text holds the key
            expected = "a number from 1 to the curve's order"
            raise SignerError("this is not a secp256k1 key", expected=expected) from _silent(error)
        self._key = PrivateKey(key)

    @property
    def address(self) -> str:
        return str(self._account.address)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        return bytes(self._account.sign_transaction(dict(transaction)).raw_transaction)

    def sign_typed(self, typed_data: Mapping[str, Any]) -> bytes:
        return compact(self._key.sign_recoverable(typed_data_digest(typed_data), hasher=None))


class RemoteSigner:
    """A key behind JSON-RPC that answers eth_signTransaction and eth_signTypedData_v4 (Web3Signer, Clef, a node).

    Every answer is checked: it must hold the same transaction or message, signed by the same key.
    """

    def __init__(self, address: str, request: Any) -> None:
        """`request(method, *params)` asks and returns the result."""
        self._address = to_checksum_address(address)
        self._request = request

    @property
    def address(self) -> str:
        return self._address

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        fields = {name: _json(value) for name, value in transaction.items()}
        answer = self._request("eth_signTransaction", {"from": self._address, **fields})
        # Web3Signer and Anvil return the raw transaction, Clef and Geth an object that contains it.
        text = answer.get("raw") if isinstance(answer, Mapping) else answer
        raw = _hex_bytes(text, "eth_signTransaction")
        self._check(raw, transaction)
        return raw

    def sign_typed(self, typed_data: Mapping[str, Any]) -> bytes:
        message = encode_typed_data(full_message=dict(typed_data))
        answer = self._request("eth_signTypedData_v4", self._address, json.loads(json.dumps(typed_data, default=_json)))
        signature = _hex_bytes(answer, "eth_signTypedData_v4")
        if len(signature) == 65 and signature[64] in (0, 1):
            signature = signature[:64] + bytes([signature[64] + 27])
        signer = _recovered(lambda: Account.recover_message(message, signature=signature))
        if len(signature) != 65 or signer != self._address:
            raise SignerError("the remote signer signed with another key, or something else", expected=self._address)
        return compact(signature)

    def _check(self, raw: bytes, asked: Mapping[str, Any]) -> None:
        signer = _recovered(lambda: Account.recover_transaction(raw))
        if signer != self._address:
            raise SignerError("the remote signer signed with another key", expected=self._address, found=signer)
        signed = _fields_of(raw)
        wanted = {"to": "", **{name: asked[name] for name in asked if name != "to"}}
        wanted["to"] = str(asked.get("to", "")).lower()
        wanted["data"] = bytes(asked["data"])
        different = [name for name, value in wanted.items() if signed.get(name) != value]
        if different:
            found = f"other {', '.join(sorted(different))}"
            raise SignerError("the remote signer signed another transaction", found=found)


def parse_signer(spec: str, chain: Chain, password: PasswordSource = password_source) -> Signer:
    """The signer that `spec` names.

    `keystore:PATH`, `env:VARIABLE` and `remote:URL#0xADDRESS` work everywhere. `unlocked:0xADDRESS` (the node signs)
    and `dev:N` (key N of the development mnemonic; if the chain takes fees, its account is given money when it has too
    little) work on local chains only.

    Raises:
        UsageError: there is no such kind of signer.
        SignerError: this kind works on local chains only, and the chain is not local.
        KeystoreError, ConfigError: the key cannot be read.
    """
    kind, _, rest = spec.partition(":")
    if kind == "keystore" and rest:
        return LocalSigner(open_keystore(keystore_at(rest), OPERATOR_KEY, password))
    if kind == "env" and rest:
        return LocalSigner(key_from_environment(rest))
    if kind == "remote" and rest:
        url, _, address = rest.rpartition("#")
        return RemoteSigner(_address(address, spec), _RemoteEndpoint(url))
    if kind == "unlocked" and rest:
        _require_local(chain, "unlocked accounts")
        return RemoteSigner(_address(rest, spec), chain.request)
    if kind == "dev" and rest.isdecimal():
        signer = dev_signer(int(rest), chain)
        fund_dev_accounts(chain, [signer.address])
        return signer
    raise UsageError("not a signer", expected=SPECS, found=f"{kind}:…" if rest else "neither")


def dev_signer(number: int, chain: Chain) -> LocalSigner:
    """Development key `number` (from 0). The chain must be local."""
    _require_local(chain, "development keys")
    return LocalSigner(dev_key(number))


@cache
def dev_key(number: int) -> bytes:
    """Key `m/44'/60'/0'/0/number` of the development mnemonic."""
    from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

    return bytes(key_from_seed(_dev_seed(seed_from_mnemonic), f"m/44'/60'/0'/0/{number}"))


@cache
def _dev_seed(derive: Any) -> bytes:
    return bytes(derive(DEV_MNEMONIC, ""))


class _RemoteEndpoint:
    """JSON-RPC over HTTP to a signer. Requests are never retried, because a person may have to confirm each one."""

    def __init__(self, url: str) -> None:
        patience = Patience(REMOTE_SECONDS, REMOTE_SECONDS, again=False)
        self._endpoint = Endpoint(HttpWire(require_url(url)), patience)

    def __call__(self, method: str, *params: Any) -> Any:
        try:
            return self._endpoint.request(method, params)
        except RpcError as error:
            raise SignerError(f"the remote signer refused {method}", found=error.reason or None) from error
        except JunkError as error:
            raise SignerError(f"the remote signer does not answer {method} in JSON-RPC", found=error.found) from error
        except EndpointError as error:
            raise ChainUnavailableError("the remote signer does not answer", found=error.found) from error


def _require_local(chain: Chain, what: str) -> None:
    if not chain.local:
        raise SignerError(
            f"{what} work on local development chains only",
            expected="an embedded chain, or a development chain id behind a loopback address",
            found=f"network {chain.network.name}, chain id {chain.chain_id}",
            hint="Use keystore:PATH, env:VARIABLE or remote:URL#0xADDRESS.",
        )


def _address(text: str, spec: str) -> str:
    if not is_address(text):
        found = spec.partition(":")[0] + ":…"
        raise UsageError("the signer's address is missing or wrong", expected=SPECS, found=found)
    return to_checksum_address(text)


def _fields_of(raw: bytes) -> dict[str, Any]:
    """Fields of a raw transaction, named and typed as `Signer.sign_transaction` takes them; `to` in lower case."""
    if raw[0] < 0x80:
        found = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        fields = {name: found[name] for name in found if name not in ("v", "r", "s", "type", "accessList")}
        fields["data"] = bytes(fields["data"])
        to = fields["to"]
        fields["to"] = to.lower() if isinstance(to, str) else "0x" + bytes(to).hex() if to else ""
        return {name: int(v) if name not in ("data", "to") else v for name, v in fields.items()}
    import rlp

    nonce, price, gas, to, value, data, v, _, _ = rlp.decode(raw)
    numbers = {"nonce": nonce, "gasPrice": price, "gas": gas, "value": value}
    fields = {name: int.from_bytes(number, "big") for name, number in numbers.items()}
    fields["chainId"] = (int.from_bytes(v, "big") - 35) // 2
    return {**fields, "to": "0x" + to.hex() if to else "", "data": data}


def _recovered(recover: Any) -> str:
    try:
        return str(recover())
    except Exception as error:  # eth-account, eth-keys and rlp each raise exceptions of their own for bad signatures
        raise SignerError("the remote signer's answer is not a signature", found=type(error).__name__) from error


def _hex_bytes(value: object, method: str) -> bytes:
    try:
        found = bytes.fromhex(str(value).removeprefix("0x"))
    except ValueError:
        found = b""
    if not found:
        raise SignerError(f"the remote signer's answer to {method} is not hex")
    return found


def _json(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return hex(value) if isinstance(value, int) else value


def _silent(error: Exception) -> Exception:
    return SignerError(type(error).__name__)

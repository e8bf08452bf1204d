"""Cells of a region proven by one endpoint, on each kind of chain, and by an endpoint that lies about all of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from acting import FOUNDED, GENERATIONS, GOVERNOR, publisher, region_on, set_profile
from anchored import read_entries
from lying_wire import LyingWire

from creditchain.chain.connect import Chain, connect
from creditchain.chain.errors import ChainUnavailableError, LyingEndpointError, MalformedAnswerError, RpcError
from creditchain.chain.networks import load_network
from creditchain.chain.proving import SLOTS_AT_ONCE, proven_words
from creditchain.chain.refusals import Refusal
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.cli.app import run
from creditchain.home.journal import Journal, open_journal
from creditchain.log.cells import NO_WORD, cell_key, parse_writes

Json = dict[str, Any]
STEPS = itertools.count(1)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """One journal for the regions of this file."""
    with open_journal(tmp_path_factory.mktemp("home") / "journal.sqlite") as opened:
        yield opened


@pytest.fixture(scope="module", params=["embedded", "anvil", "ganache"])
def region(request: pytest.FixtureRequest, journal: Journal) -> Iterator[Region]:
    """A region on each kind of chain, with a member and an epoch. Tests may add to it."""
    kind = request.param
    network = load_network(kind) if kind == "embedded" else request.getfixturevalue(kind).network()
    with connect(network) as chain:
        made = region_on(chain, journal, next(GENERATIONS))
        publisher(made, journal, 1)
        yield made


def change(region: Region, journal: Journal) -> None:
    """Write a cell of the region anew."""
    step = next(STEPS)
    region.outbox(dev_signer(GOVERNOR, region.chain), journal).submit(f"change {step}", set_profile(region, 1, step))


def written_keys(region: Region) -> list[bytes]:
    writes = (write for entry in read_entries(region) for write in parse_writes(entry.writes, entry.index))
    return list(dict.fromkeys(write.key for write in writes))


def test_every_cell_is_proven_as_the_log_reads_it(region: Region) -> None:
    keys = written_keys(region)
    found = proven_words(region.chain, region.deployment, keys)
    assert len(keys) > 30
    assert found.block == region.chain.block(found.block.number)
    assert [found.words[key] for key in keys] == region.words(keys, found.block.number)
    assert NO_WORD not in found.words.values()
    assert found.size == region.log_size(found.block.number)
    assert found.size >= FOUNDED + 1


def test_cells_that_were_never_written_are_proven_absent(region: Region) -> None:
    keys = [cell_key(space, 2**200 + number) for space in (0, 1, 23, 255) for number in range(50)]
    found = proven_words(region.chain, region.deployment, keys)
    assert set(found.words.values()) == {NO_WORD}
    assert list(found.words) == keys


def test_a_block_of_the_past_by_number_and_by_hash(region: Region, journal: Journal) -> None:
    keys, at = written_keys(region), region.chain.head()
    before = region.words(keys, at.number)
    change(region, journal)
    by_number = proven_words(region.chain, region.deployment, keys, number=at.number)
    by_hash = proven_words(region.chain, region.deployment, keys, trusted=at.hash)
    both = proven_words(region.chain, region.deployment, keys, number=at.number, trusted=at.hash)
    assert by_number == by_hash == both
    assert (by_number.block, list(by_number.words.values())) == (at, before)
    assert list(proven_words(region.chain, region.deployment, keys).words.values()) != before


def test_another_hash_than_the_trusted_one(region: Region) -> None:
    with pytest.raises(LyingEndpointError, match="does not hash to the hash that is trusted"):
        proven_words(region.chain, region.deployment, [], number=region.chain.head().number, trusted=b"\1" * 32)
    with pytest.raises(ChainUnavailableError):
        proven_words(region.chain, region.deployment, [], trusted=b"\1" * 32)


def test_a_block_that_is_not_there(region: Region) -> None:
    with pytest.raises(ChainUnavailableError):
        proven_words(region.chain, region.deployment, [], number=region.chain.head().number + 1000)


def test_more_cells_than_one_request_takes(region: Region) -> None:
    written = written_keys(region)
    keys = [*written, *(cell_key(255, number) for number in range(2 * SLOTS_AT_ONCE))]
    found = proven_words(region.chain, region.deployment, keys)
    assert [found.words[key] for key in written] == region.words(written, found.block.number)
    assert list(found.words) == keys


def test_the_deployments_code_is_proven(region: Region) -> None:
    """The log's account has the deployment's code hash; a deployment that names other code is refused."""
    contract = region.deployment.contracts["RegionLog"]
    answer = region.chain.request("eth_getProof", contract.address, [], "latest")
    assert answer["codeHash"] == "0x" + contract.code_hash.hex()


@pytest.fixture
def liar(region: Region) -> tuple[Chain, LyingWire]:
    """A second connection to the region's chain, by an endpoint that lies."""
    wire = LyingWire(region.chain._endpoint._wire)
    return Chain(region.chain.network, wire), wire


def told(method: str, change: Callable[[Any], Any]) -> Callable[[str, Any], Any]:
    return lambda asked, result: change(result) if asked == method else result


def test_round_trips(region: Region, liar: tuple[Chain, LyingWire]) -> None:
    chain, wire = liar
    keys, at = written_keys(region), region.chain.head()
    for named, trips in (({"number": at.number, "trusted": at.hash}, 1), ({"trusted": at.hash}, 2), ({}, 2)):
        wire.trips.clear()
        proven_words(chain, region.deployment, keys, **named)  # type: ignore[arg-type]
        assert len(wire.trips) == trips


@pytest.mark.parametrize("message", ["the method eth_getProof does not exist/is not available", "Method not found"])
def test_an_endpoint_without_proofs_is_not_asked_for_anything_else(
    region: Region, liar: tuple[Chain, LyingWire], message: str
) -> None:
    chain, wire = liar
    wire.alter = told("eth_getProof", lambda _: {"code": -32601, "message": message})
    wire.trips.clear()
    with pytest.raises(RpcError, match="refused eth_getProof") as refused:
        proven_words(chain, region.deployment, [cell_key(1, 1)])
    assert refused.value.refusal is Refusal.UNSUPPORTED
    assert {method for trip in wire.trips for method in trip} == {"eth_getBlockByNumber", "eth_getProof"}


def test_an_endpoint_that_pruned_the_state(region: Region, liar: tuple[Chain, LyingWire]) -> None:
    chain, wire = liar
    wire.alter = told("eth_getProof", lambda _: {"code": -32000, "message": "missing trie node abcd (path )"})
    with pytest.raises(RpcError) as refused:
        proven_words(chain, region.deployment, [cell_key(1, 1)], number=1)
    assert refused.value.refusal is Refusal.MISSING


@pytest.mark.parametrize("junk", [None, [], "0x", 7, {"address": "0x00"}, {"accountProof": "0x"}])
def test_malformed_proofs(region: Region, liar: tuple[Chain, LyingWire], junk: Any) -> None:
    chain, wire = liar
    wire.alter = told("eth_getProof", lambda _: junk)
    with pytest.raises(ChainUnavailableError if junk is None else MalformedAnswerError):
        proven_words(chain, region.deployment, [cell_key(1, 1)])


def test_a_block_whose_fields_were_altered(region: Region, liar: tuple[Chain, LyingWire]) -> None:
    chain, wire = liar
    at = region.chain.head()
    for name in ("stateRoot", "timestamp", "parentHash", "gasUsed", "baseFeePerGas", "hash"):
        wire.alter = told("eth_getBlockByNumber", lambda block, name=name: {**block, name: bumped(block[name])})
        with pytest.raises(LyingEndpointError, match="eth_getBlockByNumber: the header of block"):
            proven_words(chain, region.deployment, [], number=at.number)


def bumped(text: str) -> str:
    return text[:-1] + ("1" if text[-1] != "1" else "2")


def test_an_older_state_shown_under_a_newer_block(
    region: Region, liar: tuple[Chain, LyingWire], journal: Journal
) -> None:
    """A record that was revoked since would look live."""
    chain, wire = liar
    keys, before = written_keys(region), region.chain.head()
    log = region.deployment.address("RegionLog")
    change(region, journal)
    at = region.chain.head()
    older: Json = {}

    def replace(answer: Json) -> Json:
        slots = [one["key"] for one in answer["storageProof"]]
        older.update(region.chain.request("eth_getProof", log, slots, hex(before.number)))
        return older

    wire.alter = told("eth_getProof", replace)
    with pytest.raises(LyingEndpointError, match="node 0 of the proof of account"):
        proven_words(chain, region.deployment, keys, number=at.number, trusted=at.hash)
    # Header and proofs of the older block together are consistent, but the block is not the one that was asked for.
    wire.alter = lambda method, answer: (
        replace(answer)
        if method == "eth_getProof"
        else region.chain.request("eth_getBlockByNumber", hex(before.number), False)
    )
    with pytest.raises(MalformedAnswerError, match="expected block"):
        proven_words(chain, region.deployment, keys, number=at.number)
    wire.alter = lambda method, answer: (
        answer
        if method != "eth_getBlockByHash"
        else region.chain.request("eth_getBlockByNumber", hex(before.number), False)
    )
    with pytest.raises(LyingEndpointError, match="does not hash to the hash that is trusted"):
        proven_words(chain, region.deployment, keys, trusted=at.hash)


def test_every_node_of_a_proof_altered_dropped_or_moved(region: Region, liar: tuple[Chain, LyingWire]) -> None:
    chain, wire = liar
    keys = [*written_keys(region)[:6], cell_key(255, 1)]
    at = region.chain.head()
    honest: Json = {}
    wire.alter = told("eth_getProof", lambda answer: honest.update(answer) or answer)
    true = proven_words(chain, region.deployment, keys, number=at.number)
    believed = tried = 0
    for answer in bent(honest):
        wire.alter = told("eth_getProof", lambda _, answer=answer: answer)
        tried += 1
        try:
            found = proven_words(chain, region.deployment, keys, number=at.number)
        except (LyingEndpointError, MalformedAnswerError):
            continue
        believed += 1
        assert found == true
    assert believed == 0
    assert tried > 80


def bent(answer: Json) -> Iterator[Json]:
    """The answer with each list of nodes, each node and each word altered."""
    for nodes in lists_of_nodes(answer["accountProof"]):
        yield {**answer, "accountProof": nodes}
    storage = answer["storageProof"]
    for place, one in enumerate(storage):
        before, after = storage[:place], storage[place + 1 :]
        yield {**answer, "storageProof": [*before, *after]}
        yield {**answer, "storageProof": [*after, *before, one]} if after else {**answer, "storageProof": []}
        yield {**answer, "storageProof": [*before, {**one, "value": "0x7"}, *after]}
        for nodes in lists_of_nodes(one["proof"]):
            yield {**answer, "storageProof": [*before, {**one, "proof": nodes}, *after]}
            yield {**answer, "storageProof": [*before, {**one, "proof": nodes, "value": "0x0"}, *after]}
    for name in ("balance", "nonce", "codeHash", "storageHash", "address"):
        yield {**answer, name: bumped(answer[name])}


def lists_of_nodes(nodes: list[str]) -> Iterator[list[str]]:
    for place, node in enumerate(nodes):
        yield [*nodes[:place], *nodes[place + 1 :]]
        yield [*nodes[:place], bumped(node), *nodes[place + 1 :]]
        yield [*nodes[:place], node, node, *nodes[place + 1 :]]
    yield []
    yield [*nodes, "0x80"]
    if len(nodes) > 1:
        yield nodes[::-1]


def test_the_log_of_another_region_on_the_same_chain(region: Region, journal: Journal) -> None:
    other = region_on(region.chain, journal, next(GENERATIONS))
    mixed = region.deployment.__class__(
        **{
            **{name: getattr(region.deployment, name) for name in region.deployment.__dataclass_fields__},
            "contracts": other.deployment.contracts,
        }
    )
    with pytest.raises(LyingEndpointError, match=r"another region's log|is not the log that was deployed"):
        proven_words(region.chain, mixed, [])


def test_another_chain(region: Region) -> None:
    """Headers and proofs of another chain are consistent, but neither hash nor log is the one named."""
    at = region.chain.head()
    with connect(load_network("embedded")) as another:
        for _ in range(at.number + 1):
            another.request("evm_mine")
        with pytest.raises(LyingEndpointError, match="the hash that is trusted"):
            proven_words(another, region.deployment, [], number=at.number, trusted=at.hash)
        with pytest.raises(LyingEndpointError, match="there is no account"):
            proven_words(another, region.deployment, [], number=at.number)


def test_the_command_shows_cells_under_a_trusted_hash(
    tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path_factory.mktemp("command")
    options = ["--json", "--home", str(folder / "home"), "--deployments", str(folder / "deployments")]

    def ran(*words: str) -> tuple[int, Json]:
        capfd.readouterr()
        code = run([*options, *words])
        shown = capfd.readouterr()
        return code, json.loads(shown.out or shown.err)

    assert run([*options, "deploy", "--signer", "dev:0"]) == 0
    held = ran("log", "replay")[1]["words"]
    absent = "0xff" + "ab" * 31
    code, found = ran("log", "cell", *held, absent)
    assert (code, found["words"]) == (0, {**held, absent: "0x" + "00" * 32})
    assert ran("log", "cell", *held, absent, "--block-hash", found["block_hash"]) == (0, found)
    assert ran("log", "cell", absent, "--block-hash", "0x" + "12" * 32)[0] == 3
    assert ran("log", "cell", "0x12")[0] == 2

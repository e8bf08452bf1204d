"""The chain inside the process: real chain ids, real reverts, and a file that survives its process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from acting import FOUNDED, admission, region_on, set_profile
from anchored import read_entries

from creditchain.chain.connect import Chain, RpcError, connect
from creditchain.chain.embedded import EmbeddedNode, LogFilter
from creditchain.chain.errors import ChainUnavailableError, WrongChainError
from creditchain.chain.networks import load_network
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.chain.web3_provider import web3_of
from creditchain.home.journal import Journal, open_journal
from creditchain.log.entries import NodeBody

EMBEDDED = load_network("embedded")
#: Creation code of a contract that returns the CHAINID.
CHAIN_ID_CONTRACT = bytes.fromhex("600980600b6000396000f3" + "4660005260206000f3")


@pytest.fixture
def chain() -> Iterator[Chain]:
    with connect(EMBEDDED) as connected:
        yield connected


def raw(chain: Chain, nonce: int, *, chain_id: int = 3133710, data: bytes = b"", to: str | None = None) -> str:
    fields = {"chainId": chain_id, "nonce": nonce, "gas": 200_000, "gasPrice": 0, "value": 0, "data": data}
    return "0x" + dev_signer(0, chain).sign_transaction(fields | ({"to": to} if to else {})).hex()


def test_the_chain_id_is_real_everywhere(chain: Chain) -> None:
    assert chain.chain_id == 3133710
    sent = chain.request("eth_sendRawTransaction", raw(chain, 0, data=CHAIN_ID_CONTRACT))
    address = chain.request("eth_getTransactionReceipt", sent)["contractAddress"]
    assert int.from_bytes(chain.call(address, b""), "big") == 3133710


@pytest.mark.parametrize("foreign", [1, 31337])
def test_a_transaction_of_another_chain_is_refused(chain: Chain, foreign: int) -> None:
    with pytest.raises(RpcError, match="refused") as refused:
        chain.request("eth_sendRawTransaction", raw(chain, 0, chain_id=foreign, data=b"\0"))
    assert "chain id" in refused.value.reason


@pytest.mark.parametrize("bad", ["0x", "0x00", "0x02c0", "0x" + "ff" * 100, "zz", "0xf"])
def test_bytes_that_are_no_transaction_are_refused(chain: Chain, bad: str) -> None:
    with pytest.raises(RpcError):
        chain.request("eth_sendRawTransaction", bad)
    assert chain.head().number == 0


def test_used_known_and_future_nonces(chain: Chain) -> None:
    address = dev_signer(1, chain).address
    first, second = raw(chain, 0, to=address), raw(chain, 1, to=address)
    later = chain.request("eth_sendRawTransaction", second)
    assert chain.head().number == 0
    assert chain.request("eth_getTransactionByHash", later)["blockNumber"] is None
    chain.request("eth_sendRawTransaction", first)
    assert chain.head().number == 2
    assert chain.request("eth_getTransactionReceipt", later)["status"] == "0x1"
    for again, words in ((first, "known"), (raw(chain, 0, to=dev_signer(2, chain).address), "nonce too low")):
        with pytest.raises(RpcError) as refused:
            chain.request("eth_sendRawTransaction", again)
        assert words in refused.value.reason


def test_a_revert_carries_its_data(chain: Chain, journal: Journal) -> None:
    region = region_on(chain, journal)
    call = region.calls.suspend(7)
    with pytest.raises(RpcError) as refused:
        chain.request("eth_call", {"to": call.to, "data": "0x" + call.data.hex()}, "latest")
    assert (refused.value.code, refused.value.reason) == (3, "execution reverted")
    assert refused.value.data is not None
    assert len(refused.value.data) == 36


def test_time_follows_the_clock_and_never_goes_back(chain: Chain) -> None:
    before = int(time.time())
    for _ in range(5):
        chain.request("evm_mine")
    times = [chain.block(number).time for number in range(6)]
    assert times == sorted(times)
    assert before <= times[-1] <= time.time()
    chain.request("evm_increaseTime", hex(20 * 86400))
    chain.request("evm_mine")
    assert chain.head().time - times[-1] >= 20 * 86400


def test_reads_are_pinned_to_their_block(chain: Chain, journal: Journal) -> None:
    region = region_on(chain, journal)
    before = chain.head().number
    outbox = region.outbox(dev_signer(0, chain), journal)
    outbox.submit("admit", region.calls.admit(admission(dev_signer(1, chain).address)))
    assert (region.node_count(before), region.node_count()) == (0, 1)
    assert region.log_size(before) + 1 == region.log_size()
    with pytest.raises(ChainUnavailableError):
        region.node_count(chain.head().number + 1)


def test_logs_by_address_topic_and_range(chain: Chain, journal: Journal) -> None:
    region = region_on(chain, journal)
    every = chain.request("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
    log = region.deployment.address("RegionLog")
    one = chain.request("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": log})
    assert one == [each for each in every if each["address"] == log]
    topic = one[0]["topics"][0]
    both = chain.request(
        "eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "topics": [[topic, "0x" + "00" * 32]]}
    )
    assert both == [each for each in every if each["topics"][0] == topic]
    none = chain.request("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x0"})
    assert none == []


def test_web3_works_over_it(chain: Chain) -> None:
    web3 = web3_of(chain)
    assert web3.eth.chain_id == 3133710
    assert web3.eth.get_block("latest")["number"] == 0
    assert web3.is_connected()


def test_nested_json_stays_an_error(tmp_path: Path) -> None:
    """py-evm raises the recursion limit so far that the C parser crashes; opening a chain restores it."""
    script = (
        "import json, sys; from pathlib import Path\n"
        "before = sys.getrecursionlimit()\n"
        "from creditchain.chain.connect import connect\n"
        "from creditchain.chain.networks import load_network\n"
        "with connect(load_network('embedded')):\n"
        "    assert sys.getrecursionlimit() == before\n"
        "    try: json.loads('[' * 100_000)\n"
        "    except RecursionError: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "refused\n")


# Its file.


def counted(home: Path) -> tuple[int, bytes]:
    with connect(EMBEDDED, home) as chain:
        return chain.head().number, chain.genesis


def test_the_next_process_finds_what_the_last_one_left(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from creditchain.chain.connect import connect\n"
        "from creditchain.chain.networks import load_network\n"
        "with connect(load_network('embedded'), Path(sys.argv[1])) as chain:\n"
        "    chain.request('evm_mine'); chain.request('evm_increaseTime', '0x64'); print(chain.genesis.hex())\n"
    )
    genesis = [
        subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    number, mine = counted(tmp_path)
    assert (number, len(set(genesis))) == (2, 1)
    assert mine.hex() == genesis[0].strip()
    with connect(EMBEDDED, tmp_path) as chain:
        before = int(time.time())
        chain.request("evm_mine")
        assert chain.head().time - before >= 200


def test_another_chain_id_for_the_same_file_is_refused(tmp_path: Path) -> None:
    counted(tmp_path)
    with pytest.raises(WrongChainError):
        connect(replace(EMBEDDED, chain_id=5), tmp_path)
    with connect(EMBEDDED, tmp_path), pytest.raises(WrongChainError):
        connect(replace(EMBEDDED, chain_id=5), tmp_path)


def test_two_connections_of_one_process_share_the_chain(tmp_path: Path) -> None:
    with connect(EMBEDDED, tmp_path) as one, connect(EMBEDDED, tmp_path) as two:
        one.request("evm_mine")
        assert two.head().number == 1
    assert counted(tmp_path)[0] == 1


def test_two_processes_take_turns(tmp_path: Path) -> None:
    node = EmbeddedNode(3133710, tmp_path / "embedded" / "embedded.sqlite")
    try:
        script = (
            "import sys; from pathlib import Path; from dataclasses import replace\n"
            "from creditchain.chain.connect import connect\n"
            "from creditchain.chain.networks import load_network\n"
            "connect(replace(load_network('embedded'), timeout_seconds=0.2), Path(sys.argv[1]))\n"
        )
        refused = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
        assert refused.returncode != 0
        assert "another process has this embedded chain open" in refused.stderr
    finally:
        node.close()
    assert counted(tmp_path)[0] == 0


CRASHING = """
import sys; from pathlib import Path
sys.path.insert(0, sys.argv[2])
from acting import FOUNDED, admission, region_on, set_profile
from creditchain.chain.connect import connect
from creditchain.chain.networks import load_network
from creditchain.chain.signers import dev_signer
from creditchain.home.journal import open_journal
home = Path(sys.argv[1])
with connect(load_network('embedded'), home) as chain, open_journal(home / 'journal.sqlite') as journal:
    region = region_on(chain, journal)
    outbox = region.outbox(dev_signer(0, chain), journal)
    outbox.submit('admit', region.calls.admit(admission(dev_signer(1, chain).address)))
    print('go', flush=True)
    step = 0
    while True:
        outbox.submit(f'step {step}', set_profile(region, 1, step)); print(step, flush=True); step += 1
"""


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3, 0.5])
def test_a_killed_process_leaves_whole_blocks_and_its_journal_finishes(tmp_path: Path, seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CRASHING, str(tmp_path), str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    threading.Timer(seconds, os.kill, (process.pid, signal.SIGKILL)).start()
    done = [int(line) for line in process.stdout]
    process.wait()
    with connect(EMBEDDED, tmp_path) as chain, open_journal(tmp_path / "journal.sqlite") as journal:
        region: Region = region_on(chain, journal)
        size = region.log_size()
        # All that was told to be done is done; at most one more was under way.
        assert size - FOUNDED - 1 - len(done) in (0, 1)
        outbox = region.outbox(dev_signer(0, chain), journal)
        for step in range(len(done) + 2):
            outbox.submit(f"step {step}", set_profile(region, 1, step))
        entries = read_entries(region)
        assert len(entries) == FOUNDED + 1 + len(done) + 2
        profiles = [entry.body.profile_digest for entry in entries if isinstance(entry.body, NodeBody)]
        assert len(profiles) == len(set(profiles)) == 1 + len(done) + 2


def test_a_block_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk fills up in the middle of a block, the chain continues from the last complete block."""
    node = EmbeddedNode(3133710, tmp_path / "chain.sqlite")
    node.mine_empty()
    commit = node._store._commit

    def full() -> None:
        raise OSError("no space left")

    monkeypatch.setattr(node._store, "_commit", full)
    with pytest.raises(OSError, match="space"):
        node.mine_empty()
    monkeypatch.setattr(node._store, "_commit", commit)
    assert node.head().block_number == 1
    node.mine_empty()
    assert node.head().block_number == 2
    assert node.logs(LogFilter(0, 2)) == []
    node.close()


def test_a_deeply_nested_text_is_an_error_beside_py_evm() -> None:
    """py-evm raises the limit of recursion so far that such a text would end the process instead."""
    with pytest.raises(RecursionError):
        json.loads("[" * 100_000)

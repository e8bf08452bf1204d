"""An embedded chain behind an endpoint: other processes use it, and what is malformed harms nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from creditchain.chain.connect import connect
from creditchain.chain.embedded_server import embedded_endpoint
from creditchain.chain.networks import Network

CHAIN_ID = 3133710


@dataclass(frozen=True)
class Endpoint:
    url: str
    file: Path


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Endpoint]:
    file = tmp_path / "chain.sqlite"
    with embedded_endpoint(CHAIN_ID, file) as url:
        yield Endpoint(url, file)


def test_it_answers_as_a_node(endpoint: Endpoint) -> None:
    with connect(Network("there", "rpc", url=endpoint.url, chain_id=CHAIN_ID)) as chain:
        before = chain.head().number
        chain.request("evm_mine")
        assert chain.head().number == before + 1


def test_a_batch(endpoint: Endpoint) -> None:
    asked = [{"jsonrpc": "2.0", "id": number, "method": "eth_chainId", "params": []} for number in (1, 2)]
    answers = requests.post(endpoint.url, json=asked, timeout=60).json()
    assert [(one["id"], one["result"]) for one in answers] == [(1, hex(CHAIN_ID)), (2, hex(CHAIN_ID))]


@pytest.mark.parametrize(
    "body", [b"{", b"3", b"[1]", b"{}", b"\xff", b"[" * 100_000, b'{"id":1,"method":"eth_getBalance","params":[]}',
             b'{"id":1,"method":"eth_getBalance","params":["0x","x"]}']
)  # fmt: skip
def test_what_is_malformed(endpoint: Endpoint, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = requests.post(endpoint.url, data=body, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] in (-32600, -32602)
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    assert requests.post(endpoint.url, json=asked, timeout=60).json()["result"] == hex(CHAIN_ID)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_page_in_a_browser_may_send_unasked(endpoint: Endpoint, kind: str) -> None:
    """A browser sends these to any site; JSON only where the site allows it, and this one does not answer that."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'
    assert requests.post(endpoint.url, data=body, headers={"Content-Type": kind}, timeout=60).status_code == 415
    assert requests.options(endpoint.url, timeout=60).status_code == 501


def test_a_body_without_a_length(endpoint: Endpoint) -> None:
    headers = {"Content-Type": "application/json"}
    answer = requests.post(endpoint.url, data=iter([b"{}"]), headers=headers, timeout=60)
    assert answer.status_code == 415


def test_it_ends_with_its_block(tmp_path: Path) -> None:
    file = tmp_path / "chain.sqlite"
    with embedded_endpoint(CHAIN_ID, file) as url:
        pass
    with pytest.raises(requests.ConnectionError):
        requests.post(url, json=[], timeout=60)
    with embedded_endpoint(CHAIN_ID, file):
        pass

"""A key for each counterpart from one mnemonic."""

import pytest

from creditchain.hashing import keccak256
from creditchain.messages.enterprise_keys import KeyUse, MnemonicError, derive_key, key_path

WORDS = "test test test test test test test test test test test junk"
LOG, OTHER_LOG = keccak256(b"log 1"), keccak256(b"log 2")


def test_the_path() -> None:
    assert key_path(bytes([0x80, 0, 0, 3]) + bytes(28), KeyUse.DISPUTE, 7) == f"m/44'/60'/{(1 << 30) + 1}'/1/7"


def test_keys_differ_by_log_use_node_and_passphrase() -> None:
    keys = {
        derive_key(WORDS, log, use, node, passphrase).address
        for log in (LOG, OTHER_LOG)
        for use in KeyUse
        for node in (1, 2)
        for passphrase in ("", "x")
    }
    assert len(keys) == 16


def test_the_same_key_every_time() -> None:
    first, second = (derive_key(WORDS, LOG, KeyUse.CONSENT, 5) for _ in range(2))
    assert first.key == second.key


@pytest.mark.parametrize("words", ["", "a b c", "test " * 12, WORDS + " junk", WORDS.replace("junk", "secretword")])
def test_words_that_are_no_mnemonic_are_not_repeated(words: str) -> None:
    with pytest.raises(MnemonicError) as caught:
        derive_key(words, LOG, KeyUse.CONSENT, 1)
    assert "secretword" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("node", [0, -1, 1 << 24])
def test_no_such_node(node: int) -> None:
    with pytest.raises(ValueError, match="node number"):
        key_path(LOG, KeyUse.CONSENT, node)

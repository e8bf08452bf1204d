"""Who signs checkpoints: governors name members' keys, in epochs that stay in cells."""

import pytest
from brownie import accounts
from world import (
    BUREAU,
    PLATFORM,
    REGULATOR,
    SIGNER,
    SOURCE,
    Kind,
    admit_writer,
    assert_logged,
    body_hash,
    deploy,
    new_key,
    refused,
    value,
)

KEYS = sorted((new_key(number)[1] for number in range(20, 24)), key=lambda address: int(address, 16))
SET = [(KEYS[0], PLATFORM), (KEYS[1], REGULATOR), (KEYS[2], BUREAU)]


@pytest.fixture(scope="module")
def signers(region):
    made = deploy("CheckpointSigners", region.manager, region.log)
    admit_writer(region.log, made, "CheckpointSigners")
    return made


def cells(region, epoch, count):
    return [value(region, SIGNER, epoch << 8 | place) for place in range(1, count + 2)]


def test_epochs(region, signers):
    tx = signers.setSigners(SET, 2)
    body = body_hash(("uint32", 1), ("uint8", 2), ("uint256", 3))
    assert_logged(region, tx, signers, (Kind.SIGNERS, body))
    assert (value(region, SIGNER, 0), value(region, SIGNER, 1 << 8)) == (1, 3 | 2 << 8)
    first = [int(key, 16) | node << 160 for key, node in SET]
    assert cells(region, 1, 3) == [*first, 0]
    assert signers.setSigners([(KEYS[3], PLATFORM)], 1).return_value == 2
    assert (value(region, SIGNER, 0), value(region, SIGNER, 2 << 8)) == (2, 1 | 1 << 8)
    assert cells(region, 1, 3) == [*first, 0]
    assert cells(region, 2, 1) == [int(KEYS[3], 16) | PLATFORM << 160, 0]


def test_how_many(signers):
    many = [(f"0x{number:040x}", PLATFORM) for number in range(1, 66)]
    for wrong in ([], many):
        with refused("CheckpointSignersCount", len(wrong)):
            signers.setSigners(wrong, 1)
    signers.setSigners(many[:64], 33)


@pytest.mark.parametrize("threshold", [0, 1, 4])
def test_two_sets_cannot_sign_against_each_other(signers, threshold):
    with refused("CheckpointSignersThreshold", 3, threshold):
        signers.setSigners(SET, threshold)


def test_a_key_signs_once(signers):
    for wrong in ([SET[0], SET[0]], [SET[1], SET[0]], [("0x" + "00" * 20, PLATFORM)]):
        with refused("CheckpointSignersOrder", wrong[-1][0]):
            signers.setSigners(wrong, len(wrong))


def test_signers_are_members(region, signers):
    region.nodes.suspend(BUREAU)
    with refused("CheckpointSignersInactive", KEYS[2], BUREAU):
        signers.setSigners(SET, 2)
    with refused("CheckpointSignersInactive", KEYS[0], 99):
        signers.setSigners([(KEYS[0], 99)], 1)


def test_only_governors(signers):
    with refused("AccessManagedUnauthorized", accounts[SOURCE]):
        signers.setSigners(SET, 2, {"from": accounts[SOURCE]})

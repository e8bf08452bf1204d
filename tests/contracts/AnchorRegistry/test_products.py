"""Which products may be published: governors launch and withdraw them."""

import pytest
from brownie import accounts
from world import NO_WORD, PRODUCTS, SOURCE, Kind, assert_logged, batch, body_hash, number_hash, refused

NONE, LAUNCHED, WITHDRAWN = range(3)
ROOT, DIGEST = number_hash("root", 1), number_hash("product", 9)


def anchor(region, product):
    number = region.anchors.published(SOURCE, 1).dict()["batches"] + 1
    return region.anchors.anchor(batch(number, ROOT, product=product), {"from": accounts[SOURCE]})


def test_launch(region):
    tx = region.anchors.launchProduct(9, DIGEST)
    body = body_hash(("uint32", 9), ("bytes32", DIGEST), ("uint8", LAUNCHED))
    assert_logged(region, tx, region.anchors, (Kind.PRODUCT, body))
    assert region.anchors.productOf(9).dict() == {"state": LAUNCHED, "digest": "0x" + DIGEST[:24].hex()}
    assert list(region.anchors.products(1, 10)) == [*PRODUCTS, 9]
    anchor(region, 9)


def test_withdraw(region):
    region.anchors.launchProduct(9, DIGEST)
    tx = region.anchors.withdrawProduct(9)
    body = body_hash(("uint32", 9), ("bytes32", NO_WORD), ("uint8", WITHDRAWN))
    assert_logged(region, tx, region.anchors, (Kind.PRODUCT, body))
    assert region.anchors.productOf(9).dict() == {"state": WITHDRAWN, "digest": "0x" + DIGEST[:24].hex()}
    assert list(region.anchors.products(1, 10)) == [*PRODUCTS, 9]


def test_anchoring_a_product_that_was_never_launched(region):
    assert region.anchors.productOf(9).dict() == {"state": NONE, "digest": "0x" + "00" * 24}
    for product in (9, 0):
        with refused("AnchorRegistryProduct", product, NONE):
            anchor(region, product)


def test_anchoring_a_product_that_is_withdrawn(region):
    anchor(region, PRODUCTS[0])
    region.anchors.withdrawProduct(PRODUCTS[0])
    with refused("AnchorRegistryProduct", PRODUCTS[0], WITHDRAWN):
        anchor(region, PRODUCTS[0])
    anchor(region, PRODUCTS[1])


@pytest.mark.parametrize(("number", "digest"), [(0, DIGEST), (9, NO_WORD), (0, NO_WORD)])
def test_a_product_without_number_or_digest(region, number, digest):
    with refused("AnchorRegistryNoProduct", number, digest):
        region.anchors.launchProduct(number, digest)


def test_a_number_never_gets_another_product(region):
    with refused("AnchorRegistryProduct", PRODUCTS[0], LAUNCHED):
        region.anchors.launchProduct(PRODUCTS[0], DIGEST)
    region.anchors.withdrawProduct(PRODUCTS[0])
    with refused("AnchorRegistryProduct", PRODUCTS[0], WITHDRAWN):
        region.anchors.launchProduct(PRODUCTS[0], DIGEST)


def test_withdrawing_what_is_not_launched(region):
    with refused("AnchorRegistryProduct", 9, NONE):
        region.anchors.withdrawProduct(9)
    region.anchors.withdrawProduct(PRODUCTS[0])
    with refused("AnchorRegistryProduct", PRODUCTS[0], WITHDRAWN):
        region.anchors.withdrawProduct(PRODUCTS[0])

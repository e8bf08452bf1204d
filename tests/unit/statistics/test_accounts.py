"""Statements of account: to the fen by the price list, every delivery once, equal to the log as of a block."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from counted_world import BANK, BUREAU, DAY, INSURER, LOG_ID, PLATFORM, PRODUCTS, START, World, item, random_item

from creditchain.acts.accounting import Parties, check_account, make_account
from creditchain.chain.signers import LocalSigner
from creditchain.consents.errors import ForeignFileError
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.messages import SignatureError
from creditchain.packages.account_file import AccountFile, Apart, MonthlyAccount, parse_account
from creditchain.packages.fields import PackageError
from creditchain.packages.price_list import PriceList, Tier, parse_price_list

NAMES = {PRODUCTS[0]: "one-report/1", PRODUCTS[1]: "another-report/2"}
LIST = f"""\
# 价目表 2026
format = "creditchain/price-list@1"
provider = {PLATFORM}
[prices]
"one-report/1" = 150
"another-report/2" = [{{ from = 1, fen = 120 }}, {{ from = 3, fen = 100 }}, {{ from = 5, fen = 33 }}]
""".encode()
PRICES = parse_price_list(LIST)
MONTH = 202512
WHOSE = Parties(BANK, PLATFORM, MONTH)
KEY = LocalSigner(keccak256(b"the platform's key"))
OTHER_KEY = LocalSigner(keccak256(b"somebody else's key"))


def under_terms(nonce: int, **changes: Any) -> Any:
    return item(nonce, **{"terms": PRICES.digest, **changes})


@pytest.fixture
def world() -> World:
    """Seven deliveries of another-report, three of one-report, and others that are not charged."""
    made = World()
    made.admit(PLATFORM, int(KEY.address, 16))
    made.admit(BUREAU, int(OTHER_KEY.address, 16))
    made.meter(*(under_terms(n, product=PRODUCTS[1]) for n in range(7)))
    made.meter(*(under_terms(10 + n, flags=4 * (n % 2)) for n in range(3)))
    made.meter(under_terms(20, flags=1), under_terms(21, flags=2), under_terms(22, flags=2))
    made.meter(item(30, terms=bytes(32)), item(31, terms=keccak256(b"last year's")))
    made.meter(under_terms(40, product=keccak256(b"a report without a price")))
    made.meter(
        under_terms(50, institution=INSURER),
        under_terms(51, provider=BUREAU),
        under_terms(52, delivered_at=START - 30 * DAY),
        under_terms(53, delivered_at=START + 30 * DAY),
    )
    return made


def made(world: World, signer: LocalSigner | None = None) -> AccountFile:
    """The statement; signed without asking a chain whose key it is."""
    account = make_account(world.region(), WHOSE, PRICES, NAMES).file.account
    return AccountFile(account, b"" if signer is None else signer.sign_typed(account.message.typed_data()))


def test_each_delivery_is_charged_or_shown_apart_once(world: World) -> None:
    account = made(world).account
    assert {line.name: (line.count, line.fen) for line in account.charged} == {
        "one-report/1": (3, 450),
        "another-report/2": (7, 2 * 120 + 2 * 100 + 3 * 33),
    }
    assert account.total_fen == 450 + 539
    told = [(line.why, line.flags, line.count) for line in account.apart]
    assert sorted(told) == [
        (Apart.FLAGGED, 1, 1),
        (Apart.FLAGGED, 2, 2),
        (Apart.NO_PRICE, 0, 1),
        (Apart.OTHER_TERMS, 0, 1),
        (Apart.OTHER_TERMS, 0, 1),
    ]
    assert account.charged_count + account.apart_count == 16
    log = world.region().log_head(world.region().chain.final_block().number)
    assert (account.size, account.root) == log


def test_random_deliveries_add_up() -> None:
    random, world = Random(5), World()  # noqa: S311 - not for keys
    items = []
    for n in range(400):
        one = replace(random_item(random, n, START), terms=random.choice((PRICES.digest, bytes(32))))
        items.append(one)
        world.meter(one)
    month = [one for one in items if (one.institution, one.provider) == (BANK, PLATFORM)]
    account = make_account(world.region(), replace(WHOSE, month=202511), PRICES, NAMES).file.account
    before = [one for one in month if one.delivered_at < 1_764_518_400 and one.delivered_at >= 1_761_926_400]
    assert len(before) > 10
    assert account.charged_count + account.apart_count == len(before)
    charged = [one for one in before if one.terms == PRICES.digest and not one.flags & ~4]
    assert account.charged_count == len(charged)
    plain = sum(1 for one in charged if one.product == PRODUCTS[0])
    assert sum(line.fen for line in account.charged if line.name == "one-report/1") == 150 * plain


def test_a_month_without_deliveries(world: World) -> None:
    account = make_account(world.region(), replace(WHOSE, month=202001), PRICES, NAMES).file.account
    assert (account.charged, account.apart, account.total_fen) == ((), (), 0)


def test_a_signed_statement_holds_also_when_the_log_has_grown(world: World) -> None:
    file = parse_account(made(world, KEY).to_json())
    world.meter(under_terms(60))
    found = check_account(world.region(), file, PRICES, NAMES)
    assert (found.holds, found.signer, found.differences) == (True, KEY.address, ())
    assert found.block.number == file.account.block.number + 1
    later = made(world).account
    assert later.charged_count == file.account.charged_count + 1


def test_nobody_signed_or_somebody_else_did(world: World) -> None:
    unsigned = check_account(world.region(), made(world), PRICES, NAMES)
    assert (unsigned.holds, unsigned.signer, unsigned.differences) == (False, None, ())
    others = check_account(world.region(), made(world, OTHER_KEY), PRICES, NAMES)
    assert (others.holds, others.signed, others.signer) == (False, False, OTHER_KEY.address)


CHANGES: dict[str, Any] = {
    "charged": lambda account: {"charged": (replace(account.charged[0], fen=1), *account.charged[1:])},
    "apart": lambda account: {"apart": account.apart[1:]},
    "root": lambda account: {"root": bytes(32)},
    "block": lambda account: {"block": replace(account.block, time=account.block.time + 1)},
    "institution": lambda account: {"institution": INSURER},
    "month": lambda account: {"month": 202601},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_provider_that_signs_what_the_log_does_not_say(world: World, name: str) -> None:
    account: MonthlyAccount = replace(made(world).account, **CHANGES[name](made(world).account))
    file = AccountFile(account, KEY.sign_typed(account.message.typed_data()))
    found = check_account(world.region(), file, PRICES, NAMES)
    assert found.signed
    assert not found.holds
    assert found.differences
    if name not in ("institution", "month"):
        assert found.differences == (name,)


def test_a_statement_altered_after_it_was_signed(world: World) -> None:
    file = made(world, KEY)
    account = replace(file.account, charged=(replace(file.account.charged[0], count=1), *file.account.charged[1:]))
    found = check_account(world.region(), replace(file, account=account), PRICES, NAMES)
    assert (found.holds, found.signed, found.differences) == (False, False, ("charged",))


def test_a_block_at_which_the_log_had_another_size(world: World) -> None:
    account = made(world).account
    early = replace(account, size=account.size - 1, root=world.chain.heads[-2][1])
    assert check_account(world.region(), AccountFile(early), PRICES, NAMES).differences == ("block",)
    wrong = replace(account, size=account.size - 1)
    assert check_account(world.region(), AccountFile(wrong), PRICES, NAMES).differences == ("block", "root")


def test_what_cannot_be_checked(world: World) -> None:
    file = made(world, KEY)
    account = file.account
    with pytest.raises(ForeignFileError):
        check_account(world.region(), replace(file, account=replace(account, log_id=bytes(32))), PRICES, NAMES)
    with pytest.raises(InputError, match="another price list"):
        check_account(world.region(), file, replace(PRICES, digest=bytes(32)), NAMES)
    with pytest.raises(InputError, match="not final here"):
        check_account(world.region(), replace(file, account=replace(account, size=10**6)), PRICES, NAMES)
    with pytest.raises(InputError, match="another provider"):
        make_account(world.region(), replace(WHOSE, provider=BUREAU), PRICES, NAMES)
    with pytest.raises(SignatureError):
        check_account(world.region(), replace(file, signature=bytes(64)), PRICES, NAMES)


def test_the_file_holds_all_of_it_and_its_total(world: World) -> None:
    file = made(world, KEY)
    raw = file.to_json()
    assert parse_account(raw) == file
    assert file.account.message.domain.log_id == LOG_ID
    with pytest.raises(PackageError, match="wrong shape"):
        parse_account(raw.replace(b'"total_fen": "989"', b'"total_fen": "988"'))


@pytest.mark.parametrize(
    ("count", "fen"), [(0, 0), (1, 120), (2, 240), (3, 340), (4, 440), (5, 473), (1_000_000, 440 + 999_996 * 33)]
)
def test_tiers_count_from_the_first_delivery_of_a_month(count: int, fen: int) -> None:
    assert PRICES.amount("another-report/2", count) == fen
    assert PRICES.amount("one-report/1", count) == 150 * count
    assert PRICES.amount("unknown/1", count) is None


def test_the_digest_is_that_of_the_files_bytes() -> None:
    assert (
        PriceList(
            PLATFORM,
            {"one-report/1": (Tier(1, 150),), "another-report/2": (Tier(1, 120), Tier(3, 100), Tier(5, 33))},
            keccak256(LIST),
        )
        == PRICES
    )


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("creditchain/price-list@1", "creditchain/price-list@2", "format"),
        ("provider = 4", "provider = 0", "provider"),
        ("provider = 4", 'provider = "4"', "provider"),
        ("= 150", "= -1", "prices.one-report/1.fen"),
        ("= 150", "= 1.5", "prices.one-report/1"),
        ("= 150", "= true", "prices.one-report/1.fen"),
        ("= 150", "= []", "prices.one-report/1"),
        ("= 150", "= [{ from = 2, fen = 1 }]", "prices.one-report/1[0].from"),
        ("= 150", "= [{ from = 1, fen = 1 }, { from = 1, fen = 2 }]", "prices.one-report/1[1].from"),
        ("= 150", "= [{ from = 1 }]", "prices.one-report/1[0].fen"),
        ("= 150", "= [{ from = 1, fen = 1, to = 2 }]", "prices.one-report/1[0]"),
        ('"one-report/1"', '"一号报告/1"', "prices"),
        ("[prices]", "surprise = 1\n[prices]", "(the whole file)"),
    ],
)
def test_a_wrong_price_list_names_its_field(old: str, new: str, field: str) -> None:
    assert old in LIST.decode()
    with pytest.raises(PackageError) as caught:
        parse_price_list(LIST.decode().replace(old, new).encode())
    assert caught.value.place is not None
    assert caught.value.place.field == field


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"not toml at all", b"x" * (1 << 19), b"format = 1"])
def test_what_is_no_price_list(raw: bytes) -> None:
    with pytest.raises(PackageError):
        parse_price_list(raw)

"""Governors annul what a stolen key published, close a node that shows nothing any more, and set limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Commands
from region_world import REGULATOR, SOURCE, Place, anchor_documents, enter_book, region_of, send
from worlds import embedded_region

from creditchain.acts.showing import Shower
from creditchain.chain.limits import LimitReads
from creditchain.chain.signers import dev_signer
from creditchain.identifiers import exception_digest, parse_subject, well_formed_subject
from creditchain.log.entries import BookBody

GOVERNOR = "dev:0"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return embedded_region(tmp_path)


def test_a_batch_and_a_book_of_a_stolen_key_are_annulled(place: Place) -> None:
    creditchain = Commands(place.folder)
    batch = anchor_documents(place, (2024,), 1)
    book = enter_book(place, batch)
    with region_of(place) as region:
        key = dev_signer(SOURCE, region.chain).address
    root = "0x" + batch[0].batch.root.hex()
    words = ("audit", "annul", root, "--node", str(SOURCE), "--key", key, "--reason", "stolen")
    sound = creditchain(*words, "--signer", GOVERNOR)
    assert "AuditRegistryKeySound" in sound.error["message"]
    admitted = creditchain.done("node", "show", str(SOURCE))["admitted"]
    creditchain.done("node", "compromise", str(SOURCE), "--since", admitted, "--signer", GOVERNOR)
    assert "AccessManagedUnauthorized" in creditchain(*words, "--signer", "dev:1").error["message"]
    done = creditchain.done(*words, "--signer", GOVERNOR)
    assert done == creditchain.done(*words, "--signer", GOVERNOR), "the same act"
    of_book = [word if word != root else "0x" + book.root.hex() for word in words]
    entered = creditchain.done(*of_book, "--book", "--signer", GOVERNOR)
    with region_of(place) as region:
        assert region.flags(done["entry"]).annulled
        assert region.flags(entered["entry"]).annulled
    unknown = creditchain(*words[:2], "0x" + "12" * 32, *words[3:], "--signer", GOVERNOR)
    assert (unknown.code, unknown.error["kind"]) == (4, "InputError")


def test_a_book_that_a_thief_audited_is_annulled(place: Place) -> None:
    """The one before it, which an honest key audited, takes its place."""
    creditchain = Commands(place.folder)
    batches = [anchor_documents(place, (2023,), 1)]
    sound = audited(place, enter_book(place, *batches))
    batches.append(anchor_documents(place, (2024,), 2))
    book = enter_book(place, *batches)
    wrong = audited(place, book)
    with region_of(place) as region:
        flags, key = region.flags(wrong), dev_signer(REGULATOR, region.chain).address
        assert flags.auditor == key
        theft = region.calls.set_compromises(key, [(flags.audited_at, flags.audited_at)])
        send(place, region, 0, "stolen", theft)
        assert region.published(SOURCE, 1).audited_book == wrong
    creditchain.done(
        *("audit", "annul", "0x" + book.root.hex(), "--book", "--node", str(SOURCE), "--key", key),
        *("--reason", "the auditor's key was stolen", "--signer", GOVERNOR),
    )
    with region_of(place) as region:
        assert region.flags(wrong).annulled
        assert region.published(SOURCE, 1).audited_book == sound


def audited(place: Place, book: BookBody) -> int:
    """A regulator attests an audit of a book; the entry of the book."""
    with region_of(place) as region:
        shown = Shower(region).book(SOURCE, 1, book.root)
        call = region.calls.attest_audit(REGULATOR, shown, restored=False, report_digest=b"" * 32)
        send(place, region, REGULATOR, f"audit {shown.entry.index}", call)
    return shown.entry.index


def test_a_node_is_closed_and_opened_again(place: Place) -> None:
    creditchain = Commands(place.folder)
    anchor_documents(place, (2024,), 1)
    close = ("node", "close", str(SOURCE), "--from-entry", "2", "--reason", "it serves no proofs", "--signer", GOVERNOR)
    for _ in range(2):
        assert creditchain.done(*close)["closed_from"] == 2
    reopen = ("node", "reopen", str(SOURCE), "--reason", "it does again", "--signer", GOVERNOR)
    assert creditchain.done(*reopen)["closed_from"] is None
    assert creditchain.done(*close)["closed_from"] == 2
    late = creditchain(*close[:4], "99999", *close[5:])
    assert (late.code, late.error["found"]) == (4, "99999")


def test_limits(place: Place) -> None:
    creditchain = Commands(place.folder)
    assert creditchain.done("limit", "list") == {
        "open_domains": [],
        "delivery_age_seconds": 691200,
        "accepted_numbers": [],
    }
    for domains in ("registry", "registry,tax", "registry"):
        found = creditchain.done("limit", "open-domains", domains, "--signer", GOVERNOR)
        assert found["open_domains"] == domains.split(",")
    assert (
        creditchain.done("limit", "delivery-age", "--days", "4", "--signer", GOVERNOR)["delivery_age_seconds"] == 345600
    )
    size = creditchain.done("log", "root")["size"]
    creditchain.done("limit", "delivery-age", "--days", "4", "--signer", GOVERNOR)
    assert creditchain.done("log", "root")["size"] == size


def test_a_number_is_accepted_by_its_digest(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG_KEY", "0x" + "42" * 32)
    creditchain = Commands(place.folder)
    number = "914403001922038217"  # its last character should be 6
    digest = creditchain.done("tag", "exception", "--number", number)["digest"]
    upload = place.folder / "exception.jsonl"
    creditchain.done("sample", "--product", "registry-basic/1", "--records", "1", "-o", str(upload))
    line = json.loads(upload.read_text())
    line["subject"]["number"] = number
    upload.write_text(json.dumps(line, ensure_ascii=False))
    state = ("tag", "state", "--platform", "1", "--number", number, "--output", "s.json", "--tag-key", "env:TAG_KEY")
    assert digest == "0x" + exception_digest(well_formed_subject("USCC", number)).hex()
    for times in range(2):
        found = creditchain.done("limit", "accept", digest, "--signer", GOVERNOR)
        assert found["accepted_numbers"] == [digest[:52]]
        with region_of(place) as region:
            accepted = LimitReads(region).exceptions()
        assert parse_subject("USCC", number, accepted).number == number
        # Commands that take a number accept it too: this one goes on, and fails for want of a signer.
        assert creditchain(*state).error["kind"] == "UsageError"
        assert creditchain("upload", "check", str(upload), "--product", "registry-basic/1", "--governed").code == 0
        found = creditchain.done("limit", "refuse", digest, "--signer", GOVERNOR)
        assert found["accepted_numbers"] == [], times
        assert creditchain(*state).error["kind"] == "IdentifierError"
        assert creditchain("upload", "check", str(upload), "--product", "registry-basic/1", "--governed").code == 4
    assert creditchain("limit", "accept", "0x12", "--signer", GOVERNOR).code == 2

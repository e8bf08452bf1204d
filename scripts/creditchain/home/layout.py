"""The layout of the home folder: the one place that knows which file lies where.

    <home>/journal.sqlite              transactions signed, batches under way
    <home>/journal-database.json       says that the journal is in a database instead; not in backups
    <home>/keys/NAME.json              keystores of operators and tag keys
    <home>/profiles/DIGEST.json        profiles of members, by their digest on chain
    <home>/embedded/NETWORK.sqlite     embedded chains
    <home>/devnet/                     state and logs of local Anvil chains
    <home>/exchange-secret             tells an exchange its own challenges from others
    <home>/locks/                      locks of running processes; not in backups
    <home>/backup-id                   tells this home's backups from another's
    <home>/regions/LOG_ID/batches/ROOT/     what this node published
    <home>/regions/LOG_ID/books/ROOT/       its books; not in backups
    <home>/regions/LOG_ID/index/            the log as read so far; not in backups
    <home>/regions/LOG_ID/secrets/          keys of secrets of batches under way
    <home>/regions/LOG_ID/audited/ROOT/     leaf lists that this node audited
    <home>/regions/LOG_ID/reasons/          reasons whose salted digest is on chain
    <home>/regions/LOG_ID/checkpoints/      what keys signed, so that none contradicts itself
    <home>/regions/LOG_ID/loans/            lists behind monthly loan reports
    <home>/regions/LOG_ID/nonces/           the last nonce of requests to each provider
    <home>/regions/LOG_ID/webhooks/         keys of secrets of webhooks, and of what members watch
    <home>/regions/LOG_ID/complaints/       keys of what enterprises complained about, and of the answers
    <home>/regions/LOG_ID/received/         reports that this node received, sealed, for as long as it may keep them
    <home>/regions/LOG_ID/uploads/          what an operator sent to its exchange, until it is anchored
    <home>/regions/LOG_ID/answers/          keys of what an exchange answered lately; not in backups
    <home>/regions/LOG_ID/orders/           keys of orders that are open or wait to be fetched

What belongs to a region lies under the id of its log (64 hex digits). Two networks, or a chain that was started anew,
are other logs, so their state never mixes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from creditchain.errors import ConfigError, Place
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.files import private_folder

_LOG_ID_BYTES = 32
#: Any of these shows that a folder is a home.
_SIGNS = (
    "journal.sqlite",
    "journal-database.json",
    "keys",
    "profiles",
    "embedded",
    "devnet",
    "regions",
    "batches",
    "backup-id",
)


@dataclass(frozen=True, slots=True)
class RegionHome:
    """The folders of one region's log. They exist once something was written there."""

    path: Path
    locks: Path  #: shared by all regions of the home; names of locks carry the log id

    @property
    def batches(self) -> Path:
        """Folders of batches, each named by its root in hex."""
        return self.path / "batches"

    @property
    def books(self) -> Path:
        """Folders of books, each named by its root in hex. They can be made again from the batches."""
        return self.path / "books"

    @property
    def index(self) -> Path:
        """The region's log as it was read and checked so far. It can be read again from the chain."""
        return self.path / "index"

    @property
    def index_lock(self) -> Path:
        """The lock of the process that extends the index."""
        return self.locks / f"index-{self.path.name}"

    @property
    def secrets(self) -> Path:
        """Keys that open the secrets of batches under way; each is destroyed once its batch is final."""
        return self.path / "secrets"

    @property
    def audited(self) -> Path:
        """Leaf lists that this node, a regulator, has audited."""
        return self.path / "audited"

    @property
    def reasons(self) -> Path:
        """Texts that stay off chain; the chain has their salted digests."""
        return self.path / "reasons"

    @property
    def checkpoints(self) -> Path:
        """What keys signed of the region, one file a key."""
        return self.path / "checkpoints"

    @property
    def loans(self) -> Path:
        """Lists of queries behind monthly loan reports."""
        return self.path / "loans"

    @property
    def answers(self) -> Path:
        """Keys that open what an exchange answered lately; each is destroyed when its answers are old enough."""
        return self.path / "answers"

    @property
    def webhooks(self) -> Path:
        """Keys that open secrets of webhooks, and say which enterprises members watch at an exchange."""
        return self.path / "webhooks"

    @property
    def orders(self) -> Path:
        """Keys that open what orders to an exchange say, and what was delivered; each is destroyed when it is over."""
        return self.path / "orders"

    @property
    def complaints(self) -> Path:
        """Keys that open what enterprises complained about at an exchange, and the answers."""
        return self.path / "complaints"

    @property
    def received(self) -> Path:
        """Reports that this node received, one sealed file each, until they may not be kept any longer."""
        return self.path / "received"

    @property
    def uploads(self) -> Path:
        """Files that operators sent to their exchanges, by node, until nothing is left to be done with them."""
        return self.path / "uploads"

    @property
    def nonces(self) -> Path:
        """The last nonces of requests that this home gave out, by institution and provider."""
        return self.path / "nonces"


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder. Making one of these touches no disk; see `existing` and `made`."""

    path: Path
    database: DatabaseAddress | None = None  #: the journal's, if it is not in its file

    @classmethod
    def existing(cls, path: Path, database: DatabaseAddress | None = None) -> Home:
        """The home at `path`, for commands that read. Raises ConfigError where there is none; never makes one."""
        if not cls(path).exists():
            raise ConfigError(
                "there is no home here",
                hint="Run this in the folder of your home, or name it with --home or CREDITCHAIN_HOME.",
                place=Place(str(path)),
            )
        return cls(path, database)

    def exists(self) -> bool:
        """Whether there is a home here."""
        return any((self.path / sign).exists() for sign in _SIGNS)

    @classmethod
    def made(cls, path: Path, database: DatabaseAddress | None = None) -> Home:
        """The home at `path`, created for its owner alone if it is missing. Raises StorageError."""
        return cls(private_folder(path), database)

    @property
    def journal(self) -> Path:
        """The journal, an SQLite database, if it is not in a database on a server."""
        return self.path / "journal.sqlite"

    @property
    def journal_database(self) -> Path:
        """The note that the journal is in a database (home/whereabouts.py)."""
        return self.path / "journal-database.json"

    @property
    def keys(self) -> Path:
        """Keystores."""
        return self.path / "keys"

    def key(self, name: str) -> Path:
        """The keystore of this name."""
        return self.keys / f"{name}.json"

    @property
    def profiles(self) -> Path:
        """Profiles of members, each named by its digest in hex, which is unique over all regions."""
        return self.path / "profiles"

    def embedded_chain(self, network: str) -> Path:
        """The embedded chain of this network, an SQLite database."""
        return self.path / "embedded" / f"{network}.sqlite"

    @property
    def devnet(self) -> Path:
        """State and logs of local Anvil chains."""
        return self.path / "devnet"

    @property
    def locks(self) -> Path:
        """Locks of running processes. They mean nothing to other machines, and are not in backups."""
        return self.path / "locks"

    @property
    def backup_id(self) -> Path:
        """A random id, so that a backup of one home never replaces another's."""
        return self.path / "backup-id"

    @property
    def exchange_secret(self) -> Path:
        """What an exchange makes and recognises its challenges by, 32 bytes."""
        return self.path / "exchange-secret"

    @property
    def regions(self) -> Path:
        """Folders of regions, each named by the id of its log in hex."""
        return self.path / "regions"

    def region(self, log_id: bytes) -> RegionHome:
        """What belongs to the region with this log id (32 bytes)."""
        if len(log_id) != _LOG_ID_BYTES:
            raise ValueError(f"a log id has {_LOG_ID_BYTES} bytes, not {len(log_id)}")
        return RegionHome(self.regions / log_id.hex(), self.locks)

    def known_regions(self) -> dict[bytes, RegionHome]:
        """The regions that something was written for, by log id."""
        found = sorted(self.regions.iterdir()) if self.regions.is_dir() else []
        return {
            bytes.fromhex(path.name): self.region(bytes.fromhex(path.name))
            for path in found
            if len(path.name) == 2 * _LOG_ID_BYTES and set(path.name) <= set("0123456789abcdef")
        }

"""Facts that one endpoint proves, under a block's hash that is trusted (docs/format.md section 9).

Words of cells follow from the hash by `eth_getProof`. So does the root of the log, and the entries are believed because
all of them together give that root. The endpoint's word counts for nothing; it can only refuse to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final

from creditchain.chain.proving import proven_words
from creditchain.chain.region import Region
from creditchain.errors import UsageError
from creditchain.log.allowance import Allowance
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.views import BlockRef, LogEntry

#: Gives every entry of the log up to a size, checked against the root there (32 bytes).
EntriesUpTo = Callable[[FactsHead], Sequence[LogEntry]]


class ProvenFacts:
    """Cells by proofs, entries by the proven root. Nothing else is asked in the place of what cannot be proven."""

    basis: Final = Basis.PROVEN

    def __init__(
        self,
        region: Region,
        trusted: BlockRef | None,
        entries: EntriesUpTo,
        allowance: Allowance | None = None,
    ) -> None:
        """
        Args:
            trusted: a block whose hash is trusted, as a checkpoint names one. If it is None, the newest final one,
                which all endpoints have to name alike.
            entries: whence entries come.
            allowance: how much may be asked for; None: as much as is needed.
        Raises:
            UsageError: one endpoint alone would name the hash, so that it could prove anything.
        """
        if trusted is None and not region.chain.network.witnesses:
            raise UsageError(
                "facts are proven under the hash of a block, and one endpoint's word for that hash proves nothing",
                hint="Name another endpoint with --rpc, or a checkpoint with --checkpoint.",
            )
        self._region, self._trusted = region, trusted
        self._read_entries, self._allowance = entries, allowance
        self._entries: dict[int, LogEntry] = {}
        self._words: dict[bytes, bytes] = {}
        self._ahead: dict[bytes, None] = {}

    @cached_property
    def block(self) -> BlockRef:
        """The block under whose hash all is proven."""
        return self._region.chain.final_block() if self._trusted is None else self._trusted

    @cached_property
    def _size(self) -> int:
        return self._prove([])

    @cached_property
    def head(self) -> FactsHead:
        """Size and root of the log, proven."""
        found = proven_words(
            self._region.chain,
            self._region.deployment,
            [],
            number=self.block.number,
            trusted=self.block.hash,
            peaks=self._size.bit_count(),
        )
        return FactsHead(found.size, found.root, self.block)

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """Have these cells proven along with the next ones. Entries need no word ahead: all of them are read."""
        del entries
        self._ahead.update((key, None) for key in cells if key not in self._words)

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of cells, see `Facts.words`. Raises LyingEndpointError for what is not proven."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._words]
        if missing:
            self._prove(missing)
        return [self._words[key] for key in keys]

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """The entries of these places, see `Facts.entries`. Raises LyingEndpointError unless all give the root."""
        for one in wanted:
            if not 0 <= one.index < len(self._log):
                raise MissingFactError(f"the log has no entry {one.index}", f"日志没有第 {one.index} 条")
        missing = {one.index for one in wanted} - self._entries.keys()
        if self._allowance is not None:
            self._allowance.read(len(missing))
        self._entries.update((index, self._log[index]) for index in missing)
        return [self._entries[one.index] for one in wanted]

    @cached_property
    def _log(self) -> Sequence[LogEntry]:
        return self._read_entries(self.head)

    def _prove(self, keys: Sequence[bytes]) -> int:
        """Have these cells proven, and all that are expected; the size of the log."""
        if self._allowance is not None:
            self._allowance.exchange()
        asked = list(dict.fromkeys((*keys, *(key for key in self._ahead if key not in self._words))))
        self._ahead = {}
        chain, block = self._region.chain, self.block
        found = proven_words(chain, self._region.deployment, asked, number=block.number, trusted=block.hash)
        self._words.update(found.words)
        self.__dict__.setdefault("_size", found.size)
        return found.size

"""Members of a region by its cells (docs/format.md section 5): nodes, their keys, their past, keys in other hands.

Pure: `Read` gives the words of cells, from a chain at one block, from a replayed log or from proofs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

from creditchain.hashing import checksummed
from creditchain.log.cells import ENTRY_BYTES, cell_key
from creditchain.log.views import Compromise, MemberAt, NodeInfo
from creditchain.vocabulary import NodeStatus, Space

#: The words (32 bytes each) of cells, by their keys (32 bytes each).
Read: TypeAlias = Callable[[Sequence[bytes]], Sequence[bytes]]

#: Cells read in one call. 1,000 take some 2.3 million gas.
_AT_ONCE: Final = 1000
_PROFILE_LOW, _ANSWERER, _PROFILE_HIGH = 1 << 32, 2 << 32, 3 << 32
_MORE: Final = 1 << 64


def node_key(number: int) -> bytes:
    """The key of a node's `NODE` cell, 32 bytes."""
    return cell_key(Space.NODE, number)


def member_key(number: int) -> bytes:
    """The key of a node's `MEMBER` cell, 32 bytes."""
    return cell_key(Space.MEMBER, number)


def operator_key(address: str) -> bytes:
    """The key of the cell that says whose a key is, 32 bytes. `address`: 0x and 40 hex digits."""
    return cell_key(Space.KEY, int(address, 16))


def compromise_key(address: str) -> bytes:
    """The key of the cell with the intervals in which a key was in other hands, 32 bytes."""
    return cell_key(Space.COMPROMISE, int(address, 16))


@dataclass(frozen=True, slots=True)
class Term:
    """What decides who acts for a node, from `since` (unix seconds) until the next term begins."""

    operator: str | None
    active: bool
    host: int  #: 0 for a physical node
    until: int  #: end of a guest's membership; 0 for none
    since: int


@dataclass(frozen=True, slots=True)
class _Seat:
    """A node by its two cells."""

    role: int
    status: int
    domains: int
    marked: bool
    division: int
    status_at: int
    past: int  #: number of past terms
    term: Term


class Members:
    """The members of a region as one reading of its cells gives them. What was read is read once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._values: dict[bytes, int] = {}

    def prepare(self, numbers: Iterable[int]) -> None:
        """Read all that is asked of these nodes later, in few readings for all of them together.

        One reading tells who a node and its host are, one more which keys it had, and one more whether these were in
        other hands: fewer where a node has no past and no host.
        """
        wanted = list(dict.fromkeys(numbers))
        while True:
            keys = [key for number in wanted for key in self._leads(number)]
            if all(key in self._values for key in keys):
                return
            self._load(keys)

    def prepare_keys(self, addresses: Iterable[str]) -> None:
        """Read when these keys were in other hands, in one reading."""
        self._load([compromise_key(address) for address in addresses])

    def _leads(self, number: int, *, hosted: bool = True) -> list[bytes]:
        """The keys of all cells that say something of a node, as far as those read so far lead to them."""
        keys = list(member_keys(number))
        if node_key(number) not in self._values or member_key(number) not in self._values:
            return keys
        seat = self._seat(number)
        if seat is None:
            return keys
        past = [key for index in range(seat.past) for key in _term_keys(number, index)]
        terms = [seat.term]
        if all(key in self._values for key in past):
            terms += [self._past_term(number, index) for index in range(seat.past)]
        keys += past
        keys += [compromise_key(term.operator) for term in terms if term.operator is not None]
        hosts = {term.host for term in terms if term.host} if hosted else ()
        return keys + [key for host in hosts for key in self._leads(host, hosted=False)]

    def count(self) -> int:
        """Number of nodes, which is also the number of the last node."""
        return self._value(cell_key(Space.COUNT, 0))

    def node(self, number: int) -> NodeInfo | None:
        """The node with this number; None if there is none."""
        return next(iter(self.nodes([number])), None)

    def nodes(self, numbers: Iterable[int] | None = None) -> list[NodeInfo]:
        """These nodes, or all, without numbers that no node has."""
        wanted = range(1, self.count() + 1) if numbers is None else list(numbers)
        self._load([key for number in wanted for key in member_keys(number)])
        seats = {number: seat for number in wanted if (seat := self._seat(number)) is not None}
        # The first term tells when a node was admitted.
        self._load([_term_key(number, 0) for number, seat in seats.items() if seat.past])
        marked = [seat.term.operator for seat in seats.values() if seat.marked and seat.term.operator]
        self._load([compromise_key(operator) for operator in marked])
        return [self._info(number, seat) for number, seat in seats.items()]

    def node_of(self, address: str) -> int | None:
        """The node to which a key belongs or once belonged; None if to none."""
        return self._value(operator_key(address)) & 0xFFFFFF or None

    def answerer(self, number: int) -> int | None:
        """The node that answers for the records of a retired one; None if none was named."""
        return self._value(cell_key(Space.MEMBER, _ANSWERER | number)) or None

    def profile_digest(self, number: int) -> bytes:
        """The digest of a node's profile, 32 bytes; zeros if there is none, or no such node."""
        keys = [cell_key(Space.MEMBER, at | number) for at in (_PROFILE_LOW, _PROFILE_HIGH)]
        self._load(keys)
        low, high = (self._values[key] for key in keys)
        return (high << 200 | low).to_bytes(32)

    def member_at(self, number: int, time: int) -> MemberAt:
        """What a node was at `time` (unix seconds); role 0 if there is no such node."""
        self._load([node_key(number), member_key(number)])
        seat = self._seat(number)
        if seat is None:
            return MemberAt(0, False, None, None)
        term = self._term_at(number, seat, time)
        host = self._host_at(term, time)
        acts = term.active and (term.until == 0 or time < term.until) and (host is None or host.active)
        operator = self._unless_stolen(term.operator, time)
        host_operator = self._unless_stolen(host.operator, time) if host is not None else None
        return MemberAt(seat.role, acts and (operator or host_operator) is not None, operator, host_operator)

    def acts_for(self, address: str, number: int, time: int) -> bool:
        """Whether this key may act for the node at `time`, unix seconds."""
        member = self.member_at(number, time)
        return member.acts and address.lower() in {
            key.lower() for key in (member.operator, member.host_operator) if key is not None
        }

    def compromises(self, number: int) -> list[Compromise]:
        """When keys that acted for the node were in other hands.

        First its own keys, the oldest first. Then those of its hosts, which say when they acted for the node: what a
        host's key did before the node came, or after it left, concerns others.
        """
        terms = self._terms(number)
        own = dict.fromkeys(term.operator for term in terms if term.operator is not None)
        self._load([compromise_key(key) for key in own])
        found = [one for key in own for one in self.intervals(key)]
        for term, end in zip(terms, [*(one.since for one in terms[1:]), 0], strict=False):
            if term.host:
                found += self._of_host(term.host, term.since, end)
        return found

    def _of_host(self, host: int, since: int, end: int) -> list[Compromise]:
        """The intervals of a host's keys, which acted from `since` to before `end`, unix seconds; 0: without end."""
        keys = dict.fromkeys(term.operator for term in self._terms(host) if term.operator is not None)
        return [replace(one, acted_from=since, acted_until=end) for key in keys for one in self.intervals(key)]

    def _terms(self, number: int) -> list[Term]:
        """All terms of a node, the oldest first; none if there is no such node."""
        self._load([node_key(number), member_key(number)])
        seat = self._seat(number)
        return [] if seat is None else [*self._past_terms(number, seat), seat.term]

    def intervals(self, address: str) -> list[Compromise]:
        """When a key was in other hands, in order."""
        value = self._value(compromise_key(address))
        times = [value >> 40 * place & 0xFFFFFFFFFF for place in range(5)]
        closed = [(since, until) for since, until in (times[1:3], times[3:5]) if since]
        return [Compromise(address, *one) for one in (*closed, *([(times[0], 0)] if times[0] else []))]

    def _seat(self, number: int) -> _Seat | None:
        node, member = self._value(node_key(number)), self._value(member_key(number))
        if node == 0:
            return None
        status = node >> 163 & 3
        term = Term(
            operator=address_in(node),
            active=status == NodeStatus.ACTIVE,
            host=member & 0xFFFFFF,
            until=member >> 44 & 0xFFFFFFFFFF,
            since=member >> 84 & 0xFFFFFFFFFF,
        )
        return _Seat(
            role=node >> 160 & 7,
            status=status,
            domains=node >> 165 & 0xFFFFFF,
            marked=bool(node >> 191 & 1),
            division=member >> 24 & 0xFFFFF,
            status_at=member >> 124 & 0xFFFFFFFFFF,
            past=member >> 164,
            term=term,
        )

    def _info(self, number: int, seat: _Seat) -> NodeInfo:
        term = seat.term
        first = self._past_term(number, 0) if seat.past else term
        stolen = self.intervals(term.operator) if seat.marked and term.operator else []
        return NodeInfo(
            number=number,
            operator=term.operator,
            role=seat.role,
            status=seat.status,
            division=seat.division,
            host=term.host,
            domains=seat.domains,
            admitted_at=first.since,
            status_at=seat.status_at,
            until=term.until,
            compromised_since=next((one.since for one in stolen if one.until == 0), 0),
            profile_digest=self.profile_digest(number),
        )

    def _term_at(self, number: int, seat: _Seat, time: int) -> Term:
        """The node as it is if that began at or before `time`, else the term that held then."""
        if time >= seat.term.since:
            return seat.term
        held = [term for term in self._past_terms(number, seat) if term.since <= time]
        return held[-1] if held else Term(None, False, 0, 0, 0)

    def _host_at(self, term: Term, time: int) -> Term | None:
        if not term.host:
            return None
        self._load([node_key(term.host), member_key(term.host)])
        seat = self._seat(term.host)
        return Term(None, False, 0, 0, 0) if seat is None else self._term_at(term.host, seat, time)

    def _past_terms(self, number: int, seat: _Seat) -> list[Term]:
        self._load([key for index in range(seat.past) for key in _term_keys(number, index)])
        return [self._past_term(number, index) for index in range(seat.past)]

    def _past_term(self, number: int, index: int) -> Term:
        value, more = (self._value(key) for key in _term_keys(number, index))
        return Term(address_in(value), bool(value >> 199), more & 0xFFFFFF, more >> 24, value >> 160 & (1 << 39) - 1)

    def _unless_stolen(self, address: str | None, time: int) -> str | None:
        if address is None or any(one.covers(time) for one in self.intervals(address)):
            return None
        return address

    def _value(self, key: bytes) -> int:
        self._load([key])
        return self._values[key]

    def _load(self, keys: Iterable[bytes]) -> None:
        missing = [key for key in dict.fromkeys(keys) if key not in self._values]
        for first in range(0, len(missing), _AT_ONCE):
            asked = missing[first : first + _AT_ONCE]
            for key, word in zip(asked, self._read(asked), strict=True):
                self._values[key] = int.from_bytes(word[:-ENTRY_BYTES])


def member_keys(number: int) -> tuple[bytes, ...]:
    """The keys of the cells that say what a node is now, its profile included."""
    profile = (cell_key(Space.MEMBER, at | number) for at in (_PROFILE_LOW, _PROFILE_HIGH))
    return (node_key(number), member_key(number), *profile)


def _term_key(number: int, index: int) -> bytes:
    return cell_key(Space.TERM, number << 32 | index)


def _term_keys(number: int, index: int) -> tuple[bytes, bytes]:
    return _term_key(number, index), cell_key(Space.TERM, _MORE | number << 32 | index)


def address_in(value: int) -> str | None:
    """The address in the low 160 bits of a value, with its EIP-55 checksum; None if they are 0."""
    account = value & (1 << 160) - 1
    return _checksummed(account) if account else None


@lru_cache(maxsize=4096)
def _checksummed(account: int) -> str:
    """The address with its EIP-55 checksum, which takes a hash; the same few are asked for over and over."""
    return checksummed(account.to_bytes(20))

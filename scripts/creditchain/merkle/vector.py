"""keccak-256 of eight messages at once: the compiled part of `merkle.kernel`. Needs Numba.

This is the sponge of FIPS 202 section 4 with rate 136 and the original Keccak padding (0x01 … 0x80). The words (x, y)
of all eight states are adjacent in memory, so that one vector instruction works on all eight. The permutation uses
LLVM's own vector type. Plain loops over the lanes would be vectorised as well, but compiled for AVX2 they run half as
fast and take several times longer to compile.

The compiled functions take addresses instead of arrays, because for Numba a read-only array (such as Arrow's) has
another type than a writable one, and it would compile every combination. Nothing here checks bounds: `merkle.kernel`
checks shapes and offsets before each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import int64, njit, types, uint64
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8  #: messages hashed at once: one AVX-512 register, or two AVX2 registers
RATE = 136  #: bytes absorbed before each permutation
PLAN_SIZE = 15  #: length of the plan that `hash_messages` takes

_ROTATIONS = ((0, 36, 3, 41, 18), (1, 44, 10, 45, 2), (62, 6, 43, 15, 61), (28, 55, 25, 21, 56), (27, 20, 39, 8, 14))
_WORD = ir.IntType(64)
_BYTE = ir.IntType(8)
_VECTOR = ir.VectorType(_WORD, LANES)


def _round_constants() -> list[int]:
    """The 24 round constants, from the LFSR of FIPS 202 section 3.2.5."""
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for j in range(7):
            register = ((register << 1) ^ ((register >> 7) * 0x171)) & 0xFF
            constant |= (register >> 1 & 1) << ((1 << j) - 1)
        constants.append(constant)
    return constants


def _splat(value: int) -> ir.Constant:
    return ir.Constant(_VECTOR, [ir.Constant(_WORD, value)] * LANES)


def _rotate(builder: Any, value: Any, bits: int) -> Any:
    if bits == 0:
        return value
    return builder.or_(builder.shl(value, _splat(bits)), builder.lshr(value, _splat(64 - bits)))


def _xor(builder: Any, *values: Any) -> Any:
    total = values[0]
    for value in values[1:]:
        total = builder.xor(total, value)
    return total


def _round(builder: Any, state: list[Any], constant: Any) -> list[Any]:
    """One round: theta, rho and pi, chi, iota (FIPS 202 section 3.2). Word (x, y) is state[x + 5 * y]."""
    parity = [_xor(builder, *state[x::5]) for x in range(5)]
    mixed = [builder.xor(parity[x - 1], _rotate(builder, parity[(x + 1) % 5], 1)) for x in range(5)]
    moved: list[Any] = [None] * 25
    for x in range(5):
        for y in range(5):
            word = builder.xor(state[x + 5 * y], mixed[x])
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = _rotate(builder, word, _ROTATIONS[x][y])
    after = []
    for at in range(25):
        row = at - at % 5
        masked = builder.and_(builder.not_(moved[row + (at + 1) % 5]), moved[row + (at + 2) % 5])
        after.append(builder.xor(moved[at], masked))
    after[0] = builder.xor(after[0], constant)
    return after


def _constants_table(module: Any) -> Any:
    table = ir.Constant(ir.ArrayType(_WORD, 24), _round_constants())
    return cgutils.global_constant(module, "keccak_round_constants", table)  # type: ignore[no-untyped-call]


def _broadcast(builder: Any, word: Any) -> Any:
    index = ir.IntType(32)
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, word, ir.Constant(index, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(index, LANES), [0] * LANES))


def _instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of compiled code whose LLVM instructions the decorated function writes."""
    return intrinsic(function)


def _inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that only compiled code calls."""
    return njit(function, nogil=True, inline="always")  # type: ignore[no-any-return]


@_instruction
def _permute(typing_context: Any, state: Any) -> Any:  # noqa: ARG001
    """Keccak-f[1600] on all lanes, in place.

    `state` is the address of 25 * LANES words, word x + 5 * y of a lane at (x + 5 * y) * LANES + lane.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        base = builder.inttoptr(arguments[0], _VECTOR.as_pointer())
        slots = [builder.gep(base, [ir.Constant(_WORD, i)]) for i in range(25)]
        before = [builder.load(slot, align=8) for slot in slots]
        table = _constants_table(builder.module)
        start = builder.block
        rounds = builder.append_basic_block("rounds")
        done = builder.append_basic_block("done")
        builder.branch(rounds)

        builder.position_at_end(rounds)
        number = builder.phi(_WORD)
        state = [builder.phi(_VECTOR) for _ in range(25)]
        constant = builder.load(builder.gep(table, [ir.Constant(_WORD, 0), number]))
        after = _round(builder, state, _broadcast(builder, constant))
        following = builder.add(number, ir.Constant(_WORD, 1))
        for phi, first, later in zip(
            [number, *state], [ir.Constant(_WORD, 0), *before], [following, *after], strict=True
        ):
            phi.add_incoming(first, start)
            phi.add_incoming(later, rounds)
        builder.cbranch(builder.icmp_unsigned("<", following, ir.Constant(_WORD, 24)), rounds, done)

        builder.position_at_end(done)
        for slot, word in zip(slots, after, strict=True):
            builder.store(word, slot, align=8)
        return context.get_dummy_value()

    return types.void(state), generate


@_instruction
def _load(typing_context: Any, address: Any) -> Any:  # noqa: ARG001
    """The 8 bytes at `address`, which need not be aligned, as uint64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.load(builder.inttoptr(arguments[0], _WORD.as_pointer()), align=1)

    return types.uint64(address), generate


@_instruction
def _store(typing_context: Any, address: Any, word: Any) -> Any:  # noqa: ARG001
    """Write `word` to the 8 bytes at `address`, which need not be aligned."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        builder.store(arguments[1], builder.inttoptr(arguments[0], _WORD.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(address, types.uint64), generate


@_instruction
def _copy(typing_context: Any, target: Any, source: Any, size: Any) -> Any:  # noqa: ARG001
    """Copy `size` bytes from address `source` to address `target`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        to, of = (builder.inttoptr(address, _BYTE.as_pointer()) for address in arguments[:2])
        cgutils.raw_memcpy(builder, to, of, arguments[2], 1)  # type: ignore[no-untyped-call]
        return context.get_dummy_value()

    return types.void(target, source, size), generate


@_instruction
def _swap(typing_context: Any, word: Any) -> Any:  # noqa: ARG001
    """A word with its bytes reversed, so that comparing numbers compares the bytes in memory order."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.bswap(arguments[0])

    return types.uint64(word), generate


def _compiled(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`njit` for one signature, without the GIL. The code is cached if Numba finds a writable directory."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            made = njit(signature, nogil=True, cache=True)(function)
        except (RuntimeError, OSError):  # no directory for the cache, or no space there
            made = njit(signature, nogil=True)(function)
        return made

    return decorate


@_instruction
def _absorb(typing_context: Any, state: Any, blocks: Any, kept: Any) -> Any:  # noqa: ARG001
    """Absorb a block of 17 words into each lane of `state` (as in `_permute`).

    `blocks` is the address of an array with the address of each lane's block. `kept` is the address of an array with a
    mask for each lane: all bits set if the lane continues its message, 0 if it starts one (which clears its state).
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        base = builder.inttoptr(arguments[0], _VECTOR.as_pointer())
        addresses = builder.inttoptr(arguments[1], _WORD.as_pointer())
        lanes = [builder.load(builder.gep(addresses, [ir.Constant(_WORD, lane)])) for lane in range(LANES)]
        sources = [builder.inttoptr(lane, _WORD.as_pointer()) for lane in lanes]
        mask = builder.load(builder.inttoptr(arguments[2], _VECTOR.as_pointer()), align=8)
        for i in range(25):
            slot = builder.gep(base, [ir.Constant(_WORD, i)])
            word = builder.and_(builder.load(slot, align=8), mask)
            if i < RATE // 8:
                taken = ir.Constant(_VECTOR, ir.Undefined)
                for lane, source in enumerate(sources):
                    value = builder.load(builder.gep(source, [ir.Constant(_WORD, i)]), align=1)
                    taken = builder.insert_element(taken, value, ir.Constant(ir.IntType(32), lane))
                word = builder.xor(word, taken)
            builder.store(word, slot, align=8)
        return context.get_dummy_value()

    return types.void(state, blocks, kept), generate


@_inner
def _fill(block: Any, plan: Any, message: Any, start: Any, data: Any, length: Any) -> None:
    """Write bytes `start` to `start + RATE` of a message of `length` bytes, and its padding, to address `block`."""
    for i in range(17):
        _store(block + 8 * i, uint64(0))
    at = int64(0)
    for piece in range(4):
        width = plan[3 * piece + 1]
        low, high = max(at, start), min(at + width, start + RATE)
        if low < high:
            source = plan[3 * piece] + plan[3 * piece + 2] * message + low - at
            if high - low == 32:  # most pieces; faster than a call of memcpy
                for i in range(4):
                    _store(block + low - start + 8 * i, _load(source + 8 * i))
            else:
                _copy(block + low - start, source, high - low)
        at += width
    low, high = max(at, start), min(length, start + RATE)
    if low < high:
        _copy(block + low - start, data + low - at, high - low)
    # The last block gets the padding: 0x01 after the message, 0x80 in its last byte (the top bit of word 16).
    if length < start + RATE:
        end = block + ((length - start) & ~7)
        _store(end, _load(end) ^ uint64(1) << uint64(8 * ((length - start) & 7)))
        _store(block + 128, _load(block + 128) ^ uint64(1) << uint64(63))


@_compiled("void(int64[::1], int64, int64)")
def hash_messages(plan: Any, start: Any, stop: Any) -> None:
    """Hash messages `start` to `stop`. A message is four pieces of fixed width, then a slice of a buffer.

    plan: (address, width, step from message to message) of each of four pieces; address of the buffer; address of the
    int64 offsets that cut it, or 0 for no slice; address of the digests, 32 bytes each. A lane that has finished its
    message takes the next one at once, so that no lane waits while another hashes a long message.
    """
    data, offsets, digests = plan[12], plan[13], plan[14]
    fixed = plan[1] + plan[4] + plan[7] + plan[10]
    state = np.zeros(25 * LANES, np.uint64)
    own = np.zeros(17 * LANES, np.uint64)  # a buffer for each lane, for blocks that must be assembled from pieces
    blocks = np.zeros(LANES, np.int64)  # address of the block that each lane absorbs next
    kept = np.zeros(LANES, np.int64)  # 0 if that is the first block of a message, else -1
    message = np.full(LANES, -1, np.int64)  # number of the message that each lane hashes; -1 for none
    slices = np.zeros(LANES, np.int64)  # address of that message's slice
    length = np.zeros(LANES, np.int64)  # length of that message
    done = np.zeros(LANES, np.int64)  # bytes of that message already absorbed, padding included
    following, running = start, int64(0)
    while True:
        for lane in range(LANES):
            kept[lane] = -1
            if message[lane] < 0 and following < stop:
                message[lane], following, running = following, following + 1, running + 1
                kept[lane], done[lane], length[lane] = 0, 0, fixed
                if offsets != 0:
                    first = int64(_load(offsets + 8 * message[lane]))
                    slices[lane] = data + first
                    length[lane] += int64(_load(offsets + 8 * message[lane] + 8)) - first
            at = done[lane]
            if message[lane] >= 0 and at >= fixed and at + RATE <= length[lane]:
                # The block lies inside the slice: absorb it where it is. That is most of a long document.
                blocks[lane] = slices[lane] + at - fixed
            else:
                # Assemble the block: it holds fixed pieces, or the padding, or the lane is idle.
                blocks[lane] = own.ctypes.data + 8 * 17 * lane
                if message[lane] >= 0:
                    _fill(blocks[lane], plan, message[lane], at, slices[lane], length[lane])
            done[lane] += RATE
        if running == 0:
            return
        _absorb(state.ctypes.data, blocks.ctypes.data, kept.ctypes.data)
        _permute(state.ctypes.data)
        for lane in range(LANES):
            if message[lane] >= 0 and done[lane] > length[lane]:
                target = digests + 32 * message[lane]
                for i in range(4):
                    _store(target + 8 * i, state[i * LANES + lane])
                message[lane], running = -1, running - 1


@_compiled("void(int64, int64, int64, int64)")
def hash_nodes(level: Any, above: Any, start: Any, stop: Any) -> None:
    """Hash pairs `start` to `stop` of the rows at address `level` into the rows at address `above`.

    keccak-256(0x01 || left[32] || right[32]) takes 65 bytes, always one block, so this does without the bookkeeping of
    `hash_messages`. The prefix shifts every word by one byte.
    """
    state = np.zeros(25 * LANES, np.uint64)
    for group in range(start, stop, LANES):
        count = min(LANES, stop - group)
        state[:] = 0
        for lane in range(count):
            pair = level + 64 * (group + lane)
            state[lane] = _load(pair) << uint64(8) | uint64(1)
            for i in range(1, 8):
                state[i * LANES + lane] = _load(pair + 8 * i - 1)
            state[8 * LANES + lane] = _load(pair + 56) >> uint64(56) | uint64(0x100)
            state[16 * LANES + lane] = uint64(1) << uint64(63)
        _permute(state.ctypes.data)
        for lane in range(count):
            target = above + 32 * (group + lane)
            for i in range(4):
                _store(target + 8 * i, state[i * LANES + lane])


@_compiled("void(int64, int64, int64, int64, int64)")
def hash_leaves(keys: Any, step: Any, digests: Any, start: Any, stop: Any) -> None:
    """Hash leaves `start` to `stop`: keccak-256(0x00 || key[69]) of keys that stand `step` bytes apart.

    70 bytes, always one block, as in `hash_nodes`. The prefix shifts every word by one byte.
    """
    state = np.zeros(25 * LANES, np.uint64)
    for group in range(start, stop, LANES):
        count = min(LANES, stop - group)
        state[:] = 0
        for lane in range(count):
            key = keys + step * (group + lane)
            state[lane] = _load(key) << uint64(8)
            for i in range(1, 8):
                state[i * LANES + lane] = _load(key + 8 * i - 1)
            # Bytes 63 to 68 of the key, the first byte of padding behind them.
            state[8 * LANES + lane] = _load(key + 61) >> uint64(16) | uint64(1) << uint64(48)
            state[16 * LANES + lane] = uint64(1) << uint64(63)
        _permute(state.ctypes.data)
        for lane in range(count):
            target = digests + 32 * (group + lane)
            for i in range(4):
                _store(target + 8 * i, state[i * LANES + lane])


@_compiled("void(int64[:, ::1], int64, int64, int64)")
def join_columns(plan: Any, count: Any, bounds: Any, target: Any) -> None:
    """Write the pieces of each of `count` rows to address `target`, row after row, and the ends of rows to `bounds`.

    The plan has one row for each column. A column of pieces: address of its buffer, address of its int64 offsets,
    address of the int64 indices that give each row's piece (0: row i has piece i), 0, address after its buffer. A piece
    that all rows share: its address, 0, 0, its length, address after it. `bounds` is the address of count + 1 int64,
    the first of which is 0. `target` needs eight bytes more than the result.
    """
    at = target
    for row in range(count):
        for column in range(len(plan)):
            source, offsets, places, size = plan[column, 0], plan[column, 1], plan[column, 2], plan[column, 3]
            if offsets != 0:
                place = row if places == 0 else int64(_load(places + 8 * row))
                first = int64(_load(offsets + 8 * place))
                size = int64(_load(offsets + 8 * place + 8)) - first
                source += first
            # Words are faster than a call of memcpy. They copy up to 7 bytes too many: those must lie inside the
            # buffer, and the next piece overwrites them.
            if size <= 64 and source + size + 8 <= plan[column, 4]:
                for i in range(0, size, 8):
                    _store(at + i, _load(source + i))
            else:
                _copy(at, source, size)
            at += size
        _store(bounds + 8 * row + 8, uint64(at - target))


@_inner
def _stands_before(left: Any, right: Any, width: Any) -> Any:
    """Whether the row at address `left` comes before the one at `right`, compared as bytes."""
    for i in range(0, width - 8, 8):
        a, b = _load(left + i), _load(right + i)
        if a != b:
            return _swap(a) < _swap(b)
    return _swap(_load(left + width - 8)) < _swap(_load(right + width - 8))


@_compiled("void(int64, int64, int64, int64, int64, int64, int64[::1])")
def lower_bounds(rows: Any, step: Any, count: Any, keys: Any, key_step: Any, width: Any, places: Any) -> None:
    """Write, for each of the ascending keys, how many of the ascending rows come before it.

    `rows` and `keys` are addresses of rows that stand `step` and `key_step` bytes apart; `width` bytes of each are
    compared, at least 8. Each search goes on from the last place, in growing strides: many keys cost what merging
    costs, and few what searching costs.
    """
    at = int64(0)
    for j in range(len(places)):
        key = keys + key_step * j
        low, stride = at, int64(1)
        while low + stride <= count and _stands_before(rows + step * (low + stride - 1), key, width):
            low, stride = low + stride, 2 * stride
        high = min(count, low + stride - 1)
        while low < high:
            middle = (low + high) // 2
            if _stands_before(rows + step * middle, key, width):
                low = middle + 1
            else:
                high = middle
        places[j], at = low, low


@_inner
def _stands_after(rows: Any, width: Any, one: Any, other: Any) -> Any:
    """Whether row `one` comes after row `other`, compared as bytes."""
    left, right = rows + width * one, rows + width * other
    for i in range(0, width - 8, 8):
        a, b = _load(left + i), _load(right + i)
        if a != b:
            return _swap(a) > _swap(b)
    # The last eight bytes. Some may have been compared already, and found equal.
    return _swap(_load(left + width - 8)) > _swap(_load(right + width - 8))


@_compiled("void(int64, int64, int64, int64[::1], uint64[::1], int64[::1])")
def order_rows(rows: Any, width: Any, most: Any, ends: Any, heads: Any, order: Any) -> None:
    """Write the positions of rows to `order`: buckets of their first bytes, and each bucket sorted.

    `rows` is the address of rows of `width` bytes, at least 8. `ends` holds a zero for each bucket, at least two; the
    buckets divide the span between the least and the greatest row, and afterwards `ends` says where each ends. A bucket
    of more than `most` rows is not sorted: its rows stay in ascending positions. `heads` has room for one word for
    each row. Equal rows keep their order. Rows begin with digests, so buckets are small, and insertion beats a general
    sort.
    """
    # First pass: the span of the first words, and the shift that maps it onto the buckets.
    least, greatest = uint64(0xFFFFFFFFFFFFFFFF), uint64(0)
    for i in range(len(order)):
        head = _swap(_load(rows + width * i))
        least, greatest = min(least, head), max(greatest, head)
    shift = uint64(0)
    while (greatest - least) >> shift >= uint64(len(ends)) and greatest > least:
        shift += uint64(1)
    # Second pass: count the rows of each bucket, then turn the counts into starts.
    for i in range(len(order)):
        ends[(_swap(_load(rows + width * i)) - least) >> shift] += 1
    total = int64(0)
    for bucket in range(len(ends)):
        total, ends[bucket] = total + ends[bucket], total
    # Third pass: put each row into its bucket. Afterwards `ends` really holds the ends.
    for i in range(len(order)):
        head = _swap(_load(rows + width * i))
        bucket = (head - least) >> shift
        at = ends[bucket]
        ends[bucket] = at + 1
        heads[at], order[at] = head, i
    # Last pass: sort each bucket by insertion. The first eight bytes decide nearly always; they are in `heads`.
    start = int64(0)
    for bucket in range(len(ends)):
        stop = ends[bucket]
        if stop - start <= most:
            for i in range(start + 1, stop):
                head, position, at = heads[i], order[i], i
                while at > start and (
                    heads[at - 1] > head
                    or (heads[at - 1] == head and _stands_after(rows, width, order[at - 1], position))
                ):
                    heads[at], order[at] = heads[at - 1], order[at - 1]
                    at -= 1
                heads[at], order[at] = head, position
        start = stop

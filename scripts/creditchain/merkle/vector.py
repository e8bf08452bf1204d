"""keccak-256 of eight messages at once: the compiled part of `merkle.kernel`. Needs Numba.

The sponge of FIPS 202 section 4 with rate 136 and the original Keccak padding (0x01 … 0x80). Word (x, y) of all eight
states lies side by side, so one vector instruction works on all of them. The permutation is written in LLVM's own
vector type: loops over the lanes are vectorised too on processors with AVX-512, but with AVX2 their compiled form
takes twice as long and several times longer to compile.

The compiled functions take addresses, not arrays: to Numba a read-only array (as Arrow gives) is another type than a
writable one, and every combination would be compiled anew. `merkle.kernel` checks shapes and bounds before each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import int64, njit, types, uint64
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8  #: messages hashed at once: one AVX-512 register, two of AVX2
RATE = 136  #: bytes a permutation absorbs
PLAN_SIZE = 15  #: numbers in the plan that `hash_messages` takes

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
    """A function that only compiled code calls."""
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


def _compiled(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`njit` for one signature, without the GIL; compiled code is kept where Numba finds a writable directory."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            made = njit(signature, nogil=True, cache=True)(function)
        except (RuntimeError, OSError):  # no directory to keep it in, or no room there
            made = njit(signature, nogil=True)(function)
        return made

    return decorate


@_inner
def _fill(block: Any, plan: Any, message: Any, start: Any, data: Any, length: Any) -> None:
    """Bytes `start` to `start + RATE` of a message of `length` bytes, and its padding, into `block`."""
    target = block.ctypes.data
    for i in range(17):
        block[i] = 0
    at = int64(0)
    for piece in range(4):
        width = plan[3 * piece + 1]
        low, high = max(at, start), min(at + width, start + RATE)
        if low < high:
            _copy(target + low - start, plan[3 * piece] + plan[3 * piece + 2] * message + low - at, high - low)
        at += width
    low, high = max(at, start), min(length, start + RATE)
    if low < high:
        _copy(target + low - start, data + low - at, high - low)
    if length < start + RATE:
        end = length - start
        block[end >> 3] ^= uint64(1) << uint64(8 * (end & 7))
        block[16] ^= uint64(1) << uint64(63)


@_inner
def _absorb(state: Any, lane: Any, block: Any, plan: Any, message: Any, at: Any, data: Any, length: Any) -> None:
    """Bytes `at` to `at + RATE` of a message into a lane; its first ones replace what the lane held."""
    fixed = plan[1] + plan[4] + plan[7] + plan[10]
    if at > 0 and at >= fixed and at + RATE <= length:  # all from the slice: most of a long document
        for i in range(17):
            state[i * LANES + lane] ^= _load(data + at - fixed + 8 * i)
        return
    _fill(block, plan, message, at, data, length)
    if at == 0:
        for i in range(25):
            state[i * LANES + lane] = 0
    for i in range(17):
        state[i * LANES + lane] ^= block[i]


@_compiled("void(int64[::1], int64, int64)")
def hash_messages(plan: Any, start: Any, stop: Any) -> None:
    """Hash messages `start` to `stop`: four pieces of fixed width, then a slice of a buffer, each.

    plan: (address, width, step from message to message) of four pieces; address of the buffer; address of the int64
    offsets that cut it, or 0 for no slice; address of the digests, 32 bytes each. A lane that is done with its
    message takes the next one, so that long and short ones can stand side by side.
    """
    data, offsets, digests = plan[12], plan[13], plan[14]
    fixed = plan[1] + plan[4] + plan[7] + plan[10]
    state = np.zeros(25 * LANES, np.uint64)
    block = np.zeros(17, np.uint64)
    message = np.full(LANES, -1, np.int64)  # what each lane hashes; -1: nothing
    slices = np.zeros(LANES, np.int64)  # address of that message's slice
    length = np.zeros(LANES, np.int64)  # of that message
    done = np.zeros(LANES, np.int64)  # bytes of it absorbed, padding included
    following, running = start, int64(0)
    while True:
        for lane in range(LANES):
            if message[lane] < 0 and following < stop:
                message[lane], following, running = following, following + 1, running + 1
                done[lane], length[lane] = 0, fixed
                if offsets != 0:
                    first = int64(_load(offsets + 8 * message[lane]))
                    slices[lane] = data + first
                    length[lane] += int64(_load(offsets + 8 * message[lane] + 8)) - first
            if message[lane] < 0:
                continue
            _absorb(state, lane, block, plan, message[lane], done[lane], slices[lane], length[lane])
            done[lane] += RATE
        if running == 0:
            return
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

    keccak-256(0x01 || left[32] || right[32]): 65 bytes, always one block. What `hash_messages` would do, without
    its bookkeeping.
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


@_compiled("void(int64[:, ::1], int64, int64, int64)")
def join_columns(plan: Any, count: Any, bounds: Any, target: Any) -> None:
    """Write the pieces of each of `count` rows to address `target`, row after row, and where rows end to `bounds`.

    plan: of each column the address of its buffer, the address of its int64 offsets and 0; or of the piece that all
    rows share, 0 and its length. `bounds`: address of count + 1 int64, the first of them 0.
    """
    at = int64(0)
    for row in range(count):
        for column in range(len(plan)):
            source, offsets, size = plan[column, 0], plan[column, 1], plan[column, 2]
            if offsets != 0:
                first = int64(_load(offsets + 8 * row))
                size = int64(_load(offsets + 8 * row + 8)) - first
                source += first
            _copy(target + at, source, size)
            at += size
        _store(bounds + 8 * row + 8, uint64(at))

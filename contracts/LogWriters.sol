// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IRegionLog, Share, Write} from "./interfaces/IRegionLog.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Space} from "./libraries/Space.sol";

/// @title LogWriters
/// @notice Who may append to a region's log, and which bits of which spaces each writer may change; see `IRegionLog`.
/// @dev It stores nothing: who may write is in cells of the log (space `LOG`), and changes by entries of the log, by id:
///
///     writer id 160                        part 24 | whole spaces 24 | kinds 32
///     space + 1 << 160 | writer id 160     bits of the space that the writer may change, if not all of them
///     space + 1 << 160                     bits of the space that any writer may change
///
/// A part is the first of the writer's shares that is one run of bits, and not a whole space:
/// `| number of bits 8 | lowest bit 8 | space 8 |`.
abstract contract LogWriters is IRegionLog, AccessManaged {
    uint256 internal constant _SPACES = 24;
    uint200 internal constant _ALL = type(uint200).max;

    /// @dev Kinds of which the log is the writer.
    uint32 private constant _OWN = uint32(
        1 | 1 << EntryKind.WRITER | 1 << EntryKind.SEALED | 1 << EntryKind.REGION | 1 << EntryKind.AUTHORITY
    );

    /// @inheritdoc IRegionLog
    function setWriter(uint160 removed, address added, uint32 kinds, Share[] calldata shares)
        external
        override
        restricted
    {
        bytes32 codeHash = added == address(0) ? bytes32(0) : added.codehash;
        address governing = authority();
        if (removed == writerId(governing, governing.codehash)) revert RegionLogAuthority(governing);
        uint256 count = 0;
        // At most two cells for each space of the removed writer, two for each share, and each writer's own.
        Write[] memory writes = new Write[](2 + 2 * (_SPACES + shares.length));
        if (removed != 0) count = _remove(removed, writes);
        if (added != address(0)) count = _add(writerId(added, codeHash), added, kinds, shares, writes, count);
        else if (removed == 0 || kinds != 0 || shares.length != 0) revert RegionLogKinds(kinds);
        count = _withoutRepeats(writes, count);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(writes, count)
        }
        _appendOwn(EntryKind.WRITER, abi.encode(removed, added, codeHash, kinds), writes);
    }

    /// @notice Put another AccessManager in the place of the log's authority. Only the current one may; it is an entry. What the
    /// current one may append, and the whole spaces that it may write, are the other's from then on.
    function setAuthority(address newAuthority) public override {
        address before = authority();
        super.setAuthority(newAuthority);
        uint160 id = writerId(before, before.codehash);
        uint256 masks = uint56(_value(id));
        Write[] memory writes = new Write[](masks == 0 ? 0 : 2);
        if (masks != 0) {
            uint160 next = writerId(newAuthority, newAuthority.codehash);
            if (_value(next) != 0) revert RegionLogWriterKnown(newAuthority);
            writes[0] = Write({key: Space.key(Space.LOG, id), value: 0});
            writes[1] = Write({key: Space.key(Space.LOG, next), value: masks});
        }
        _appendOwn(EntryKind.AUTHORITY, abi.encode(before, newAuthority), writes);
    }

    /// @inheritdoc IRegionLog
    function writer(address account) external view override returns (uint32 kinds, uint24 spaces) {
        uint256 value = _value(writerId(account, account.codehash));
        return (uint32(value), uint24(value >> 32));
    }

    /// @inheritdoc IRegionLog
    function writerId(address account, bytes32 codeHash) public pure override returns (uint160 id) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x00, shl(96, account))
            mstore(0x14, codeHash)
            id := and(keccak256(0x00, 0x34), sub(shl(160, 1), 1))
        }
    }

    /// @dev Append an entry of the log itself.
    function _appendOwn(uint8 kind, bytes memory body, Write[] memory writes) internal virtual;

    /// @dev The value of one of the log's own cells.
    function _value(uint256 id) internal view virtual returns (uint256);

    /// @dev Take all rights from a writer. Returns the number of `writes`.
    function _remove(uint160 removed, Write[] memory writes) private view returns (uint256 count) {
        uint256 masks = _value(removed);
        if (masks == 0) revert RegionLogWriterUnknown(removed);
        for (uint256 space = 1; space < _SPACES; ++space) {
            uint256 place = space + 1 << 160;
            uint256 part = _value(place | removed);
            uint256 held = masks >> (32 + space) & 1 == 1 ? _ALL : part;
            if (held == 0) continue;
            if (part != 0) writes[count++] = Write({key: Space.key(Space.LOG, place | removed), value: 0});
            writes[count++] = Write({key: Space.key(Space.LOG, place), value: _value(place) & ~held});
        }
        writes[count++] = Write({key: Space.key(Space.LOG, removed), value: 0});
    }

    /// @dev Give a writer its rights; what `_remove` freed is free. Returns the number of `writes`.
    function _add(
        uint160 id,
        address added,
        uint32 kinds,
        Share[] calldata shares,
        Write[] memory writes,
        uint256 count
    ) private view returns (uint256) {
        if (added.code.length == 0) revert RegionLogWriterNotContract(added);
        if (_valueAfter(writes, count, id) != 0) revert RegionLogWriterKnown(added);
        if (kinds == 0 || kinds & _OWN != 0) revert RegionLogKinds(kinds);
        uint256 masks = kinds;
        for (uint256 i = 0; i < shares.length; ++i) {
            count = _share(id, shares[i].space, shares[i].bits, writes, count);
            if (shares[i].bits == _ALL) masks |= 1 << (32 + shares[i].space);
            else if (masks >> 56 == 0) masks |= _partOf(shares[i].space, shares[i].bits) << 56;
        }
        writes[count++] = Write({key: Space.key(Space.LOG, id), value: masks});
        return count;
    }

    /// @dev Give a writer one share. Returns the number of `writes`.
    function _share(uint160 id, uint256 space, uint200 bits, Write[] memory writes, uint256 count)
        private
        view
        returns (uint256)
    {
        if (space == 0 || space >= _SPACES || bits == 0) revert RegionLogShare(uint8(space), bits);
        uint256 place = space + 1 << 160;
        uint200 taken = uint200(_valueAfter(writes, count, place));
        if (taken & bits != 0) revert RegionLogShareTaken(uint8(space), taken, bits);
        if (_valueAfter(writes, count, place | id) != 0) revert RegionLogShare(uint8(space), bits);
        if (bits != _ALL) writes[count++] = Write({key: Space.key(Space.LOG, place | id), value: bits});
        writes[count++] = Write({key: Space.key(Space.LOG, place), value: taken | bits});
        return count;
    }

    /// @dev A share as a part; 0 if it is not one run of bits.
    function _partOf(uint256 space, uint256 bits) private pure returns (uint256) {
        uint256 lowest = Math.log2(bits & (~bits + 1));
        uint256 above = (bits >> lowest) + 1;
        return above & (above - 1) == 0 ? space | lowest << 8 | Math.log2(above) << 16 : 0;
    }

    /// @dev The value of one of the log's own cells once the first `count` of `writes` are written.
    function _valueAfter(Write[] memory writes, uint256 count, uint256 id) private view returns (uint256) {
        for (uint256 i = count; i != 0; --i) {
            if (writes[i - 1].key == Space.key(Space.LOG, id)) return writes[i - 1].value;
        }
        return _value(id);
    }

    /// @dev Keep the last of several writes to a cell. Returns how many are left.
    function _withoutRepeats(Write[] memory writes, uint256 count) private pure returns (uint256 kept) {
        for (uint256 i = 0; i < count; ++i) {
            uint256 j = i + 1;
            while (j < count && writes[j].key != writes[i].key) ++j;
            if (j == count) writes[kept++] = writes[i];
        }
    }
}

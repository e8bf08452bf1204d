// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The append-only log of one region
/// @notice Every fact that others must be able to see is an entry. Entries are the leaves of one RFC 9162 tree (2.1) with
/// keccak-256. Only the frontier is stored; the root is computed by a view.
///
/// An entry's leaf hash is `keccak256(0x00 || abi.encode(uint16 version, uint8 kind, bytes32 logId, uint64 index,
/// address writer, uint64 time, bytes32 bodyHash))`, with `version` 1 and `time` the block's in unix seconds. The bodies of
/// all kinds are in docs/format.md, section 5.
interface IRegionLog {
    /// @notice An entry was appended to the log.
    /// @param index Its position, from 0.
    /// @param kind A constant of `EntryKind`.
    /// @param writer The contract that appended it; the log itself for `WRITER` and `SEALED`.
    /// @param time Block time, unix seconds.
    /// @param bodyHash `keccak256(abi.encode(…))` of the kind's body.
    event Appended(
        uint64 indexed index, uint8 indexed kind, address indexed writer, uint64 time, bytes32 bodyHash
    );

    /// @notice Governors authorised a writer, or withdrew its authorisation.
    /// @param entry Index of the `WRITER` entry.
    event WriterSet(address indexed writer, bool authorised, uint64 entry);

    /// @notice Governors closed the log. `entry` is its last entry.
    event Sealed(address indexed by, uint64 entry);

    /// @notice `caller` is not an authorised writer.
    error RegionLogNotWriter(address caller);

    /// @notice The log was sealed at `sealedAt`, unix seconds, and accepts no more entries.
    error RegionLogSealed(uint40 sealedAt);

    /// @notice The current key epoch is `expected` (0 before the first was opened), not `given`.
    error RegionLogKeyEpoch(uint32 expected, uint32 given);

    /// @notice `writer` is authorised, or not authorised, already.
    error RegionLogWriterUnchanged(address writer, bool authorised);

    /// @notice A writer must be a contract, and `writer` has no code.
    error RegionLogWriterNotContract(address writer);

    /// @notice Append one entry. Only authorised writers may, and only until the log is sealed.
    /// Warning: the log does not see the body. A writer is trusted to hash the body that the kind prescribes.
    /// @param kind A constant of `EntryKind`.
    /// @param bodyHash `keccak256(abi.encode(…))` of the kind's body.
    /// @return index Position of the new entry, from 0.
    function append(uint8 kind, bytes32 bodyHash) external returns (uint64 index);

    /// @notice As `append`, for entries that name a key epoch. Reverts if `epoch` is 0 or not the current one.
    /// @param epoch Number of the key epoch, from 1.
    function appendUnderEpoch(uint32 epoch, uint8 kind, bytes32 bodyHash) external returns (uint64 index);

    /// @notice Authorise a writer or withdraw its authorisation; logged as a `WRITER` entry. Only governors may.
    /// @param writer A contract.
    /// @param authorised Whether it may append from now on. Reverts if nothing changes.
    function setWriter(address writer, bool authorised) external;

    /// @notice Close the log for ever; its last entry is `SEALED`. Only governors may.
    function seal() external;

    /// @notice The id of this log: `keccak256(abi.encode(uint256 chainId, address regionLog, bytes32 region))`.
    function logId() external view returns (bytes32);

    /// @notice The region's code in ASCII, right-padded with zeros (`YRD`).
    function region() external view returns (bytes32);

    /// @notice Number of entries.
    function size() external view returns (uint64);

    /// @notice Root of the tree over all entries; `keccak256("")` if there are none.
    function root() external view returns (bytes32);

    /// @notice Roots of the perfect subtrees that make up the tree, the largest (leftmost) first, one for each bit set in
    /// `size()`.
    function frontier() external view returns (bytes32[] memory);

    /// @notice The current key epoch: the number of `TAG_KEY_EPOCH` entries. The log counts them, so that the numbers continue
    /// when the contract that writes them is replaced.
    function keyEpoch() external view returns (uint32);

    /// @notice Whether `account` may append.
    function isWriter(address account) external view returns (bool);

    /// @notice When the log was sealed, unix seconds; 0 while it is open.
    function sealedAt() external view returns (uint40);
}

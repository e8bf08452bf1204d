// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev A new value for a cell.
/// @param key Where: `space[1] || id[31]`.
/// @param value Below 2^200.
struct Write {
    uint256 key;
    uint256 value;
}

/// @dev The part of a space that a writer may change.
/// @param space Number of the space, from 1 to 23.
/// @param bits The bits of the values in it. All bits are the whole space.
struct Share {
    uint8 space;
    uint200 bits;
}

/// @title The append-only log of one region, and the state that it adds up to
/// @notice Every fact that others must be able to see is an entry. Entries are the leaves of one RFC 9162 tree (2.1) with
/// keccak-256. Only the frontier is stored; the root is computed by a view.
///
/// The region's current state is in cells. A cell maps `key = space[1] || id[31]` to `word = value[25] || entry[7]`, where
/// `entry` is the index of the entry that last wrote it; a cell that was never written is 0. Cells change only in the call that
/// appends an entry, and the entry commits to each change. So whoever has the entries has the state, as of any time.
///
/// An entry's leaf hash is `keccak256(0x00 || abi.encode(uint16 version, uint8 kind, bytes32 logId, uint64 index,
/// address writer, uint64 time, bytes32 bodyHash, bytes32 writesHash))`, with `version` 1 and `time` the block's in unix
/// seconds. `bodyHash` is the hash of the body, `writesHash` the hash of `key[32] || old word[32] || new word[32]` of all
/// writes, in order. The bodies of all kinds are in docs/format.md, section 5.
///
/// Only writers append. A writer is a contract with the code that it had when governors admitted it; it may use certain kinds
/// of entries and change certain bits of certain spaces. No two writers may change the same bit, so that each rule has one place.
interface IRegionLog {
    /// @notice An entry was appended to the log.
    /// @param index Its position, from 0.
    /// @param kind A constant of `EntryKind`.
    /// @param writer The contract that appended it; the log itself for its own kinds.
    /// @param time Block time, unix seconds.
    /// @param body The ABI encoding that the kind prescribes.
    /// @param writes `key[32] || old word[32] || new word[32]` for each cell that was written.
    event Appended(
        uint64 indexed index, uint8 indexed kind, address indexed writer, uint64 time, bytes body, bytes writes
    );

    /// @notice `caller` is no writer, or has other code than when it was admitted.
    error RegionLogNotWriter(address caller);

    /// @notice `writer` may not append entries of this kind.
    error RegionLogKind(address writer, uint8 kind);

    /// @notice The log was sealed at `sealedAt`, unix seconds, and accepts no more entries of this kind.
    error RegionLogSealed(uint40 sealedAt);

    /// @notice `writer` may not write cells of this space.
    error RegionLogSpace(address writer, uint8 space);

    /// @notice The writer may change only `allowed` bits of the value of this cell, and `changed` others too.
    error RegionLogBits(uint256 key, uint200 allowed, uint200 changed);

    /// @notice A value has at most 200 bits.
    error RegionLogValue(uint256 key, uint256 value);

    /// @notice One entry writes a cell once.
    error RegionLogWrittenTwice(uint256 key);

    /// @notice A writer must be a contract, and `writer` has no code.
    error RegionLogWriterNotContract(address writer);

    /// @notice `writer` is a writer already. Replace it by itself to change what it may do.
    error RegionLogWriterKnown(address writer);

    /// @notice `removed` is no writer.
    error RegionLogWriterUnknown(uint160 removed);

    /// @notice A writer needs kinds of entries, and none of the log's own. Without a writer to admit there is nothing to grant,
    /// and one to remove must be named.
    error RegionLogKinds(uint32 kinds);

    /// @notice A share is at least one bit of a space from 1 to 23, and a writer has one share of a space.
    error RegionLogShare(uint8 space, uint200 bits);

    /// @notice Another writer may change some of these bits: `taken` are all that are taken.
    error RegionLogShareTaken(uint8 space, uint200 taken, uint200 bits);

    /// @notice What the log's authority may write cannot be taken from it as long as it is the authority.
    error RegionLogAuthority(address authority);

    /// @notice There is no entry with this index yet.
    error RegionLogNoEntry(uint64 index);

    /// @notice Append one entry and write its cells. Only writers may, within what they were granted; once the log is sealed,
    /// only revocations of consents.
    /// Warning: the log does not look into the body. A writer is trusted to write the body that the kind prescribes.
    /// @param kind A constant of `EntryKind`.
    /// @param body The kind's body.
    /// @param writes New values of cells, each cell once.
    /// @return index Position of the new entry, at least 1.
    function append(uint8 kind, bytes calldata body, Write[] calldata writes) external returns (uint64 index);

    /// @notice Admit a writer, remove one, or put one in another's place, in one entry. Only governors may.
    /// @param removed Id of the writer to remove (see `writerId`); 0 for none.
    /// @param added The contract to admit; 0 for none. It is admitted with the code that it has now.
    /// @param kinds Bit set of the kinds of entries that it may append. The log's own kinds cannot be granted.
    /// @param shares What it may change. No other writer may hold any of these bits.
    function setWriter(uint160 removed, address added, uint32 kinds, Share[] calldata shares) external;

    /// @notice Close the log: from now on it takes only revocations of consents and changes of its writers. Only governors may.
    function seal() external;

    /// @notice Words of cells, and as of when: everything that a rule or a verification needs, in one call.
    /// @return words The word of each key, 0 where the cell was never written.
    /// @return entries Number of entries.
    /// @return number Number of the block in which this is read.
    /// @return parentHash Hash of the block before it.
    function read(uint256[] calldata keys)
        external
        view
        returns (uint256[] memory words, uint64 entries, uint64 number, bytes32 parentHash);

    /// @notice The id of this log: `keccak256(abi.encode(uint256 chainId, address regionLog, bytes32 region,
    /// bytes32 parentHash))`, the hash that of the block before its creation. So a chain that is started anew has another log.
    /// It is also in the storage slot `keccak256("creditchain.RegionLog.logId")`.
    function logId() external view returns (bytes32);

    /// @notice The region's code in ASCII, right-padded with zeros (`YRD`).
    function region() external view returns (bytes32);

    /// @notice Number of entries.
    function size() external view returns (uint64);

    /// @notice Root of the tree over all entries.
    function root() external view returns (bytes32);

    /// @notice Roots of the perfect subtrees that make up the tree, the largest (leftmost) first, one for each bit set in
    /// `size()`.
    function frontier() external view returns (bytes32[] memory);

    /// @notice The largest perfect subtree of the log's tree that holds an entry. A proof that ends there, unlike one that ends
    /// at the root, stays good while others append, until the subtree becomes part of a larger one.
    /// @return peak Its root.
    /// @return leaves Number of its leaves, a power of two. The entry is leaf `index % leaves` of it.
    function peakOf(uint64 index) external view returns (bytes32 peak, uint64 leaves);

    /// @notice What `account` may do: kinds of entries, and whole spaces. Both 0 if it is no writer.
    function writer(address account) external view returns (uint32 kinds, uint24 spaces);

    /// @notice The id of a contract with certain code, as a writer: the last 20 bytes of
    /// `keccak256(account[20] || codeHash[32])`.
    function writerId(address account, bytes32 codeHash) external pure returns (uint160);

    /// @notice When the log was sealed, unix seconds; 0 while it is open.
    function sealedAt() external view returns (uint40);
}

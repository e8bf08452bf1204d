// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Spaces of cells in the region log
/// @notice The numbers and layouts are part of the format (docs/format.md, section 5) and never change their meaning. A key is
/// `space[1] || id[31]`.
library Space {
    /// @notice The log's own cells: its writers and its seal.
    uint8 internal constant LOG = 0;

    /// @notice Who acts for a node, by its number; see `NodeCell`. `hosted`: it has a host; `guest`: its membership ends;
    /// `marked`: its operator's key was declared compromised at some time.
    ///
    ///     | marked 1 | guest 1 | hosted 1 | domains 24 | status 2 | role 3 | operator 160 |
    uint8 internal constant NODE = 1;

    /// @notice Whose a key is, for ever, by its address, and when it was the operator's; `until` is 0 while it is:
    /// `| until 40 | since 40 | node 24 |`.
    uint8 internal constant KEY = 2;

    /// @notice Key epochs of subject tags. At id 0 the current one: `epoch 32`. At id `1 << 32 | epoch` and `2 << 32 | epoch` the
    /// low 200 and the high 56 bits of its digest. At id `1 << 247`, plus the low 247 bits of a digest, its `epoch 32`.
    uint8 internal constant EPOCH = 3;

    /// @notice What a node published under a key epoch, at `node << 32 | epoch`: `| book 40 | leaves 40 | batches 32 |`; see
    /// `BookCell`.
    uint8 internal constant BOOK = 4;

    /// @notice What became of it; see `AuditCell`. At the index of the entry of an anchor or a book:
    ///
    ///     | previous 40 | since 40 | restored 1 | annulled 1 | broken 1 | audited 1 |
    ///
    /// At id `1 << 64 | node << 32 | epoch` of all that a node published under an epoch: `| gone 40 | audited 40 |`. At id
    /// `2 << 64 | node` from which entry on a node is closed: `closed 40`. At id `3 << 64 | entry` of an audited book, who
    /// attested its last audit: `| attestedAt 40 | key 160 |`.
    uint8 internal constant AUDIT = 5;

    /// @notice Launched products. At id 0 how many, at ids from 1 on their numbers in the order of launch: `number 32`. At id
    /// `1 << 32 | number` the product: `| first 24 bytes of its digest | state 8 |`, the state 1 launched, 2 withdrawn.
    uint8 internal constant PRODUCT = 6;

    /// @notice Nodes that ever anchored. At id 0 how many, at ids from 1 on their numbers in the order of their first anchor. At
    /// id `1 << 32 | node` the node's place in that order: `place 32`.
    uint8 internal constant PUBLISHER = 7;

    /// @notice Lives of records: `life 2, lifeAt 40`; see `RecordCell`.
    uint8 internal constant RECORD = 8;

    /// @notice Disputes of records, by the same id: `open 32, filings 32, last 40, filedAt 40, outcome 3, answeredAt 40`; and
    /// answers to single filings: `outcome 3, answeredAt 40`; see `DisputeCell`.
    uint8 internal constant DISPUTE = 9;

    /// @notice Grant, uses and revocation of a consent, by `Cells.hashed` of its id. QueryLedger writes the bits of `used`,
    /// ConsentToken the others. One that was taken back before it was granted has only `revokedAt`.
    ///
    ///     | used 16 | free 7 | wasPaused 1 | revokedAt 32 | paper 1 | uses 16 | notAfter 32 | validFrom 32 | domains 24 |
    ///     | sections 7 | purpose 8 | institution 24 |
    uint8 internal constant CONSENT = 10;

    /// @notice The last two pauses of a consent, by the same id. It is paused while `turns` is odd.
    ///
    ///     | byPlatform 1 | turns 16 | earlier resumedAt 32 | earlier pausedAt 32 | resumedAt 32 | pausedAt 32 |
    uint8 internal constant PAUSE = 11;

    /// @notice Nonces of requests that were metered, a bit each, at `institution << 80 | provider << 48 | nonce / 200`: bit
    /// `nonce % 200`.
    uint8 internal constant NONCE = 12;

    /// @notice Nonces that one cell holds.
    uint48 internal constant NONCES_A_CELL = 200;

    /// @notice The current report of an institution's month, at `institution << 24 | month`:
    /// `| reports 16 | count 32 | amount 128 |`.
    uint8 internal constant LOAN = 13;

    /// @notice Governed limits, at id 0; see `Limits`.
    ///
    ///     | changedAt 32 | delivery age 32 | since before 32 | before 32 | since 32 | domains 32 |
    uint8 internal constant LIMIT = 14;

    /// @notice Who may do what; see `AccessCell`. At id 0 the number of entries of governance: `| admin delay 32 | entries 32 |`.
    /// At `1 << 240 | role << 160 | account` a member of a role: `| delay from 48 | delay 32 | since 48 |`.
    /// At `2 << 240 | role` a role: `| grant delay 32 | guardian 64 | admin 64 |`.
    /// At `3 << 240 | change << 192 | selector << 160 | contract` what was last changed of a contract: a function's role
    /// (change 6), seconds (7), whether it is closed (8), its authority (9).
    /// At `4 << 240`, plus 240 bits of its hash, an operation that waits or waited: `| when 48 | nonce 32 | progress 8 |`.
    uint8 internal constant ACCESS = 15;

    /// @notice The rest of a node's membership, by its number. `since`: when operator, status, host or end changed last; the past
    /// terms before that are in `TERM`. At `1 << 32 | number` and `3 << 32 | number` the low 200 and the high 56
    /// bits of its profile's digest, at `2 << 32 | number` the node that answers for it once it is retired.
    ///
    ///     | terms 32 | statusAt 40 | since 40 | until 40 | division 20 | host 24 |
    uint8 internal constant MEMBER = 17;

    /// @notice A past term of a node, at `number << 32 | index`: `| active 1 | since 39 | operator 160 |`; at
    /// `1 << 64 | number << 32 | index`, if it had either, `| until 40 | host 24 |`.
    uint8 internal constant TERM = 18;

    /// @notice When a key was in other hands, by its address; see `StolenKey`.
    uint8 internal constant COMPROMISE = 19;

    /// @notice Number of nodes, at id 0: `count 24`.
    uint8 internal constant COUNT = 20;

    /// @notice The number of tokens of a node, at its number: `tokens 32`.
    uint8 internal constant BALANCE = 21;

    /// @notice Signers of checkpoints. At id 0 the current epoch: `epoch 32`. At `epoch << 8`: `| threshold 8 | count 8 |`; at
    /// `epoch << 8 | place`, from 1, `| node 24 | key 160 |`, ascending by key.
    uint8 internal constant SIGNER = 22;

    /// @notice Numbers of enterprises that are accepted although their check digits are wrong. At id 0 how many were ever named,
    /// at ids from 1 on the first 25 bytes of their digests, in that order. At `1 << 240 | first 25 bytes`:
    /// `| place 32 | accepted 1 |`.
    uint8 internal constant EXCEPTION = 23;

    /// @notice The key of a cell.
    /// @param id Below 2^248.
    function key(uint8 space, uint256 id) internal pure returns (uint256) {
        return uint256(space) << 248 | id;
    }
}

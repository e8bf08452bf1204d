// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Kinds of entries in the region log
/// @notice The numbers are part of the format (docs/format.md, section 5) and never change their meaning.
library EntryKind {
    uint8 internal constant NODE = 1;
    uint8 internal constant TAG_KEY_EPOCH = 2;
    uint8 internal constant ANCHOR = 3;
    uint8 internal constant STATUS = 4;
    uint8 internal constant DISPUTE = 5;
    uint8 internal constant AUDIT = 6;
    uint8 internal constant BROKEN = 7;
    uint8 internal constant CONSENT = 8;
    uint8 internal constant REVOCATION = 9;
    uint8 internal constant QUERIES = 10;
    uint8 internal constant LOANS = 11;
    uint8 internal constant SIGNERS = 12;
    uint8 internal constant SEALED = 13;
    uint8 internal constant WRITER = 14;
    uint8 internal constant LIMITS = 15;
    uint8 internal constant REGION = 16;
    uint8 internal constant AUTHORITY = 17;
    uint8 internal constant ANSWER = 18;
    uint8 internal constant PRODUCT = 19;
    uint8 internal constant BOOK = 20;
    uint8 internal constant ANNULLED = 21;
    uint8 internal constant CLOSED = 22;
    uint8 internal constant PAUSE = 23;
    uint8 internal constant COMPROMISE = 24;
    uint8 internal constant ANSWERER = 25;
    uint8 internal constant ACCESS = 26;
    uint8 internal constant OPERATION = 27;
    uint8 internal constant EXCEPTION = 28;
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Role} from "./INodeRegistry.sol";

/// @dev What the cells of a consent say; all zero if there is none. One that was revoked before it was granted has only
/// `revokedAt`. Its key and platform are in the entry of the grant.
/// @param validFrom The later of `notBefore` and the time of the grant, unix seconds.
/// @param used Number of metered deliveries that took a use; at most `uses`.
/// @param revokedAt Unix seconds; 0 if it was not revoked.
/// @param pausedAt When it was paused last; 0 if never.
/// @param resumedAt When it was resumed after that; 0 if it was not.
/// @param turns How often it was paused and resumed. It is paused while this is odd.
struct ConsentState {
    uint24 institution;
    uint8 sections;
    uint32 domains;
    uint8 purpose;
    uint40 validFrom;
    uint40 notAfter;
    uint32 uses;
    uint32 used;
    uint40 revokedAt;
    uint40 pausedAt;
    uint40 resumedAt;
    uint16 turns;
}

/// @dev Who revoked, paused or resumed a consent. The numbers are part of the log format.
enum Revoker {
    None,
    Key,
    Platform,
    Governors
}

/// @title The consents of enterprises
/// @notice A consent is what an enterprise agrees to, signed as the EIP-712 message `Consent` (docs/format.md, section 6). Its
/// struct hash is the token id. Functions take it as `bytes`, in the form that is drawn in `ConsentForm`; it is for this
/// contract's log, or signed by nobody.
///
/// Each consent is an ERC-721 token. It belongs to the institution's node: its owner is the node's current operator (for
/// a virtual node without a key of its own, its host's operator). It is locked (ERC-5192), cannot be approved, and is never
/// burnt; a revoked consent stays, with the time of its revocation. Anyone may relay consents, because the signatures decide.
///
/// All state is in cells of the region log: grants, uses and revocations, pauses, limits, and the number of a node's tokens.
/// Uses are counted by `QueryLedger` when it meters, and by nobody else. A consent can be used only as long as some contract may
/// revoke it.
///
/// Warning: the owner changes with the node's operator, without a `Transfer` event. `balanceOf` counts the tokens of the node
/// that a key operates now, and not those of virtual nodes that it hosts.
interface IConsentToken {
    /// @notice A consent has 120 bytes if a key signs it, and 132 on paper; this one has `length`.
    error ConsentTokenForm(uint256 length);

    /// @notice A consent needs at least one existing section, one domain, a purpose, a use, a subject and a notice.
    error ConsentTokenIncomplete();

    /// @notice `key` belongs, or once belonged, to `node`. A member cannot consent in the place of an enterprise.
    error ConsentTokenKeyOfNode(address key, uint24 node);

    /// @notice A consent has a key or is on paper, and neither is 0. One on paper has no signature by a key.
    error ConsentTokenKeyOrPaper(address key, bytes32 paper);

    /// @notice A consent must end after it begins, and not before now. Its days must have the form YYYYMMDD and be in order.
    error ConsentTokenPeriod(uint32 notBefore, uint32 notAfter, uint32 dataFrom, uint32 dataTo);

    /// @notice `deadline`, unix seconds, is over: of the consent, which can no longer be granted, or of the signature.
    error ConsentTokenDeadline(uint40 deadline);

    /// @notice The consent has been paused since `pausedAt`, unix seconds.
    error ConsentTokenPaused(uint256 id, uint40 pausedAt);

    /// @notice The consent is not paused.
    error ConsentTokenNotPaused(uint256 id);

    /// @notice The consent was paused by its key, so its platform cannot resume it.
    error ConsentTokenPausedByKey(uint256 id);

    /// @notice There is no such limit, or it cannot have this value.
    error ConsentTokenLimit(uint8 limit, uint200 value);

    /// @notice `node` has another role than the consent needs in this place.
    error ConsentTokenRole(uint24 node, Role expected, Role actual);

    /// @notice `node` does not act now.
    error ConsentTokenInactive(uint24 node);

    /// @notice The consent `id` was not signed by `key`.
    error ConsentTokenSignature(uint256 id, address key);

    /// @notice The consent `id` was not signed by the operator of `platform`.
    error ConsentTokenEndorsement(uint256 id, uint24 platform);

    /// @notice The consent is granted already. Whoever relayed it second has nothing left to do.
    error ConsentTokenGranted(uint256 id);

    /// @notice There is no consent `id`.
    error ConsentTokenUnknown(uint256 id);

    /// @notice The consent was revoked at `revokedAt`, unix seconds.
    error ConsentTokenRevoked(uint256 id, uint40 revokedAt);

    /// @notice `caller` is neither the key of the consent nor acts for its platform.
    error ConsentTokenNotRevoker(uint256 id, address caller);

    /// @notice ERC-721 has no balance for the address 0.
    error ConsentTokenNoOwner();

    /// @notice What was open at `time` is known from the log only: the cell holds the last two rules, the earlier one since
    /// `earliest`.
    error ConsentTokenOpenDomainsPast(uint40 time, uint40 earliest);

    /// @notice Grant a consent. Anyone who has the signatures may.
    /// @param keySignature Signature by the consent's key; empty if the enterprise agreed on paper.
    /// @param endorsement Signature by the operator of the consent's platform, or of its host, over the same message.
    /// @return id Struct hash of the consent.
    function grant(bytes calldata consent, bytes calldata keySignature, bytes calldata endorsement)
        external
        returns (uint256 id);

    /// @notice Revoke a consent for ever. Its key may, and whoever acts for the platform that endorses it; also before it is
    /// granted, and then it never can be. The consent is shown again, because the log keeps neither key nor platform in cells.
    function revoke(bytes calldata consent) external;

    /// @notice As `revoke`, relayed by anyone.
    /// @param signature Signature by the consent's key over `Revocation(bytes32 consent)`.
    function revokeSigned(bytes calldata consent, bytes calldata signature) external;

    /// @notice As `revoke`, by governors, for a consent on paper whose platform no longer exists.
    function revokeByGovernors(uint256 id) external;

    /// @notice Pause a consent: deliveries are flagged `PAUSED` until it is resumed. Its key may, and whoever acts for its
    /// platform.
    function pause(bytes calldata consent) external;

    /// @notice Resume a paused consent. Its key may, and whoever acts for its platform if that paused it.
    function resume(bytes calldata consent) external;

    /// @notice As `pause`, relayed by anyone.
    /// @param deadline Unix seconds until which the signature can be used, inclusive.
    /// @param signature Signature by the consent's key over `Pause(bytes32 consent,uint16 turn,uint40 deadline)`; `turn` is one
    /// more than the consent's `turns`, so that it can be used once.
    function pauseSigned(bytes calldata consent, uint40 deadline, bytes calldata signature) external;

    /// @notice As `resume`, relayed by anyone.
    /// @param signature As of `pauseSigned`, over `Resumption(bytes32 consent,uint16 turn,uint40 deadline)`.
    function resumeSigned(bytes calldata consent, uint40 deadline, bytes calldata signature) external;

    /// @notice Set a limit from now on: 1 the domains that the law allows to be used without consent, 2 how old a delivery may
    /// be, in seconds, when it is metered (0: 8 days). Only governors may; it is logged.
    function setLimit(uint8 limit, uint200 value) external;

    /// @notice What the log keeps of a consent; all zero if there is none.
    function consentOf(uint256 id) external view returns (ConsentState memory);

    /// @notice The id that a consent has or would have.
    function idOf(bytes calldata consent) external view returns (uint256);

    /// @notice The domains that could be used without consent at `time`, unix seconds.
    function openDomainsAt(uint40 time) external view returns (uint32);
}

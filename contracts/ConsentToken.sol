// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";

import {Consent, ConsentState, Finding, IConsentToken, Revoker, Use} from "./interfaces/IConsentToken.sol";
import {IERC5192} from "./interfaces/IERC5192.sol";
import {INodeRegistry, Member, Role} from "./interfaces/INodeRegistry.sol";
import {IRegionLog} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Messages} from "./libraries/Messages.sol";
import {Months} from "./libraries/Months.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title ConsentToken
/// @notice The consents of enterprises; see `IConsentToken`.
/// @dev Every action appends to the log before it stores, because what it stores and emits names the entry. That is safe: log and
/// node registry are fixed at deployment and call nobody back, and wallets are asked by `staticcall`.
// slither-disable-start reentrancy-no-eth,reentrancy-benign,reentrancy-events
contract ConsentToken is IConsentToken, IERC721Metadata, IERC5192, ERC165, AccessManaged, EIP712 {
    /// @dev Judging and counting a delivery needs the first slot only:
    ///
    ///     1 | revokedAt 40 | used 32 | uses 32 | notAfter 40 | validFrom 40 | purpose 8 | domains 32 | sections 8 |
    ///       | institution 24 |
    ///     2 | entry 56 | platform 24 | key 160 |
    mapping(uint256 id => ConsentState) private _states;

    mapping(uint24 node => uint256) private _balances;

    /// @dev `since` of the earlier rules ascends. The current rule is kept apart, so that judging reads one slot.
    struct OpenDomains {
        uint40 since;
        uint32 domains;
    }

    OpenDomains private _open;
    OpenDomains[] private _earlier;

    /// @notice The log to which every change is written.
    IRegionLog public immutable log;

    /// @notice The registry of members.
    INodeRegistry public immutable nodes;

    bytes32 private immutable _logId;

    /// @dev Bits of the sections that exist, 0 to 6.
    uint8 private constant _SECTIONS = 0x7f;

    /// @inheritdoc IConsentToken
    mapping(address ledger => bool) public override isLedger;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_, INodeRegistry nodes_)
        AccessManaged(authority)
        EIP712("creditchain", "1")
    {
        log = log_;
        nodes = nodes_;
        _logId = log_.logId();
    }

    /// @inheritdoc IConsentToken
    function grant(Consent calldata consent, bytes calldata keySignature, bytes calldata endorsement)
        external
        override
        returns (uint256 id)
    {
        _checkTerms(consent);
        bytes32 structHash = Messages.consent(consent);
        id = uint256(structHash);
        if (_states[id].institution != 0) revert ConsentTokenGranted(id);
        address owner = _owner(_requireMember(consent.institution, Role.Institution));
        _checkSignatures(consent, structHash, keySignature, endorsement);

        uint64 entry = log.append(
            EntryKind.CONSENT, abi.encode(structHash, consent.institution, consent.platform, consent.key), Cells.none()
        );
        uint40 time = uint40(block.timestamp);
        _states[id] = ConsentState({
            institution: consent.institution,
            sections: consent.sections,
            domains: consent.domains,
            purpose: consent.purpose,
            validFrom: consent.notBefore > time ? consent.notBefore : time,
            notAfter: consent.notAfter,
            uses: consent.uses,
            used: 0,
            revokedAt: 0,
            key: consent.key,
            platform: consent.platform,
            entry: uint56(entry)
        });
        unchecked {
            ++_balances[consent.institution];
        }
        emit Transfer(address(0), owner, id);
        emit Locked(id);
        emit ConsentGranted(id, consent.institution, consent.key, consent, entry);
    }

    /// @inheritdoc IConsentToken
    function revoke(uint256 id) external override {
        ConsentState storage state = _standing(id);
        Revoker by = Revoker.Key;
        if (msg.sender != state.key) {
            if (!nodes.actsFor(msg.sender, state.platform)) revert ConsentTokenNotRevoker(id, msg.sender);
            by = Revoker.Platform;
        }
        _revoke(id, state, by);
    }

    /// @inheritdoc IConsentToken
    function revokeSigned(uint256 id, bytes calldata signature) external override {
        ConsentState storage state = _standing(id);
        address key = state.key;
        bytes32 digest = _hashTypedDataV4(Messages.revocation(bytes32(id)));
        if (!Signatures.isBy(key, address(0), digest, signature)) revert ConsentTokenSignature(id, key);
        _revoke(id, state, Revoker.Key);
    }

    /// @inheritdoc IConsentToken
    function revokeByGovernors(uint256 id) external override restricted {
        _revoke(id, _standing(id), Revoker.Governors);
    }

    /// @inheritdoc IConsentToken
    function consume(Use calldata use) external override returns (Finding) {
        if (!isLedger[msg.sender]) revert ConsentTokenNotLedger(msg.sender);
        if (use.consent == 0) {
            return use.domains & ~openDomainsAt(use.time) == 0 ? Finding.WithoutConsent : Finding.ConsentUnknown;
        }
        ConsentState storage state = _states[uint256(use.consent)];
        if (state.institution != use.institution) {
            return state.institution == 0 ? Finding.ConsentUnknown : Finding.ConsentInstitution;
        }
        if (state.purpose != use.purpose) return Finding.ConsentPurpose;
        if (use.sections & ~state.sections != 0) return Finding.ConsentSections;
        uint32 outside = use.domains & ~state.domains;
        if (outside != 0 && outside & ~openDomainsAt(use.time) != 0) return Finding.ConsentDomains;
        if (use.time < state.validFrom) return Finding.ConsentNotYetValid;
        if (use.time > state.notAfter) return Finding.ConsentExpired;
        uint40 revokedAt = state.revokedAt;
        if (revokedAt != 0 && use.time >= revokedAt) return Finding.ConsentRevoked;
        uint32 used = state.used;
        if (used == state.uses) return Finding.Overdrawn;
        unchecked {
            state.used = used + 1;
        }
        return Finding.Fits;
    }

    /// @inheritdoc IConsentToken
    function setOpenDomains(uint32 domains) external override restricted {
        if (_open.since != 0) _earlier.push(_open);
        _open = OpenDomains({since: uint40(block.timestamp), domains: domains});
        emit OpenDomainsSet(domains, log.append(EntryKind.OPEN_DOMAINS, abi.encode(domains), Cells.none()));
    }

    /// @inheritdoc IConsentToken
    function setLedger(address ledger, bool authorised) external override restricted {
        if (isLedger[ledger] == authorised || ledger.code.length == 0) revert ConsentTokenLedger(ledger, authorised);
        isLedger[ledger] = authorised;
        emit LedgerSet(ledger, authorised);
    }

    /// @inheritdoc IConsentToken
    function consentOf(uint256 id) external view override returns (ConsentState memory) {
        return _states[id];
    }

    /// @inheritdoc IConsentToken
    function idOf(Consent calldata consent) external pure override returns (uint256) {
        return uint256(Messages.consent(consent));
    }

    /// @inheritdoc IConsentToken
    function openDomainsAt(uint40 time) public view override returns (uint32) {
        OpenDomains memory rule = _open;
        for (uint256 i = _earlier.length; rule.since > time; rule = _earlier[--i]) {
            if (i == 0) return 0;
        }
        return rule.domains;
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 id) external view override returns (address) {
        uint24 institution = _get(id).institution;
        return _owner(nodes.memberAt(institution, uint40(block.timestamp)));
    }

    /// @inheritdoc IERC721
    function balanceOf(address owner) external view override returns (uint256) {
        if (owner == address(0)) revert ConsentTokenNoOwner();
        uint24 number = nodes.nodeOf(owner);
        return nodes.node(number).operator == owner ? _balances[number] : 0;
    }

    /// @inheritdoc IERC5192
    function locked(uint256 id) external view override returns (bool) {
        _get(id);
        return true;
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 id) external view override returns (address) {
        _get(id);
        return address(0);
    }

    /// @inheritdoc IERC721
    function isApprovedForAll(address, address) external pure override returns (bool) {
        return false;
    }

    /// @inheritdoc IERC721
    function approve(address, uint256 id) external pure override {
        revert ConsentTokenLocked(id);
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address, bool) external pure override {
        revert ConsentTokenLocked(0);
    }

    /// @inheritdoc IERC721
    function transferFrom(address, address, uint256 id) external pure override {
        revert ConsentTokenLocked(id);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address, address, uint256 id) external pure override {
        revert ConsentTokenLocked(id);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address, address, uint256 id, bytes calldata) external pure override {
        revert ConsentTokenLocked(id);
    }

    /// @inheritdoc IERC721Metadata
    function name() external pure override returns (string memory) {
        return "creditchain consent";
    }

    /// @inheritdoc IERC721Metadata
    function symbol() external pure override returns (string memory) {
        return "CONSENT";
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 id) external view override returns (string memory) {
        _get(id);
        return "";
    }

    /// @notice ERC-165: supports ERC-721 with metadata, ERC-5192 and ERC-5267.
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IERC721).interfaceId || interfaceId == type(IERC721Metadata).interfaceId
            || interfaceId == type(IERC5192).interfaceId || interfaceId == type(IERC5267).interfaceId
            || super.supportsInterface(interfaceId);
    }

    function _checkTerms(Consent calldata consent) private view {
        if (consent.log != _logId) revert ConsentTokenLog(_logId, consent.log);
        if (
            consent.sections == 0 || consent.sections & ~_SECTIONS != 0 || consent.domains == 0 || consent.purpose == 0
                || consent.uses == 0 || consent.subject == 0 || consent.notice == 0
        ) revert ConsentTokenIncomplete();
        if ((consent.key == address(0)) == (consent.paper == 0)) {
            revert ConsentTokenKeyOrPaper(consent.key, consent.paper);
        }
        if (
            consent.notBefore > consent.notAfter || consent.notAfter < block.timestamp || consent.dataFrom > consent.dataTo
                || !Months.isDay(consent.dataFrom) || !Months.isDay(consent.dataTo)
        ) revert ConsentTokenPeriod(consent.notBefore, consent.notAfter, consent.dataFrom, consent.dataTo);
    }

    function _checkSignatures(
        Consent calldata consent,
        bytes32 structHash,
        bytes calldata keySignature,
        bytes calldata endorsement
    ) private view {
        Member memory platform = _requireMember(consent.platform, Role.Platform);
        bytes32 digest = _hashTypedDataV4(structHash);
        if (consent.key == address(0)) {
            if (keySignature.length != 0) revert ConsentTokenKeyOrPaper(consent.key, consent.paper);
        } else if (!Signatures.isBy(consent.key, address(0), digest, keySignature)) {
            revert ConsentTokenSignature(uint256(structHash), consent.key);
        }
        if (!Signatures.isBy(platform.operator, platform.hostOperator, digest, endorsement)) {
            revert ConsentTokenEndorsement(uint256(structHash), consent.platform);
        }
    }

    function _requireMember(uint24 number, Role role) private view returns (Member memory member) {
        member = nodes.memberAt(number, uint40(block.timestamp));
        if (member.role != role) revert ConsentTokenRole(number, role, member.role);
        if (!member.acts) revert ConsentTokenInactive(number);
    }

    function _revoke(uint256 id, ConsentState storage state, Revoker by) private {
        uint24 institution = state.institution;
        state.revokedAt = uint40(block.timestamp);
        uint64 entry = log.append(EntryKind.REVOCATION, abi.encode(id, institution, by), Cells.none());
        emit ConsentRevoked(id, institution, by, entry);
    }

    function _get(uint256 id) private view returns (ConsentState storage state) {
        state = _states[id];
        if (state.institution == 0) revert ConsentTokenUnknown(id);
    }

    function _standing(uint256 id) private view returns (ConsentState storage state) {
        state = _get(id);
        if (state.revokedAt != 0) revert ConsentTokenRevoked(id, state.revokedAt);
    }

    function _owner(Member memory member) private pure returns (address) {
        return member.operator == address(0) ? member.hostOperator : member.operator;
    }
}
// slither-disable-end reentrancy-no-eth,reentrancy-benign,reentrancy-events

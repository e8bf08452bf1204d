// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";

import {Consent, ConsentState, IConsentToken, Revoker} from "./interfaces/IConsentToken.sol";
import {IERC5192} from "./interfaces/IERC5192.sol";
import {Member, Role} from "./interfaces/INodeRegistry.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {ConsentCell} from "./libraries/ConsentCell.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Members} from "./libraries/Members.sol";
import {Messages} from "./libraries/Messages.sol";
import {Months} from "./libraries/Months.sol";
import {NodeCell} from "./libraries/NodeCell.sol";
import {OpenDomains} from "./libraries/OpenDomains.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Space} from "./libraries/Space.sol";

/// @title ConsentToken
/// @notice The consents of enterprises; see `IConsentToken`.
/// @dev Log and node registry are fixed at deployment and call nobody back. Wallets are asked by `staticcall`.
// slither-disable-start reentrancy-events,unused-return
contract ConsentToken is IConsentToken, IERC721Metadata, IERC5192, ERC165, AccessManaged, EIP712 {
    using Members for IRegionLog;

    /// @notice The log that holds all state.
    IRegionLog public immutable log;

    bytes32 private immutable _logId;

    /// @dev Bits of the sections that exist, 0 to 6.
    uint8 private constant _SECTIONS = 0x7f;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_) AccessManaged(authority) EIP712("creditchain", "1") {
        log = log_;
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
        uint256[2] memory keys = [ConsentCell.grantKey(structHash), _balanceKey(consent.institution)];
        (uint256 given, uint256 balance, uint64 entry) = Cells.pair(log, keys[0], keys[1]);
        if (given != 0) revert ConsentTokenGranted(id);
        address owner = _owner(_requireMember(consent.institution, Role.Institution));
        _checkSignatures(consent, structHash, keySignature, endorsement);
        _append(consent, entry, keys, balance >> 56);
        emit Transfer(address(0), owner, id);
        emit Locked(id);
    }

    /// @inheritdoc IConsentToken
    function revoke(Consent calldata consent) external override {
        bytes32 id = Messages.consent(consent);
        uint24 institution = _standing(id);
        Revoker by = Revoker.Key;
        if (msg.sender != consent.key) {
            if (!log.actsFor(msg.sender, consent.platform)) revert ConsentTokenNotRevoker(uint256(id), msg.sender);
            by = Revoker.Platform;
        }
        _revoke(id, institution, by);
    }

    /// @inheritdoc IConsentToken
    function revokeSigned(Consent calldata consent, bytes calldata signature) external override {
        bytes32 id = Messages.consent(consent);
        uint24 institution = _standing(id);
        bytes32 digest = _hashTypedDataV4(Messages.revocation(id));
        if (!Signatures.isBy(consent.key, address(0), digest, signature)) {
            revert ConsentTokenSignature(uint256(id), consent.key);
        }
        _revoke(id, institution, Revoker.Key);
    }

    /// @inheritdoc IConsentToken
    function revokeByGovernors(uint256 id) external override restricted {
        _revoke(bytes32(id), _standing(bytes32(id)), Revoker.Governors);
    }

    /// @inheritdoc IConsentToken
    function setOpenDomains(uint32 domains) external override restricted {
        uint256 before = Cells.valueOf(log, OpenDomains.KEY);
        uint256 rules = OpenDomains.next(before, domains);
        log.append(EntryKind.OPEN_DOMAINS, abi.encode(domains), Cells.one(OpenDomains.KEY, rules));
    }

    /// @inheritdoc IConsentToken
    function consentOf(uint256 id) external view override returns (ConsentState memory) {
        (uint256 given, uint256 end) = _cellsOf(bytes32(id));
        return ConsentState({
            institution: ConsentCell.institution(given),
            sections: ConsentCell.sections(given),
            domains: ConsentCell.domains(given),
            purpose: ConsentCell.purpose(given),
            validFrom: ConsentCell.validFrom(given),
            notAfter: ConsentCell.notAfter(given),
            uses: ConsentCell.uses(given),
            used: ConsentCell.used(given),
            revokedAt: ConsentCell.revokedAt(end),
            entry: ConsentCell.entry(given)
        });
    }

    /// @inheritdoc IConsentToken
    function idOf(Consent calldata consent) external pure override returns (uint256) {
        return uint256(Messages.consent(consent));
    }

    /// @inheritdoc IConsentToken
    function openDomainsAt(uint40 time) external view override returns (uint32 domains) {
        uint256 rules = Cells.valueOf(log, OpenDomains.KEY);
        bool known;
        (domains, known) = OpenDomains.at(rules, time);
        if (!known) revert ConsentTokenOpenDomainsPast(time, OpenDomains.since(rules >> 64));
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 id) external view override returns (address) {
        return _owner(log.memberAt(_institutionOf(id), block.timestamp));
    }

    /// @inheritdoc IERC721
    function balanceOf(address owner) external view override returns (uint256) {
        if (owner == address(0)) revert ConsentTokenNoOwner();
        uint24 number = log.nodeOf(owner);
        (uint256 node, uint256 balance,) = Cells.pair(log, NodeCell.key(number), _balanceKey(number));
        return NodeCell.operator(node >> 56) == owner ? balance >> 56 : 0;
    }

    /// @inheritdoc IERC5192
    function locked(uint256 id) external view override returns (bool) {
        _institutionOf(id);
        return true;
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 id) external view override returns (address) {
        _institutionOf(id);
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
        _institutionOf(id);
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
        if (consent.uses > ConsentCell.MOST_USES || consent.domains > type(uint24).max) {
            revert ConsentTokenTooLarge(consent.uses, consent.domains);
        }
        if ((consent.key == address(0)) == (consent.paper == 0)) {
            revert ConsentTokenKeyOrPaper(consent.key, consent.paper);
        }
        if (
            consent.notBefore > consent.notAfter || consent.notAfter < block.timestamp
                || consent.notAfter > type(uint32).max || consent.dataFrom > consent.dataTo
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
        } else {
            uint24 node = log.nodeOf(consent.key);
            if (node != 0) revert ConsentTokenKeyOfNode(consent.key, node);
            if (!Signatures.isBy(consent.key, address(0), digest, keySignature)) {
                revert ConsentTokenSignature(uint256(structHash), consent.key);
            }
        }
        if (!Signatures.isBy(platform.operator, platform.hostOperator, digest, endorsement)) {
            revert ConsentTokenEndorsement(uint256(structHash), consent.platform);
        }
    }

    function _requireMember(uint24 number, Role role) private view returns (Member memory member) {
        member = log.memberAt(number, block.timestamp);
        if (member.role != role) revert ConsentTokenRole(number, role, member.role);
        if (!member.acts) revert ConsentTokenInactive(number);
    }

    /// @dev Append the entry of a grant, which writes the cells of the consent and of the node's `balance`.
    function _append(Consent calldata consent, uint64 entry, uint256[2] memory keys, uint256 balance) private {
        Write[] memory writes = new Write[](2);
        uint256 validFrom = consent.notBefore > block.timestamp ? consent.notBefore : block.timestamp;
        writes[0] = Write({key: keys[0], value: ConsentCell.pack(consent, validFrom, entry)});
        writes[1] = Write({key: keys[1], value: balance + 1});
        // The cell names the entry. Nobody else can have appended since the cells were read.
        assert(log.append(EntryKind.CONSENT, abi.encode(consent), writes) == entry);
    }

    function _revoke(bytes32 id, uint24 institution, Revoker by) private {
        Write[] memory end = Cells.one(ConsentCell.endKey(id), block.timestamp);
        log.append(EntryKind.REVOCATION, abi.encode(id, institution, by), end);
    }

    /// @dev The institution of a consent that was not revoked.
    function _standing(bytes32 id) private view returns (uint24) {
        (uint256 given, uint256 end) = _cellsOf(id);
        if (given == 0) revert ConsentTokenUnknown(uint256(id));
        if (ConsentCell.revokedAt(end) != 0) revert ConsentTokenRevoked(uint256(id), ConsentCell.revokedAt(end));
        return ConsentCell.institution(given);
    }

    function _institutionOf(uint256 id) private view returns (uint24 institution) {
        uint256 given = Cells.valueOf(log, ConsentCell.grantKey(bytes32(id)));
        institution = ConsentCell.institution(given);
        if (institution == 0) revert ConsentTokenUnknown(id);
    }

    function _cellsOf(bytes32 id) private view returns (uint256 given, uint256 end) {
        (given, end,) = Cells.pair(log, ConsentCell.grantKey(id), ConsentCell.endKey(id));
        return (given >> 56, end >> 56);
    }

    function _balanceKey(uint24 node) private pure returns (uint256) {
        return Space.key(Space.BALANCE, node);
    }

    function _owner(Member memory member) private pure returns (address) {
        return member.operator == address(0) ? member.hostOperator : member.operator;
    }
}
// slither-disable-end reentrancy-events,unused-return

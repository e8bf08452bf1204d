// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {LockedToken} from "./LockedToken.sol";
import {LogDomain} from "./LogDomain.sol";
import {ConsentState, IConsentToken, Revoker} from "./interfaces/IConsentToken.sol";
import {Member, Role} from "./interfaces/INodeRegistry.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {ConsentCell} from "./libraries/ConsentCell.sol";
import {ConsentForm} from "./libraries/ConsentForm.sol";
import {Entries} from "./libraries/Entries.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Limits} from "./libraries/Limits.sol";
import {Members} from "./libraries/Members.sol";
import {Messages} from "./libraries/Messages.sol";
import {Months} from "./libraries/Months.sol";
import {NodeCell} from "./libraries/NodeCell.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Space} from "./libraries/Space.sol";

/// @title ConsentToken
/// @notice The consents of enterprises; see `IConsentToken`.
/// @dev Log and node registry are fixed at deployment and call nobody back. Wallets are asked by `staticcall`.
// slither-disable-start reentrancy-events,unused-return
contract ConsentToken is IConsentToken, LockedToken, AccessManaged, LogDomain {
    using ConsentForm for bytes;
    using ConsentForm for uint256;
    using Members for IRegionLog;

    /// @notice The log that holds all state.
    IRegionLog public immutable log;

    /// @dev Bits of the sections that exist, 0 to 6.
    uint256 private constant _SECTIONS = 0x7f;

    /// @dev Places of the cells that a grant reads. Without a key, it does not read the last.
    uint256 private constant _GRANT = 0;
    uint256 private constant _INSTITUTION = 1;
    uint256 private constant _PLATFORM = 2;
    uint256 private constant _BALANCE = 3;
    uint256 private constant _KEY = 4;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_) AccessManaged(authority) LogDomain(log_) {
        log = log_;
    }

    /// @inheritdoc IConsentToken
    function grant(bytes calldata consent, bytes calldata keySignature, bytes calldata endorsement)
        external
        override
        returns (uint256)
    {
        (bytes32 id, uint256 terms) = consent.read(_logId);
        _checkTerms(consent, terms);
        uint256[] memory words = _read(consent, terms, id);
        uint256 given = words[_GRANT] >> 56;
        if (ConsentCell.institution(given) != 0) revert ConsentTokenGranted(uint256(id));
        if (given != 0) revert ConsentTokenRevoked(uint256(id), ConsentCell.revokedAt(given));
        address owner = _owner(_requireMember(words[_INSTITUTION], terms.institution(), Role.Institution));
        _checkSignatures(consent, id, words, keySignature, endorsement);
        _append(consent, terms, id, words[_BALANCE] >> 56);
        emit Transfer(address(0), owner, uint256(id));
        emit Locked(uint256(id));
        return uint256(id);
    }

    /// @inheritdoc IConsentToken
    function revoke(bytes calldata consent) external override {
        (bytes32 id, uint256 terms) = consent.read(_logId);
        _revoke(consent, id, terms, _byCaller(consent, id, terms));
    }

    /// @inheritdoc IConsentToken
    function revokeSigned(bytes calldata consent, bytes calldata signature) external override {
        (bytes32 id, uint256 terms) = consent.read(_logId);
        _checkByKey(consent, id, Messages.revocation(id), signature);
        _revoke(consent, id, terms, Revoker.Key);
    }

    /// @inheritdoc IConsentToken
    function revokeByGovernors(uint256 id) external override restricted {
        (uint256 given,) = _standing(bytes32(id));
        _end(bytes32(id), ConsentCell.institution(given), given, Revoker.Governors);
    }

    /// @inheritdoc IConsentToken
    function pause(bytes calldata consent) external override {
        _turn(consent, true);
    }

    /// @inheritdoc IConsentToken
    function resume(bytes calldata consent) external override {
        _turn(consent, false);
    }

    /// @inheritdoc IConsentToken
    function pauseSigned(bytes calldata consent, uint40 deadline, bytes calldata signature) external override {
        _turnSigned(consent, true, deadline, signature);
    }

    /// @inheritdoc IConsentToken
    function resumeSigned(bytes calldata consent, uint40 deadline, bytes calldata signature) external override {
        _turnSigned(consent, false, deadline, signature);
    }

    /// @inheritdoc IConsentToken
    function setLimit(uint8 limit, uint200 value) external override restricted {
        if (!Limits.valid(limit, value)) revert ConsentTokenLimit(limit, value);
        uint256 next = Limits.next(limit, Cells.valueOf(log, Limits.KEY), value);
        Entries.append(log, EntryKind.LIMITS, abi.encode(limit, value), Limits.KEY, next);
    }

    /// @inheritdoc IConsentToken
    function consentOf(uint256 id) external view override returns (ConsentState memory) {
        (uint256 given, uint256 pauses) = _cellsOf(bytes32(id));
        return ConsentState({
            institution: ConsentCell.institution(given),
            sections: ConsentCell.sections(given),
            domains: ConsentCell.domains(given),
            purpose: ConsentCell.purpose(given),
            validFrom: ConsentCell.validFrom(given),
            notAfter: ConsentCell.notAfter(given),
            uses: ConsentCell.uses(given),
            used: ConsentCell.used(given),
            revokedAt: ConsentCell.revokedAt(given),
            pausedAt: ConsentCell.pausedSince(pauses),
            resumedAt: ConsentCell.resumedAt(pauses),
            turns: ConsentCell.turns(pauses)
        });
    }

    /// @inheritdoc IConsentToken
    function idOf(bytes calldata consent) external view override returns (uint256) {
        (bytes32 id,) = consent.read(_logId);
        return uint256(id);
    }

    /// @inheritdoc IConsentToken
    function openDomainsAt(uint40 time) external view override returns (uint32 domains) {
        uint256 rules = Cells.valueOf(log, Limits.KEY);
        bool known;
        (domains, known) = Limits.openAt(rules, time);
        if (!known) revert ConsentTokenOpenDomainsPast(time, Limits.since(rules >> 64));
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

    function _checkTerms(bytes calldata consent, uint256 terms) private view {
        _checkOpen(consent);
        uint256 sections = terms.sections();
        if (
            sections == 0 || sections & ~_SECTIONS != 0 || terms.domains() == 0 || terms.purpose() == 0
                || terms.uses() == 0 || !consent.isAbout()
        ) revert ConsentTokenIncomplete();
        if (consent.key() == address(0) && consent.paper() == 0) {
            revert ConsentTokenKeyOrPaper(address(0), 0);
        }
        (uint32 notBefore, uint32 notAfter) = (terms.notBefore(), terms.notAfter());
        (uint32 dataFrom, uint32 dataTo) = (terms.dataFrom(), terms.dataTo());
        if (
            notBefore > notAfter || notAfter < block.timestamp || dataFrom > dataTo || !Months.isDay(dataFrom)
                || !Months.isDay(dataTo)
        ) revert ConsentTokenPeriod(notBefore, notAfter, dataFrom, dataTo);
    }

    /// @dev It may still be granted.
    function _checkOpen(bytes calldata consent) private view {
        if (consent.deadline() < block.timestamp) revert ConsentTokenDeadline(consent.deadline());
    }

    function _checkSignatures(
        bytes calldata consent,
        bytes32 id,
        uint256[] memory words,
        bytes calldata keySignature,
        bytes calldata endorsement
    ) private view {
        uint24 number = consent.platform();
        Member memory platform = _requireMember(words[_PLATFORM], number, Role.Platform);
        address key = consent.key();
        if (key == address(0)) {
            if (keySignature.length != 0) revert ConsentTokenKeyOrPaper(key, consent.paper());
        } else {
            uint24 node = uint24(words[_KEY] >> 56);
            if (node != 0) revert ConsentTokenKeyOfNode(key, node);
            _checkByKey(consent, id, id, keySignature);
        }
        if (!Signatures.isBy(platform.operator, platform.hostOperator, _digestOf(id), endorsement)) {
            revert ConsentTokenEndorsement(uint256(id), number);
        }
    }

    /// @dev What a grant needs, in one call: the words of the cells of the consent, its members, the institution's tokens, and
    /// whose the enterprise's key is.
    function _read(bytes calldata consent, uint256 terms, bytes32 id) private view returns (uint256[] memory words) {
        address key = consent.key();
        uint24 institution = terms.institution();
        uint256[] memory keys = new uint256[](key == address(0) ? 4 : 5);
        keys[_GRANT] = ConsentCell.grantKey(id);
        keys[_INSTITUTION] = NodeCell.key(institution);
        keys[_PLATFORM] = NodeCell.key(terms.platform());
        keys[_BALANCE] = _balanceKey(institution);
        if (key != address(0)) keys[_KEY] = NodeCell.operatorKey(key);
        (words,) = Cells.read(log, keys);
    }

    /// @dev `word` is that of the node's `NODE` cell.
    function _requireMember(uint256 word, uint24 number, Role role) private view returns (Member memory member) {
        member = log.memberNow(word >> 56, number);
        if (member.role != role) revert ConsentTokenRole(number, role, member.role);
        if (!member.acts) revert ConsentTokenInactive(number);
    }

    /// @dev Append the entry of a grant, which writes the cells of the consent and of the node's `balance`.
    function _append(bytes calldata consent, uint256 terms, bytes32 id, uint256 balance) private {
        uint256 notBefore = terms.notBefore();
        uint256 value = ConsentCell.pack(
            terms, notBefore > block.timestamp ? notBefore : block.timestamp, consent.length == ConsentForm.ON_PAPER
        );
        uint256 balanceKey = _balanceKey(terms.institution());
        Entries.append(log, EntryKind.CONSENT, consent, ConsentCell.grantKey(id), value, balanceKey, balance + 1);
    }

    function _revoke(bytes calldata consent, bytes32 id, uint256 terms, Revoker by) private {
        uint256 given = _unrevoked(id);
        // Whoever signed can take it back before somebody grants it.
        if (given == 0) _checkOpen(consent);
        _end(id, terms.institution(), given, by);
    }

    function _end(bytes32 id, uint24 institution, uint256 given, Revoker by) private {
        bytes memory body = abi.encode(id, institution, by);
        Entries.append(log, EntryKind.REVOCATION, body, ConsentCell.grantKey(id), ConsentCell.revoked(given));
    }

    function _turnSigned(bytes calldata consent, bool pauses, uint40 deadline, bytes calldata signature) private {
        if (deadline < block.timestamp) revert ConsentTokenDeadline(deadline);
        (bytes32 id,) = consent.read(_logId);
        (uint256 given, uint256 before) = _standing(id);
        _checkTurn(id, pauses, before);
        _checkByKey(consent, id, Messages.turn(id, ConsentCell.turns(before) + 1, deadline), signature);
        _writeTurn(id, pauses, Revoker.Key, given, before);
    }

    /// @dev A platform resumes only what a platform paused.
    function _turn(bytes calldata consent, bool pauses) private {
        (bytes32 id, uint256 terms) = consent.read(_logId);
        Revoker by = _byCaller(consent, id, terms);
        (uint256 given, uint256 before) = _standing(id);
        _checkTurn(id, pauses, before);
        if (!pauses && by == Revoker.Platform && !ConsentCell.pausedByPlatform(before)) {
            revert ConsentTokenPausedByKey(uint256(id));
        }
        _writeTurn(id, pauses, by, given, before);
    }

    function _writeTurn(bytes32 id, bool pauses, Revoker by, uint256 given, uint256 before) private {
        uint256 next = pauses ? ConsentCell.paused(before, by == Revoker.Platform) : ConsentCell.resumed(before);
        bool first = !ConsentCell.wasPaused(given);
        Write[] memory writes = new Write[](first ? 2 : 1);
        writes[0] = Write({key: ConsentCell.pauseKey(id), value: next});
        if (first) writes[1] = Write({key: ConsentCell.grantKey(id), value: given | ConsentCell.WAS_PAUSED});
        Entries.append(log, EntryKind.PAUSE, abi.encode(id, by, ConsentCell.turns(next)), writes);
    }

    function _checkTurn(bytes32 id, bool pauses, uint256 before) private pure {
        bool paused = ConsentCell.turns(before) & 1 == 1;
        if (paused && pauses) revert ConsentTokenPaused(uint256(id), ConsentCell.pausedSince(before));
        if (!paused && !pauses) revert ConsentTokenNotPaused(uint256(id));
    }

    /// @dev In which right the caller ends or pauses a consent.
    function _byCaller(bytes calldata consent, bytes32 id, uint256 terms) private view returns (Revoker) {
        if (msg.sender == consent.key()) return Revoker.Key;
        uint24 number = terms.platform();
        uint256 platform = Cells.valueOf(log, NodeCell.key(number));
        if (!log.actsFor(platform, msg.sender, number)) revert ConsentTokenNotRevoker(uint256(id), msg.sender);
        return Revoker.Platform;
    }

    function _checkByKey(bytes calldata consent, bytes32 id, bytes32 structHash, bytes calldata signature)
        private
        view
    {
        address key = consent.key();
        if (!Signatures.isBy(key, address(0), _digestOf(structHash), signature)) {
            revert ConsentTokenSignature(uint256(id), key);
        }
    }

    /// @dev The cell of a consent that was not revoked; 0 if it was not granted.
    function _unrevoked(bytes32 id) private view returns (uint256 given) {
        given = Cells.valueOf(log, ConsentCell.grantKey(id));
        if (ConsentCell.revokedAt(given) != 0) revert ConsentTokenRevoked(uint256(id), ConsentCell.revokedAt(given));
    }

    /// @dev The cells of a consent that was granted and not revoked.
    function _standing(bytes32 id) private view returns (uint256 given, uint256 pauses) {
        (given, pauses) = _cellsOf(id);
        if (given == 0) revert ConsentTokenUnknown(uint256(id));
        if (ConsentCell.revokedAt(given) != 0) revert ConsentTokenRevoked(uint256(id), ConsentCell.revokedAt(given));
    }

    /// @inheritdoc LockedToken
    function _requireToken(uint256 id) internal view override {
        _institutionOf(id);
    }

    function _institutionOf(uint256 id) private view returns (uint24 institution) {
        uint256 given = Cells.valueOf(log, ConsentCell.grantKey(bytes32(id)));
        institution = ConsentCell.institution(given);
        if (institution == 0) revert ConsentTokenUnknown(id);
    }

    function _cellsOf(bytes32 id) private view returns (uint256 given, uint256 pauses) {
        (given, pauses,) = Cells.pair(log, ConsentCell.grantKey(id), ConsentCell.pauseKey(id));
        return (given >> 56, pauses >> 56);
    }

    function _balanceKey(uint24 node) private pure returns (uint256) {
        return Space.key(Space.BALANCE, node);
    }

    function _owner(Member memory member) private pure returns (address) {
        return member.operator == address(0) ? member.hostOperator : member.operator;
    }
}
// slither-disable-end reentrancy-events,unused-return

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {LogDomain} from "./LogDomain.sol";
import {Role} from "./interfaces/INodeRegistry.sol";
import {
    Delivery,
    Finding,
    IQueryLedger,
    LoanReport,
    LoanTotal,
    QueryRequest,
    Signature
} from "./interfaces/IQueryLedger.sol";
import {IRegionLog} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {ConsentCell} from "./libraries/ConsentCell.sol";
import {Entries} from "./libraries/Entries.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Limits} from "./libraries/Limits.sol";
import {Members} from "./libraries/Members.sol";
import {Messages} from "./libraries/Messages.sol";
import {Months} from "./libraries/Months.sol";
import {NodeCell} from "./libraries/NodeCell.sol";
import {Cache, Overlay} from "./libraries/Overlay.sol";
import {QueryItem} from "./libraries/QueryItem.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Space} from "./libraries/Space.sol";

/// @title QueryLedger
/// @notice Which reports were requested and delivered, and what was lent afterwards; see `IQueryLedger`.
/// @dev Log and node registry are fixed at deployment and call nobody back. No wallet is asked, so that no item of a batch can
/// make another fail, and what was signed stays signed.
// slither-disable-start reentrancy-events,calls-loop,unused-return
contract QueryLedger is IQueryLedger, LogDomain {
    using Members for IRegionLog;
    using Overlay for Cache;

    /// @dev What judging one delivery needs: hashes of what was signed, and places in the overlay. Those of members are of their
    /// `NODE` cells; their `MEMBER` cells follow. `grant` is not used without a consent, `broker` not without `via`.
    struct Case {
        bytes32 request;
        bytes32 receipt;
        uint256 nonce;
        uint256 grant;
        uint256 institution;
        uint256 provider;
        uint256 broker;
    }

    /// @dev The places in the overlay of what is the same for all deliveries.
    uint256 private constant _LIMITS = 0;
    uint256 private constant _REVOKERS = 1;

    /// @dev Places of members in `QueryRequest`.
    uint256 private constant _NONCE = 11;
    uint256 private constant _VIA = 12;

    /// @dev The longest time that a provider may take to meter, in seconds.
    uint40 private constant _METER_WITHIN = 1 hours;

    /// @notice The log that holds all state.
    IRegionLog public immutable log;

    constructor(IRegionLog log_) LogDomain(log_) {
        log = log_;
    }

    /// @inheritdoc IQueryLedger
    function meter(Delivery[] calldata deliveries) external override {
        if (deliveries.length == 0) revert QueryLedgerEmpty();
        Case[] memory cases = _cases(deliveries.length);
        Cache memory cells = _load(deliveries, cases);
        bytes memory items = new bytes(QueryItem.SIZE * deliveries.length);
        uint256 count = 0;
        for (uint256 i = 0; i < deliveries.length; ++i) {
            uint256 free = _freeMemory();
            Delivery calldata delivery = deliveries[i];
            Case memory one = cases[i];
            (Finding finding, uint256 flags) = _meter(delivery, one, cells);
            _release(free);
            if (finding > Finding.Overdrawn) emit DeliveryRejected(one.request, msg.sender, finding, i);
            else QueryItem.put(items, count++, delivery, one.request, one.receipt, flags);
        }
        if (count == 0) return;
        QueryItem.cut(items, count);
        cells.append(log, EntryKind.QUERIES, items);
    }

    /// @inheritdoc IQueryLedger
    function reportLoans(LoanReport calldata report) external override {
        uint256 key = _loanKey(report.institution, report.month);
        (uint256 node, uint256 word,) = Cells.pair(log, NodeCell.key(report.institution), key);
        log.requireRole(node >> 56, msg.sender, report.institution, Role.Institution);
        if (!Months.isOver(report.month, block.timestamp)) revert QueryLedgerMonth(report.month);
        if ((report.count == 0) != (report.amount == 0)) revert QueryLedgerAmount(report.count, report.amount);
        uint16 reports = uint16(word >> 216);
        if (report.revision != reports) revert QueryLedgerRevision(reports, report.revision);
        uint256 total = uint256(report.amount) | uint256(report.count) << 128 | uint256(reports + 1) << 160;
        Entries.append(log, EntryKind.LOANS, abi.encode(report), key, total);
    }

    /// @inheritdoc IQueryLedger
    function nonceUsed(uint24 institution, uint24 provider, uint48 nonce)
        external
        view
        override
        returns (bool used, uint56 entry)
    {
        uint256 word = Cells.word(log, _nonceKey(institution, provider, nonce));
        return ((word >> 56) & _nonceBit(nonce) != 0, uint56(word));
    }

    /// @inheritdoc IQueryLedger
    function loansOf(uint24 institution, uint24 month) external view override returns (LoanTotal memory) {
        uint256 word = Cells.word(log, _loanKey(institution, month));
        return LoanTotal({
            amount: uint128(word >> 56), count: uint32(word >> 184), reports: uint16(word >> 216), entry: uint56(word)
        });
    }

    /// @dev Read every cell that judging these deliveries needs.
    function _load(Delivery[] calldata deliveries, Case[] memory cases) private view returns (Cache memory cells) {
        cells = Overlay.create(2 + 8 * deliveries.length);
        cells.push(Limits.KEY);
        cells.push(Cells.writersKey(Space.CONSENT));
        for (uint256 i = 0; i < deliveries.length; ++i) _place(deliveries[i], cases[i], cells);
        cells.load(log);
        if (~cells.valueAt(_REVOKERS) & ConsentCell.REVOKED_AT != 0) revert QueryLedgerNobodyRevokes();
    }

    function _place(Delivery calldata delivery, Case memory one, Cache memory cells) private pure {
        QueryRequest calldata asked = delivery.request;
        (uint24 institution, uint24 provider, uint24 via) = (asked.institution, asked.provider, asked.via);
        bytes32 consent = asked.consent;
        one.request = Messages.queryRequest(asked);
        one.receipt = Messages.receipt(one.request, delivery);
        one.nonce = cells.place(_nonceKey(institution, provider, asked.nonce));
        if (consent != 0) one.grant = cells.place(ConsentCell.grantKey(consent));
        one.institution = cells.pair(NodeCell.key(institution), NodeCell.memberKey(institution));
        one.provider = cells.pair(NodeCell.key(provider), NodeCell.memberKey(provider));
        if (via != 0) one.broker = cells.pair(NodeCell.key(via), NodeCell.memberKey(via));
    }

    /// @dev Judge a delivery. One that fits changes `cells`.
    function _meter(Delivery calldata delivery, Case memory one, Cache memory cells)
        private
        view
        returns (Finding finding, uint256 flags)
    {
        QueryRequest calldata asked = delivery.request;
        uint40 deliveredAt = delivery.deliveredAt;
        uint40 meterBy = delivery.meterBy;
        finding = _judgeTimes(asked, deliveredAt, meterBy);
        if (finding != Finding.Fits) return (finding, 0);
        uint256 bit = _nonceBit(uint48(_member(delivery, _NONCE)));
        uint256 nonces = cells.valueAt(one.nonce);
        if (nonces & bit != 0) return (Finding.Replayed, 0);
        finding = _judgeSignatures(delivery, deliveredAt, one, cells);
        if (finding != Finding.Fits) return (finding, 0);
        uint256 grant;
        (finding, grant) = _judgeConsent(asked, deliveredAt, one, cells);
        if (finding > Finding.Overdrawn) return (finding, 0);

        flags = _timeFlags(deliveredAt, meterBy, cells.valueAt(_LIMITS));
        if (finding == Finding.WithoutConsent) {
            flags |= QueryItem.OPEN;
        } else {
            if (finding == Finding.Overdrawn) flags |= QueryItem.OVERDRAWN;
            else cells.change(one.grant, grant + ConsentCell.ONE_USE);
            if (ConsentCell.wasPaused(grant)) flags |= _pauseFlag(asked.consent, deliveredAt);
        }
        cells.change(one.nonce, nonces | bit);
    }

    function _timeFlags(uint40 deliveredAt, uint40 meterBy, uint256 limit) private view returns (uint256 flags) {
        if (block.timestamp > meterBy) flags = QueryItem.LATE;
        if (block.timestamp - deliveredAt > Limits.age(limit)) flags |= QueryItem.OLD;
    }

    /// @dev Few consents are ever paused, so this is read for those only.
    function _pauseFlag(bytes32 consent, uint40 time) private view returns (uint256) {
        return ConsentCell.pausedAt(Cells.valueOf(log, ConsentCell.pauseKey(consent)), time) ? QueryItem.PAUSED : 0;
    }

    /// @dev Returns also the value of the consent's cell; 0 without one.
    function _judgeConsent(QueryRequest calldata asked, uint40 time, Case memory one, Cache memory cells)
        private
        pure
        returns (Finding finding, uint256 grant)
    {
        uint256 rules = cells.valueAt(_LIMITS);
        if (asked.consent == 0) {
            bool open = Limits.opens(rules, asked.domains, time);
            return (open ? Finding.WithoutConsent : Finding.ConsentUnknown, 0);
        }
        grant = cells.valueAt(one.grant);
        finding = ConsentCell.judge(grant, asked, time, rules);
    }

    function _judgeTimes(QueryRequest calldata asked, uint40 deliveredAt, uint40 meterBy)
        private
        view
        returns (Finding)
    {
        if (asked.sections == 0 || asked.domains == 0 || asked.purpose == 0) return Finding.Scope;
        if (deliveredAt > block.timestamp) return Finding.InFuture;
        if (meterBy < deliveredAt || meterBy - deliveredAt > _METER_WITHIN) return Finding.MeterBy;
        if (deliveredAt < asked.issuedAt) return Finding.NotIssued;
        if (deliveredAt > asked.deadline) return Finding.PastDeadline;
        return Finding.Fits;
    }

    function _judgeSignatures(Delivery calldata delivery, uint40 time, Case memory one, Cache memory cells)
        private
        view
        returns (Finding)
    {
        (Role institution, bool requested) = _requested(delivery, time, one, cells);
        (Role provider, bool received) = _received(delivery, time, one, cells);
        if (institution != Role.Institution) return Finding.Institution;
        if (provider != Role.Platform && provider != Role.Bureau) return Finding.Provider;
        if (!requested) return Finding.RequestSignature;
        if (!received) return Finding.ReceiptSignature;
        return _member(delivery, _VIA) == 0 ? Finding.Fits : _judgeBroker(delivery, time, one, cells);
    }

    function _requested(Delivery calldata delivery, uint40 time, Case memory one, Cache memory cells)
        private
        view
        returns (Role, bool)
    {
        uint24 number = uint24(_member(delivery, 0));
        return _signer(cells, one.institution, number, time, _digestOf(one.request), delivery.byInstitution);
    }

    function _received(Delivery calldata delivery, uint40 time, Case memory one, Cache memory cells)
        private
        view
        returns (Role, bool)
    {
        uint24 number = uint24(_member(delivery, 1));
        return _signer(cells, one.provider, number, time, _digestOf(one.receipt), delivery.byProvider);
    }

    function _judgeBroker(Delivery calldata delivery, uint40 time, Case memory one, Cache memory cells)
        private
        view
        returns (Finding)
    {
        uint24 number = uint24(_member(delivery, _VIA));
        (Role role, bool signed) =
            _signer(cells, one.broker, number, time, _digestOf(one.request), delivery.byBroker);
        if (role != Role.Platform) return Finding.Broker;
        return signed ? Finding.Fits : Finding.BrokerSignature;
    }

    /// @dev The role of a member that acted at `time`, `None` if it did not act, and whether it signed. Only an account's
    /// signature counts: a wallet could say otherwise tomorrow.
    function _signer(
        Cache memory cells,
        uint256 place,
        uint24 number,
        uint40 time,
        bytes32 digest,
        Signature calldata signature
    ) private view returns (Role role, bool signed) {
        bool acts;
        address operator;
        address hostOperator;
        (role, acts, operator, hostOperator) =
            log.signersAt(cells.valueAt(place), cells.valueAt(place + 1), number, time);
        if (!acts) return (Role.None, false);
        address signer = Signatures.recover(digest, signature.r, signature.vs);
        signed = signer != address(0) && (signer == operator || signer == hostOperator);
    }

    function _nonceKey(uint24 institution, uint24 provider, uint48 nonce) private pure returns (uint256) {
        return Space.key(
            Space.NONCE, uint256(institution) << 80 | uint256(provider) << 48 | nonce / Space.NONCES_A_CELL
        );
    }

    function _nonceBit(uint48 nonce) private pure returns (uint256) {
        return 1 << (nonce % Space.NONCES_A_CELL);
    }

    function _loanKey(uint24 institution, uint24 month) private pure returns (uint256) {
        return Space.key(Space.LOAN, uint256(institution) << 24 | month);
    }

    /// @dev A member of a request by its place. Only of those that `_place` has read, and so seen to fit their types.
    function _member(Delivery calldata delivery, uint256 place) private pure returns (uint256 value) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            value := calldataload(add(delivery, shl(5, place)))
        }
    }

    /// @dev Cases of seven words, in one piece of memory that is not cleared: `_place` leaves `grant` as it is where there is no
    /// consent, and `broker` where there is no broker, and then nobody looks at them.
    function _cases(uint256 count) private pure returns (Case[] memory cases) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            cases := mload(0x40)
            mstore(cases, count)
            let pointer := add(cases, 0x20)
            let one := add(pointer, shl(5, count))
            for { let end := one } lt(pointer, end) { pointer := add(pointer, 0x20) } {
                mstore(pointer, one)
                one := add(one, 0xe0)
            }
            mstore(0x40, one)
        }
    }

    function _freeMemory() private pure returns (uint256 free) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    /// @dev The cost of memory grows quadratically, so each delivery reuses the memory of the one before, which is done with it.
    function _release(uint256 free) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }
}
// slither-disable-end reentrancy-events,calls-loop,unused-return

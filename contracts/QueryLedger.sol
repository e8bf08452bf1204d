// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Member, Role} from "./interfaces/INodeRegistry.sol";
import {
    Delivery,
    Finding,
    IQueryLedger,
    LoanReport,
    LoanTotal,
    Metered,
    QueryRequest
} from "./interfaces/IQueryLedger.sol";
import {IRegionLog} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {ConsentCell} from "./libraries/ConsentCell.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {ItemTree} from "./libraries/ItemTree.sol";
import {Members} from "./libraries/Members.sol";
import {Messages} from "./libraries/Messages.sol";
import {Months} from "./libraries/Months.sol";
import {OpenDomains} from "./libraries/OpenDomains.sol";
import {Cache, Overlay} from "./libraries/Overlay.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Space} from "./libraries/Space.sol";

/// @title QueryLedger
/// @notice Which reports were requested and delivered, and what was lent afterwards; see `IQueryLedger`.
/// @dev Log and node registry are fixed at deployment and call nobody back. Wallets are asked by `staticcall` with limited gas
/// and memory, so that no item of a batch can make another fail.
// slither-disable-start reentrancy-events,calls-loop,unused-return
contract QueryLedger is IQueryLedger, EIP712 {
    using Members for IRegionLog;
    using Overlay for Cache;

    /// @dev The cells of one delivery, by their places in the overlay. A request without consent has only `nonce`.
    struct Places {
        bytes32 request;
        uint256 nonce;
        uint256 grant;
        uint256 end;
    }

    uint8 private constant _OVERDRAWN = 1;
    uint8 private constant _LATE = 2;
    uint8 private constant _OPEN = 4;

    /// @dev The longest time that a provider may take to meter, in seconds.
    uint40 private constant _METER_WITHIN = 1 hours;

    /// @notice The log that holds all state.
    IRegionLog public immutable log;

    constructor(IRegionLog log_) EIP712("creditchain", "1") {
        log = log_;
    }

    /// @inheritdoc IQueryLedger
    function meter(Delivery[] calldata deliveries) external override {
        if (deliveries.length == 0) revert QueryLedgerEmpty();
        (Cache memory cells, Places[] memory places, uint64 entry) = _load(deliveries);
        bytes32[] memory items = new bytes32[](deliveries.length);
        uint256 count = 0;
        for (uint256 i = 0; i < deliveries.length; ++i) {
            uint256 free = _freeMemory();
            (bytes32 item, Finding finding) = _meter(deliveries[i], places[i], cells);
            _release(free);
            if (finding > Finding.Overdrawn) emit DeliveryRejected(places[i].request, msg.sender, finding, i);
            else items[count++] = item;
        }
        if (count == 0) return;
        bytes32 root = ItemTree.root(items, count);
        emit QueriesLogged(entry, root, uint64(count));
        // Nobody else can have appended since the cells were read.
        assert(log.append(EntryKind.QUERIES, abi.encode(root, count), cells.writes()) == entry);
    }

    /// @inheritdoc IQueryLedger
    function reportLoans(LoanReport calldata report) external override {
        log.requireRole(msg.sender, report.institution, Role.Institution);
        if (!Months.isOver(report.month, block.timestamp)) revert QueryLedgerMonth(report.month);
        if ((report.count == 0) != (report.amount == 0)) revert QueryLedgerAmount(report.count, report.amount);
        uint256 key = _loanKey(report.institution, report.month);
        uint16 reports = uint16(Cells.valueOf(log, key) >> 160);
        if (report.revision != reports) revert QueryLedgerRevision(reports, report.revision);
        uint256 total = uint256(report.amount) | uint256(report.count) << 128 | uint256(reports + 1) << 160;
        log.append(EntryKind.LOANS, abi.encode(report), Cells.one(key, total));
    }

    /// @inheritdoc IQueryLedger
    function deliveryOf(bytes32 request) external view override returns (Metered memory) {
        uint256 word = Cells.word(log, _nonceKey(request));
        return Metered({entry: uint56(word), flags: uint8(word >> 56), receipt: bytes24(bytes32(word))});
    }

    /// @inheritdoc IQueryLedger
    function loansOf(uint24 institution, uint24 month) external view override returns (LoanTotal memory) {
        uint256 word = Cells.word(log, _loanKey(institution, month));
        return LoanTotal({
            amount: uint128(word >> 56), count: uint32(word >> 184), reports: uint16(word >> 216), entry: uint56(word)
        });
    }

    /// @dev Read every cell that judging these deliveries needs. Place 0 is that of the open domains.
    function _load(Delivery[] calldata deliveries)
        private
        view
        returns (Cache memory cells, Places[] memory places, uint64 entry)
    {
        cells = Overlay.create(2 + 3 * deliveries.length);
        cells.place(OpenDomains.KEY);
        cells.place(Cells.writersKey(Space.CONSENT_END));
        places = new Places[](deliveries.length);
        for (uint256 i = 0; i < deliveries.length; ++i) {
            QueryRequest calldata asked = deliveries[i].request;
            bytes32 request = Messages.queryRequest(asked);
            places[i].request = request;
            places[i].nonce = cells.place(_nonceKey(request));
            if (asked.consent == 0) continue;
            places[i].grant = cells.place(ConsentCell.grantKey(asked.consent));
            places[i].end = cells.place(ConsentCell.endKey(asked.consent));
        }
        entry = cells.load(log);
        if (cells.values[1] == 0) revert QueryLedgerNobodyRevokes();
    }

    /// @dev Judge a delivery. One that fits changes `cells`.
    function _meter(Delivery calldata delivery, Places memory places, Cache memory cells)
        private
        returns (bytes32 item, Finding finding)
    {
        QueryRequest calldata asked = delivery.request;
        bytes32 receipt =
            Messages.receipt(places.request, delivery.report, delivery.deliveredAt, delivery.meterBy);
        finding = _judgeTimes(delivery, asked);
        if (finding != Finding.Fits) return (0, finding);
        if (cells.values[places.nonce] != 0) return (0, Finding.Replayed);
        finding = _judgeSignatures(delivery, asked, places.request, receipt);
        if (finding != Finding.Fits) return (0, finding);
        finding = _judgeConsent(asked, delivery.deliveredAt, places, cells);
        if (finding > Finding.Overdrawn) return (0, finding);

        if (finding == Finding.Fits) cells.values[places.grant] += ConsentCell.ONE_USE;
        uint8 flags = finding == Finding.Overdrawn ? _OVERDRAWN : finding == Finding.WithoutConsent ? _OPEN : 0;
        if (block.timestamp > delivery.meterBy) flags |= _LATE;
        cells.values[places.nonce] = uint256(uint192(bytes24(receipt))) << 8 | flags;
        _emitDelivered(delivery, asked, places.request, flags);
        item = ItemTree.leaf(receipt, flags);
    }

    function _emitDelivered(Delivery calldata delivery, QueryRequest calldata asked, bytes32 request, uint8 flags)
        private
    {
        emit Delivered(
            request,
            asked.institution,
            asked.provider,
            asked.consent,
            delivery.report,
            delivery.deliveredAt,
            delivery.meterBy,
            asked.purpose,
            asked.domains,
            flags
        );
    }

    function _judgeConsent(QueryRequest calldata asked, uint40 time, Places memory places, Cache memory cells)
        private
        pure
        returns (Finding)
    {
        // What nobody knows any more counts as closed.
        (uint32 open,) = OpenDomains.at(cells.values[0], time);
        if (asked.consent == 0) {
            return asked.domains & ~open == 0 ? Finding.WithoutConsent : Finding.ConsentUnknown;
        }
        return ConsentCell.judge(cells.values[places.grant], cells.values[places.end], asked, time, open);
    }

    function _judgeTimes(Delivery calldata delivery, QueryRequest calldata asked) private view returns (Finding) {
        if (asked.sections == 0 || asked.domains == 0) return Finding.Scope;
        uint40 deliveredAt = delivery.deliveredAt;
        uint40 meterBy = delivery.meterBy;
        if (deliveredAt > block.timestamp) return Finding.InFuture;
        if (meterBy < deliveredAt || meterBy - deliveredAt > _METER_WITHIN) return Finding.MeterBy;
        if (deliveredAt < asked.issuedAt) return Finding.NotIssued;
        if (deliveredAt > asked.deadline) return Finding.PastDeadline;
        return Finding.Fits;
    }

    function _judgeSignatures(
        Delivery calldata delivery,
        QueryRequest calldata asked,
        bytes32 request,
        bytes32 receipt
    ) private view returns (Finding) {
        Member memory institution = log.memberAt(asked.institution, delivery.deliveredAt);
        if (institution.role != Role.Institution || !institution.acts) return Finding.Institution;
        Member memory provider = log.memberAt(asked.provider, delivery.deliveredAt);
        if ((provider.role != Role.Platform && provider.role != Role.Bureau) || !provider.acts) return Finding.Provider;
        if (!_signed(institution, request, delivery.requestSignature)) return Finding.RequestSignature;
        if (!_signed(provider, receipt, delivery.receiptSignature)) return Finding.ReceiptSignature;
        return Finding.Fits;
    }

    function _signed(Member memory member, bytes32 structHash, bytes calldata signature) private view returns (bool) {
        return Signatures.isBy(member.operator, member.hostOperator, _hashTypedDataV4(structHash), signature);
    }

    function _nonceKey(bytes32 request) private pure returns (uint256) {
        return Space.key(Space.NONCE, Cells.hashed(request));
    }

    function _loanKey(uint24 institution, uint24 month) private pure returns (uint256) {
        return Space.key(Space.LOAN, uint256(institution) << 24 | month);
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

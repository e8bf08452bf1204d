// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Finding, IConsentToken, Use} from "./interfaces/IConsentToken.sol";
import {INodeRegistry, Member, Role} from "./interfaces/INodeRegistry.sol";
import {
    Delivery,
    IQueryLedger,
    LoanReport,
    LoanTotal,
    Metered,
    QueryRequest
} from "./interfaces/IQueryLedger.sol";
import {IRegionLog} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {ItemTree} from "./libraries/ItemTree.sol";
import {Messages} from "./libraries/Messages.sol";
import {Months} from "./libraries/Months.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title QueryLedger
/// @notice Which reports were requested and delivered, and what was lent afterwards; see `IQueryLedger`.
/// @dev Log, node registry and consents are fixed at deployment and call nobody back. Wallets are asked by `staticcall` with
/// limited gas and memory, so that no item of a batch can make another fail.
// slither-disable-start reentrancy-no-eth,reentrancy-benign,reentrancy-events,calls-loop,unused-return
contract QueryLedger is IQueryLedger, EIP712 {
    uint8 private constant _OVERDRAWN = 1;
    uint8 private constant _LATE = 2;
    uint8 private constant _OPEN = 4;

    /// @dev The longest time that a provider may take to meter, in seconds.
    uint40 private constant _METER_WITHIN = 1 hours;

    /// @notice The log to which every change is written.
    IRegionLog public immutable log;

    /// @notice The registry of members.
    INodeRegistry public immutable nodes;

    /// @notice The consents of enterprises.
    IConsentToken public immutable consents;

    /// @dev One slot each: | receipt 192 | flags 8 | entry 56 |.
    mapping(bytes32 request => Metered) private _metered;

    /// @dev One slot each: | entry 56 | reports 16 | count 32 | amount 128 |.
    mapping(uint24 institution => mapping(uint24 month => LoanTotal)) private _loans;

    constructor(IRegionLog log_, INodeRegistry nodes_, IConsentToken consents_) EIP712("creditchain", "1") {
        log = log_;
        nodes = nodes_;
        consents = consents_;
    }

    /// @inheritdoc IQueryLedger
    function meter(Delivery[] calldata deliveries) external override {
        if (deliveries.length == 0) revert QueryLedgerEmpty();
        uint64 entry = log.size();
        bytes32[] memory items = new bytes32[](deliveries.length);
        uint256 count = 0;
        for (uint256 i = 0; i < deliveries.length; ++i) {
            uint256 free = _freeMemory();
            (bytes32 item, bytes32 request, Finding finding) = _meter(deliveries[i], entry);
            _release(free);
            if (finding > Finding.Overdrawn) emit DeliveryRejected(request, msg.sender, finding, i);
            else items[count++] = item;
        }
        if (count == 0) return;
        bytes32 root = ItemTree.root(items, count);
        emit QueriesLogged(entry, root, uint64(count));
        // Each item already names this index. Nobody else can have appended in between.
        assert(log.append(EntryKind.QUERIES, abi.encode(root, count), Cells.none()) == entry);
    }

    /// @inheritdoc IQueryLedger
    function reportLoans(LoanReport calldata report) external override {
        nodes.requireRole(msg.sender, report.institution, Role.Institution);
        if (!Months.isOver(report.month, block.timestamp)) revert QueryLedgerMonth(report.month);
        if ((report.count == 0) != (report.amount == 0)) revert QueryLedgerAmount(report.count, report.amount);
        LoanTotal storage total = _loans[report.institution][report.month];
        uint16 reports = total.reports;
        if (report.revision != reports) revert QueryLedgerRevision(reports, report.revision);

        uint64 entry = log.append(EntryKind.LOANS, abi.encode(report), Cells.none());
        _loans[report.institution][report.month] =
            LoanTotal({amount: report.amount, count: report.count, reports: reports + 1, entry: uint56(entry)});
        emit LoansReported(
            report.institution, report.month, reports, report.count, report.amount, report.queries, entry
        );
    }

    /// @inheritdoc IQueryLedger
    function deliveryOf(bytes32 request) external view override returns (Metered memory) {
        return _metered[request];
    }

    /// @inheritdoc IQueryLedger
    function loansOf(uint24 institution, uint24 month) external view override returns (LoanTotal memory) {
        return _loans[institution][month];
    }

    function _meter(Delivery calldata delivery, uint64 entry)
        private
        returns (bytes32 item, bytes32 request, Finding finding)
    {
        QueryRequest calldata asked = delivery.request;
        request = Messages.queryRequest(asked);
        bytes32 receipt = Messages.receipt(request, delivery.report, delivery.deliveredAt, delivery.meterBy);
        finding = _judgeTimes(delivery, asked);
        if (finding != Finding.Fits) return (0, request, finding);
        if (_metered[request].receipt != 0) return (0, request, Finding.Replayed);
        finding = _judgeSignatures(delivery, asked, request, receipt);
        if (finding != Finding.Fits) return (0, request, finding);
        finding = consents.consume(
            Use({
                consent: asked.consent,
                institution: asked.institution,
                purpose: asked.purpose,
                sections: asked.sections,
                domains: asked.domains,
                time: delivery.deliveredAt
            })
        );
        if (finding > Finding.Overdrawn) return (0, request, finding);

        uint8 flags = finding == Finding.Overdrawn ? _OVERDRAWN : finding == Finding.WithoutConsent ? _OPEN : 0;
        if (block.timestamp > delivery.meterBy) flags |= _LATE;
        _metered[request] = Metered({entry: uint56(entry), flags: flags, receipt: bytes24(receipt)});
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
        item = ItemTree.leaf(receipt, flags);
    }

    function _judgeTimes(Delivery calldata delivery, QueryRequest calldata asked) private view returns (Finding) {
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
        Member memory institution = nodes.memberAt(asked.institution, delivery.deliveredAt);
        if (institution.role != Role.Institution || !institution.acts) return Finding.Institution;
        Member memory provider = nodes.memberAt(asked.provider, delivery.deliveredAt);
        if ((provider.role != Role.Platform && provider.role != Role.Bureau) || !provider.acts) return Finding.Provider;
        if (!_signed(institution, request, delivery.requestSignature)) return Finding.RequestSignature;
        if (!_signed(provider, receipt, delivery.receiptSignature)) return Finding.ReceiptSignature;
        return Finding.Fits;
    }

    function _signed(Member memory member, bytes32 structHash, bytes calldata signature) private view returns (bool) {
        return Signatures.isBy(member.operator, member.hostOperator, _hashTypedDataV4(structHash), signature);
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
// slither-disable-end reentrancy-no-eth,reentrancy-benign,reentrancy-events,calls-loop,unused-return

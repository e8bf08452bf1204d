// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {LogDomain} from "./LogDomain.sol";
import {Life} from "./interfaces/IAnchorRegistry.sol";
import {Answer, Dispute, DisputeFiling, DisputeInfo, Filing, IDisputes} from "./interfaces/IDisputes.sol";
import {Member, Role} from "./interfaces/INodeRegistry.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {DisputeCell} from "./libraries/DisputeCell.sol";
import {Entries} from "./libraries/Entries.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Members} from "./libraries/Members.sol";
import {Messages} from "./libraries/Messages.sol";
import {NodeCell} from "./libraries/NodeCell.sol";
import {RecordCell} from "./libraries/RecordCell.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title Disputes
/// @notice Disputes about records, and what became of them; see `IDisputes`.
/// @dev Its state is in the log's cells, so another version can take its place. The log is fixed at deployment and calls nobody
/// back. Wallets are asked by `staticcall`.
contract Disputes is IDisputes, LogDomain {
    using Members for IRegionLog;

    /// @dev Places of the cells that a filing reads, or an answer. An answer reads the last two only if it is `Corrected`.
    uint256 private constant _DISPUTES = 0;
    uint256 private constant _PUBLISHER = 1;
    uint256 private constant _PLATFORM = 2;
    uint256 private constant _ANSWER = 2;
    uint256 private constant _RECORD = 3;
    uint256 private constant _SUCCESSOR = 4;

    /// @notice The log that holds all state.
    IRegionLog public immutable log;

    constructor(IRegionLog log_) LogDomain(log_) {
        log = log_;
    }

    /// @inheritdoc IDisputes
    function fileDispute(uint24 platform, uint24 node, bytes32 leaf, bytes32 reasonDigest)
        external
        override
        returns (uint32 number)
    {
        (uint256[] memory words, uint64 entry) = _read(platform, node, leaf);
        Member memory member = _requireEntitled(platform, node, words);
        if (msg.sender != member.operator && msg.sender != member.hostOperator) {
            revert DisputesNotOperator(msg.sender, platform);
        }
        uint256 value = words[_DISPUTES] >> 56;
        return _file(
            Filing({
                platform: platform,
                node: node,
                leaf: leaf,
                number: DisputeCell.filings(value) + 1,
                previous: DisputeCell.last(value),
                key: address(0),
                reasonDigest: reasonDigest
            }),
            value,
            entry
        );
    }

    /// @inheritdoc IDisputes
    function fileDisputeSigned(DisputeFiling calldata filing, bytes calldata keySignature, bytes calldata endorsement)
        external
        override
        returns (uint32 number)
    {
        if (block.timestamp > filing.deadline) revert DisputesFilingExpired(filing.deadline);
        (uint256[] memory words, uint64 entry) = _read(filing.platform, filing.node, filing.leaf);
        uint256 value = words[_DISPUTES] >> 56;
        number = DisputeCell.filings(value);
        if (filing.previous != number) revert DisputesFilingUsed(number, filing.previous);
        _checkSignatures(filing, words, keySignature, endorsement);
        return _file(
            Filing({
                platform: filing.platform,
                node: filing.node,
                leaf: filing.leaf,
                number: number + 1,
                previous: DisputeCell.last(value),
                key: filing.key,
                reasonDigest: filing.reasonDigest
            }),
            value,
            entry
        );
    }

    /// @inheritdoc IDisputes
    function answerDispute(Answer calldata answer) external override {
        if (answer.outcome < Dispute.Corrected) revert DisputesOutcome(answer.outcome);
        bool corrected = answer.outcome == Dispute.Corrected;
        if ((answer.successor != 0) != corrected || answer.successor == answer.leaf) {
            revert DisputesSuccessor(answer.leaf, answer.successor);
        }
        uint256[] memory keys = _keysOf(answer, corrected);
        // slither-disable-next-line unused-return
        (uint256[] memory words,) = Cells.read(log, keys);
        log.requireAnswerer(words[_PUBLISHER] >> 56, msg.sender, answer.node);
        uint256 value = words[_DISPUTES] >> 56;
        if (answer.filing == 0 || answer.filing > DisputeCell.filings(value)) {
            revert DisputesNoFiling(DisputeCell.filings(value), answer.filing);
        }
        // slither-disable-next-line unused-return
        (Dispute given,) = DisputeCell.unpackAnswer(words[_ANSWER] >> 56);
        if (given != Dispute.None) revert DisputesAnswered(answer.filing, given);
        if (corrected) {
            _requireLife(answer.leaf, Life.Superseded, words[_RECORD]);
            _requireLife(answer.successor, Life.Live, words[_SUCCESSOR]);
        }
        Write[] memory writes = new Write[](2);
        writes[0] = Write({key: keys[_DISPUTES], value: DisputeCell.answered(value, answer.outcome)});
        writes[1] = Write({key: keys[_ANSWER], value: DisputeCell.answer(answer.outcome)});
        // slither-disable-next-line unused-return
        Entries.append(log, EntryKind.ANSWER, abi.encode(answer), writes);
    }

    /// @inheritdoc IDisputes
    function disputesOf(uint24 node, bytes32 leaf) external view override returns (DisputeInfo memory) {
        return DisputeCell.unpack(Cells.valueOf(log, DisputeCell.key(node, leaf)));
    }

    /// @inheritdoc IDisputes
    function answerOf(uint24 node, bytes32 leaf, uint32 filing)
        external
        view
        override
        returns (Dispute outcome, uint40 answeredAt)
    {
        return DisputeCell.unpackAnswer(Cells.valueOf(log, DisputeCell.answerKey(node, leaf, filing)));
    }

    /// @dev Log a filing. `value` is the record's cell as it is, `entry` the index that the entry gets.
    function _file(Filing memory filing, uint256 value, uint64 entry) private returns (uint32) {
        uint256 key = DisputeCell.key(filing.node, filing.leaf);
        uint256 filed = DisputeCell.filed(value, entry);
        // The cell names the entry. Nobody else can have appended since the cell was read.
        assert(Entries.append(log, EntryKind.DISPUTE, abi.encode(filing), key, filed) == entry);
        return filing.number;
    }

    /// @dev What a filing needs: the words of the cells of platform and publisher and of the record's disputes, and the number of
    /// entries of the log.
    function _read(uint24 platform, uint24 node, bytes32 leaf)
        private
        view
        returns (uint256[] memory words, uint64 entries)
    {
        if (leaf == 0) revert DisputesNoLeaf();
        uint256[] memory keys = new uint256[](3);
        keys[_PLATFORM] = NodeCell.key(platform);
        keys[_PUBLISHER] = NodeCell.key(node);
        keys[_DISPUTES] = DisputeCell.key(node, leaf);
        return Cells.read(log, keys);
    }

    /// @dev The cells that an answer concerns: disputes of the record, publisher, answer to the filing; for a correction also the
    /// lives of record and successor.
    function _keysOf(Answer calldata answer, bool corrected) private pure returns (uint256[] memory keys) {
        keys = new uint256[](corrected ? 5 : 3);
        keys[_DISPUTES] = DisputeCell.key(answer.node, answer.leaf);
        keys[_PUBLISHER] = NodeCell.key(answer.node);
        keys[_ANSWER] = DisputeCell.answerKey(answer.node, answer.leaf, answer.filing);
        if (!corrected) return keys;
        keys[_RECORD] = RecordCell.key(answer.node, answer.leaf);
        keys[_SUCCESSOR] = RecordCell.key(answer.node, answer.successor);
    }

    function _checkSignatures(
        DisputeFiling calldata filing,
        uint256[] memory words,
        bytes calldata keySignature,
        bytes calldata endorsement
    ) private view {
        bytes32 digest = _digestOf(Messages.disputeFiling(filing));
        if (!Signatures.isBy(filing.key, address(0), digest, keySignature)) {
            revert DisputesFilingSignature(filing.key);
        }
        Member memory platform = _requireEntitled(filing.platform, filing.node, words);
        if (!Signatures.isBy(platform.operator, platform.hostOperator, digest, endorsement)) {
            revert DisputesFilingEndorsement(filing.platform);
        }
    }

    /// @dev Reverts unless this is an active platform, and apart from the publisher: not the same node, nor its host, nor hosted
    /// by it, nor by the same host.
    function _requireEntitled(uint24 number, uint24 node, uint256[] memory words)
        private
        view
        returns (Member memory platform)
    {
        uint256 own = words[_PLATFORM] >> 56;
        platform = log.memberNow(own, number);
        if (platform.role != Role.Platform || !platform.acts) revert DisputesPlatform(number, platform.role);
        uint24 publisher = log.physicalOf(words[_PUBLISHER] >> 56, node);
        if (publisher == 0) revert DisputesUnknownNode(node);
        if (log.physicalOf(own, number) == publisher) revert DisputesOwnRecord(number, node);
    }

    function _requireLife(bytes32 leaf, Life expected, uint256 word) private pure {
        Life actual = RecordCell.lifeOf(word);
        if (actual != expected) revert DisputesLife(leaf, expected, actual);
    }
}

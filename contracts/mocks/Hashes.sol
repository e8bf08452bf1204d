// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {DisputeFiling} from "../interfaces/IDisputes.sol";
import {Delivery, QueryRequest} from "../interfaces/IQueryLedger.sol";
import {ConsentForm} from "../libraries/ConsentForm.sol";
import {Messages} from "../libraries/Messages.sol";
import {Months} from "../libraries/Months.sol";

/// @title Exposes internal hashes and calendars, for tests against the vectors
contract Hashes {
    function operatorAcceptance(uint24 node, address operator, uint64 deadline) external pure returns (bytes32) {
        return Messages.operatorAcceptance(node, operator, deadline);
    }

    function consent(bytes calldata form, bytes32 log) external pure returns (bytes32) {
        (bytes32 id,) = ConsentForm.read(form, log);
        return id;
    }

    function revocation(bytes32 consentId) external pure returns (bytes32) {
        return Messages.revocation(consentId);
    }

    function queryRequest(QueryRequest calldata message) external pure returns (bytes32) {
        return Messages.queryRequest(message);
    }

    function disputeFiling(DisputeFiling calldata message) external pure returns (bytes32) {
        return Messages.disputeFiling(message);
    }

    function receipt(bytes32 request, Delivery calldata delivery) external pure returns (bytes32) {
        return Messages.receipt(request, delivery);
    }

    function turn(bytes32 consentId, uint16 number, uint40 deadline) external pure returns (bytes32) {
        return Messages.turn(consentId, number, deadline);
    }

    function isOver(uint24 month, uint256 time) external pure returns (bool) {
        return Months.isOver(month, time);
    }

    function isDay(uint32 day) external pure returns (bool) {
        return Months.isDay(day);
    }
}

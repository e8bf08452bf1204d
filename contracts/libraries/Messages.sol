// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {DisputeFiling} from "../interfaces/IDisputes.sol";
import {Delivery, QueryRequest} from "../interfaces/IQueryLedger.sol";

/// @title Struct hashes of the EIP-712 messages that the contracts check
/// @notice See docs/format.md, section 6. All members are static, so a struct's ABI encoding is its EIP-712 encoding.
library Messages {
    bytes32 internal constant OPERATOR_ACCEPTANCE =
        keccak256("OperatorAcceptance(uint24 node,address operator,uint64 deadline)");

    // solhint-disable max-line-length
    bytes32 internal constant REVOCATION = keccak256("Revocation(bytes32 consent)");

    bytes32 internal constant PAUSE = keccak256("Pause(bytes32 consent,uint16 turn,uint40 deadline)");

    bytes32 internal constant RESUMPTION = keccak256("Resumption(bytes32 consent,uint16 turn,uint40 deadline)");

    bytes32 internal constant QUERY_REQUEST = keccak256(
        "QueryRequest(uint24 institution,uint24 provider,bytes32 consent,bytes32 subject,bytes32 product,uint8 sections,uint32 domains,uint8 purpose,bytes32 staff,uint40 issuedAt,uint40 deadline,uint48 nonce,uint24 via,bytes32 terms)"
    );

    bytes32 internal constant RECEIPT =
        keccak256("Receipt(bytes32 request,bytes32 report,uint40 deliveredAt,uint40 meterBy)");

    bytes32 internal constant DISPUTE_FILING = keccak256(
        "DisputeFiling(uint24 platform,uint24 node,bytes32 leaf,bytes32 reasonDigest,address key,uint32 previous,uint40 deadline)"
    );

    // solhint-enable max-line-length

    function operatorAcceptance(uint24 node, address operator, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(OPERATOR_ACCEPTANCE, node, operator, deadline));
    }

    function revocation(bytes32 consentId) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVOCATION, consentId));
    }

    /// @dev An odd `turn` pauses, an even one resumes.
    function turn(bytes32 consentId, uint16 number, uint40 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(number & 1 == 1 ? PAUSE : RESUMPTION, consentId, number, deadline));
    }

    /// @dev `keccak256(abi.encode(QUERY_REQUEST, message))` without reading each member, because a batch hashes many.
    function queryRequest(QueryRequest calldata message) internal pure returns (bytes32 hash) {
        bytes32 typeHash = QUERY_REQUEST;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), message, 0x1c0)
            hash := keccak256(free, 0x1e0)
        }
    }

    function disputeFiling(DisputeFiling calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(DISPUTE_FILING, message));
    }

    /// @dev `keccak256(abi.encode(RECEIPT, request, report, deliveredAt, meterBy))`; the last three stand together in calldata.
    function receipt(bytes32 request, Delivery calldata delivery) internal pure returns (bytes32 hash) {
        bytes32 typeHash = RECEIPT;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), request)
            calldatacopy(add(free, 0x40), add(delivery, 0x1c0), 0x60)
            hash := keccak256(free, 0xa0)
        }
    }
}

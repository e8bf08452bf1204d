// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who governs
/// @notice OpenZeppelin's `AccessManager`, deployed unchanged. This contract only brings it into the build, because Brownie skips
/// files without a contract.
// solhint-disable-next-line no-empty-blocks
abstract contract Governance is AccessManager {}

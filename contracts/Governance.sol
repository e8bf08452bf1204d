// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// Who governs is OpenZeppelin's own contract, unchanged. It is named here so that it is compiled and shipped with the others.
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @dev How a misbehaving wallet answers.
enum Temper {
    SaysYes,
    Reverts,
    BurnsGas,
    ReturnsMuch,
    ReturnsLittle,
    ReturnsOther
}

/// @title A contract wallet (ERC-1271) that misbehaves, for tests
contract UnrulyWallet is IERC1271 {
    Temper public temper;

    error UnrulyWalletNo();

    function setTemper(Temper temper_) external {
        temper = temper_;
    }

    function isValidSignature(bytes32, bytes calldata) external view override returns (bytes4) {
        if (temper == Temper.SaysYes) return IERC1271.isValidSignature.selector;
        if (temper == Temper.Reverts) revert UnrulyWalletNo();
        if (temper == Temper.ReturnsOther) return 0xffffffff;
        bytes32 selector = IERC1271.isValidSignature.selector;
        bool burns = temper == Temper.BurnsGas;
        bool much = temper == Temper.ReturnsMuch;
        // solhint-disable-next-line no-inline-assembly
        assembly {
            if burns { for { let i := 0 } 1 { i := add(i, 1) } { mstore(0x00, i) } }
            if much { return(0x00, 0x20000) }
            mstore(0x00, selector)
            return(0x00, 0x04)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {Signatures} from "./Signatures.sol";

/// @title What is signed: the EIP-712 domain.
/// @dev The domain carries the deployment id as its salt: a re-created chain may give another ledger the same address.
abstract contract Signing is IERC5267 {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    string private constant DOMAIN_NAME = "Kilnmark PieceLedger";
    string private constant DOMAIN_VERSION = "1";

    bytes32 internal immutable DEPLOYMENT_ID;
    Signatures internal immutable SIGNATURES;

    constructor(bytes32 id) {
        DEPLOYMENT_ID = id;
        SIGNATURES = new Signatures();
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name_,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"1f", DOMAIN_NAME, DOMAIN_VERSION, block.chainid, address(this), DEPLOYMENT_ID, new uint256[](0));
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                DOMAIN_TYPEHASH,
                keccak256(bytes(DOMAIN_NAME)),
                keccak256(bytes(DOMAIN_VERSION)),
                block.chainid,
                address(this),
                DEPLOYMENT_ID
            )
        );
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }
}

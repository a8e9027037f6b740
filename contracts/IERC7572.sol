// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-7572: contract-level metadata.
interface IERC7572 {
    /// @notice The metadata changed. That of this ledger never does.
    event ContractURIUpdated();

    /// @notice Returns the metadata of the contract, as a data URI of JSON.
    function contractURI() external view returns (string memory);
}

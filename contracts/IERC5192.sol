// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-5192: minimal soulbound tokens.
interface IERC5192 {
    /// @notice A token became locked. Tokens of this ledger are locked from the start; no event says so for each.
    event Locked(uint256 tokenId);
    /// @notice A token became unlocked.
    event Unlocked(uint256 tokenId);

    /// @notice Tells whether a token is locked; reverts where there is no such token.
    function locked(uint256 tokenId) external view returns (bool);
}

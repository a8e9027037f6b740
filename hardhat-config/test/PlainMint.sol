// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @dev What `benchmarks/anchor_gas.py` compares an anchor with: OpenZeppelin's token and nothing more.
contract PlainMint is ERC721("Plain mint", "MINT") {
    function mint(address to, uint256 tokenId) external {
        _mint(to, tokenId);
    }
}
